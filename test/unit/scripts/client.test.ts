import { afterEach, describe, expect, it } from "vitest";
import { createApiClient } from "../../../scripts/rank/client.ts";
import { waitForRanking } from "../../../scripts/rank/ranking-wait.ts";
import { type FakeApi, type Received, type Reply, startFakeApi } from "./fake-api.ts";

let api: FakeApi | undefined;

afterEach(async () => {
  await api?.close();
});

async function connect(answer: (request: Received, nth: number) => Reply | null, key?: string) {
  const started = await startFakeApi(answer);
  api = started;
  return {
    received: started.received,
    client: createApiClient({ baseUrl: started.baseUrl, key, retryDelayMs: 1 }),
  };
}

const batch = (state: string, values: Readonly<Record<string, unknown>> = {}) => ({
  batch_id: "b1",
  state,
  total_comparisons: 6,
  completed_comparisons: state === "COMPLETED" ? 6 : 2,
  progress_pct: 33.3,
  failure: null,
  ...values,
});

const REQUEST = { essays: [{ essay_id: "a", text: "A." }], judge: "offline" };

describe("the client", () => {
  it("opens a batch with an idempotency key and the caller's key", async () => {
    const { client, received } = await connect(
      () => ({ status: 202, body: { batch_id: "b1", state: "GENERATING_PAIRS", links: {} } }),
      "secret",
    );
    expect(await client.openBatch(REQUEST, "key-1")).toMatchObject({ batch_id: "b1" });
    expect(received).toMatchObject([
      {
        method: "POST",
        path: "/v1/batches",
        headers: { "idempotency-key": "key-1", authorization: "Bearer secret" },
        body: JSON.stringify(REQUEST),
      },
    ]);
  });

  it("sends no authorization without a key", async () => {
    const { client, received } = await connect(() => ({ body: batch("SCORING") }));
    await client.readBatch("b/1");
    expect(received.at(0)?.headers).not.toHaveProperty("authorization");
    expect(received.at(0)?.path).toBe("/v1/batches/b%2F1");
  });

  it("reads the results as CSV as they are", async () => {
    const { client, received } = await connect(() => ({ body: "essay_id,rank\r\na,1\r\n" }));
    expect(await client.readResultsCsv("b1")).toBe("essay_id,rank\r\na,1\r\n");
    expect(received).toMatchObject([{ path: "/v1/batches/b1/results", headers: { accept: "text/csv" } }]);
  });

  it.each([
    ["a lost connection", null],
    ["429", { status: 429, body: "" }],
    ["503", { status: 503, body: "" }],
  ])("asks again after %s, with the same idempotency key", async (_, failure) => {
    const { client, received } = await connect((_request, nth) =>
      nth < 3 ? failure : { body: { batch_id: "b1", state: "GENERATING_PAIRS" } },
    );
    expect(await client.openBatch(REQUEST, "key-1")).toMatchObject({ batch_id: "b1" });
    expect(received.map((request) => request.headers["idempotency-key"])).toEqual([
      "key-1",
      "key-1",
      "key-1",
    ]);
  });

  it("gives up after five times with the service's own words", async () => {
    const { client, received } = await connect(() => ({ status: 500, body: { title: "Internal error" } }));
    await expect(client.readBatch("b1")).rejects.toThrow(/GET .* was refused with 500: Internal error$/);
    expect(received).toHaveLength(5);
  });

  it("takes any other refusal as final and quotes the problem document", async () => {
    const problem = { title: "Invalid", detail: "essays: at least 2", errors: [{ path: "essays" }] };
    const { client, received } = await connect(() => ({ status: 422, body: problem }));
    await expect(client.openBatch(REQUEST, "k")).rejects.toMatchObject({
      name: "UserError",
      message: expect.stringMatching(
        /^POST .*\/v1\/batches was refused with 422: essays: at least 2 \[\{"path":"essays"\}\]$/,
      ),
    });
    expect(received).toHaveLength(1);
  });

  it.each(["<html>", { hello: "world" }])(
    "says so when %j answers that is not this service",
    async (body) => {
      const { client } = await connect(() => ({ body }));
      await expect(client.readBatch("b1")).rejects.toThrow(
        /did not answer as this service does .*check the address/,
      );
    },
  );

  it("names the address that gives no answer", async () => {
    const { client } = await connect(() => null);
    await expect(client.readBatch("b1")).rejects.toThrow(
      /^GET http:\/\/127\.0\.0\.1:\d+\/v1\/batches\/b1 got no answer/,
    );
  });
});

describe("waiting for a ranking", () => {
  async function wait(
    states: readonly unknown[],
    { timeoutSeconds = 30, signal = new AbortController().signal } = {},
  ) {
    const { client } = await connect((_, nth) => ({ body: states[nth - 1] ?? states.at(-1) }));
    const seen: string[] = [];
    const onProgress = ({ state }: { state: string }) => seen.push(state);
    const end = await waitForRanking({
      client,
      batchId: "b1",
      timeoutSeconds,
      pollMs: 1,
      onProgress,
      signal,
    });
    return { seen, end };
  }

  it("ends with the completed batch and shows every look at it", async () => {
    const { seen, end } = await wait([
      batch("GENERATING_PAIRS"),
      batch("WAITING_CALLBACKS"),
      batch("COMPLETED"),
    ]);
    expect(seen).toEqual(["GENERATING_PAIRS", "WAITING_CALLBACKS", "COMPLETED"]);
    expect(end.completed_comparisons).toBe(6);
  });

  it.each([
    { reason: "judge_unusable", message: "The key is refused." },
    { reason: "judge_unusable", error_detail: { message: "The key is refused." } },
  ])("reports a failed batch with its reason: %j", async (failure) => {
    await expect(wait([batch("FAILED", { failure })])).rejects.toThrow(
      "Batch b1 is FAILED: judge_unusable, The key is refused.",
    );
  });

  it("reports a cancelled batch, and when no reason was given", async () => {
    await expect(wait([batch("CANCELLED", { stop_reason: "cancelled" })])).rejects.toThrow(
      "is CANCELLED: cancelled.",
    );
    await expect(wait([batch("FAILED")])).rejects.toThrow("is FAILED: no reason was given.");
  });

  it("gives up at its time limit and says how far it came", async () => {
    await expect(wait([batch("WAITING_CALLBACKS")], { timeoutSeconds: 0.05 })).rejects.toThrow(
      /not completed within 0\.05 s \(WAITING_CALLBACKS, 2 of 6 comparisons judged\): allow more with --timeout/,
    );
  });

  it("stops at once when told to, with the reason", async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error("told to stop")), 20);
    await expect(wait([batch("SCORING")], { signal: stop.signal })).rejects.toThrow("told to stop");
  });
});

import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Scope } from "../../../src/settings/api-keys.ts";
import { callbackFor, essaysOf, eventually } from "../harness.ts";
import { startProduction } from "./production.ts";

const CALLERS = {
  alder: ["batches"],
  birch: ["batches"],
  judge: ["callbacks"],
  readers: ["judging"],
  strangers: ["judging"],
  connector: ["events"],
  operator: ["admin"],
} as const satisfies Record<string, readonly Scope[]>;
type CallerName = keyof typeof CALLERS;

const SIGNING_SECRET = `whsec_${btoa("a secret of the judge")}`;

const { ask } = await startProduction(CALLERS, { CALLBACK_SIGNING_SECRETS: SIGNING_SECRET });

async function openAs(
  caller: CallerName,
  headers: Record<string, string> = {},
  essayCount = 3,
): Promise<string> {
  const response = await ask(caller, "/v1/batches", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ essays: essaysOf(essayCount), judge: "external" }),
  });
  expect(response.status).toBe(202);
  return z.object({ batch_id: z.string() }).parse(await response.json()).batch_id;
}

const listSchema = z.object({
  batches: z.array(
    z.looseObject({ batch_id: z.string(), caller: z.string(), state: z.string(), created_at: z.string() }),
  ),
  next_cursor: z.string().nullable(),
});

async function listAs(caller: CallerName, query = "") {
  const response = await ask(caller, `/v1/batches${query}`);
  expect(response.status).toBe(200);
  return listSchema.parse(await response.json());
}

async function untilListed(caller: CallerName, batchId: string): Promise<void> {
  await eventually(async () => {
    const { batches } = await listAs(caller, "?limit=100");
    return batches.find((batch) => batch.batch_id === batchId);
  });
}

describe("callers", () => {
  it("see their own batches in the list, and an operator everybody's", async () => {
    const ofAlder = await openAs("alder");
    const ofBirch = await openAs("birch");
    await untilListed("operator", ofAlder);
    await untilListed("operator", ofBirch);
    const idsOf = async (caller: CallerName) =>
      (await listAs(caller, "?limit=100")).batches.map(({ batch_id }) => batch_id);
    expect(await idsOf("alder")).toContain(ofAlder);
    expect(await idsOf("alder")).not.toContain(ofBirch);
    expect(await idsOf("birch")).not.toContain(ofAlder);
  });

  it("have idempotency keys of their own: the same key of two callers stands for two batches", async () => {
    const key = { "idempotency-key": crypto.randomUUID() };
    expect(await openAs("alder", key)).toBe(await openAs("alder", key));
    expect(await openAs("alder", key)).not.toBe(await openAs("birch", key));
  });

  it("are kept out of an erased batch of another as well", async () => {
    const batchId = await openAs("alder");
    expect((await ask("alder", `/v1/batches/${batchId}`, { method: "DELETE" })).status).toBe(204);
    expect((await ask("alder", `/v1/batches/${batchId}`)).status).toBe(410);
    expect((await ask("birch", `/v1/batches/${batchId}`)).status).toBe(404);
    expect((await ask("birch", `/v1/batches/${batchId}`, { method: "DELETE" })).status).toBe(404);
  });
});

describe("an operator", () => {
  it("reads, stops and erases any batch, because those from Kafka have no other caller", async () => {
    const batchId = await openAs("alder");
    expect((await ask("operator", `/v1/batches/${batchId}/comparisons`)).status).toBe(200);
    expect((await ask("operator", `/v1/batches/${batchId}/cancel`, { method: "POST" })).status).toBe(200);
    expect((await ask("operator", `/v1/batches/${batchId}`, { method: "DELETE" })).status).toBe(204);
  });

  it("opens none without the scope for it", async () => {
    const response = await ask("operator", "/v1/batches", { method: "POST", body: "{}" });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ code: "forbidden" });
  });

  it("reads metrics and dead letters, and nobody else does", async () => {
    for (const path of ["/metrics", "/v1/dead-letters"]) {
      expect((await ask("operator", path)).status).toBe(200);
      expect((await ask("alder", path)).status).toBe(403);
      expect((await ask(null, path)).status).toBe(401);
    }
  });
});

describe("a list", () => {
  it("comes in pages, newest first, each batch once, and can be narrowed to a state", async () => {
    const opened: string[] = [];
    for (let k = 0; k < 5; k++) opened.push(await openAs("birch"));
    for (const batchId of opened) await untilListed("birch", batchId);
    const [cancelled] = opened;
    await ask("birch", `/v1/batches/${cancelled}/cancel`, { method: "POST" });
    await eventually(async () => {
      const { batches } = await listAs("birch", "?state=CANCELLED");
      return batches.some((batch) => batch.batch_id === cancelled) ? batches : undefined;
    });

    const seen: { batch_id: string; created_at: string }[] = [];
    let cursor: string | null = null;
    do {
      const page: z.infer<typeof listSchema> = await listAs(
        "birch",
        `?limit=2${cursor === null ? "" : `&cursor=${cursor}`}`,
      );
      expect(page.batches.length).toBeLessThanOrEqual(2);
      seen.push(...page.batches);
      cursor = page.next_cursor;
    } while (cursor !== null);

    const ids = seen.map(({ batch_id }) => batch_id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(opened));
    const times = seen.map(({ created_at }) => Date.parse(created_at));
    expect(times).toEqual(times.toSorted((left, right) => right - left));

    const { batches } = await listAs("birch", "?state=WAITING_CALLBACKS&limit=100");
    expect(batches.every(({ state }) => state === "WAITING_CALLBACKS")).toBe(true);
    expect(batches.map(({ batch_id }) => batch_id)).not.toContain(cancelled);
  });
});

describe("a key with the scope judging", () => {
  async function openForReaders(): Promise<string> {
    const response = await ask("alder", "/v1/batches", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ essays: essaysOf(3), judge: "human", judged_by: ["readers"] }),
    });
    expect(response.status).toBe(202);
    return z.object({ batch_id: z.string() }).parse(await response.json()).batch_id;
  }

  it("judges in batches that name it, and does nothing else", async () => {
    const batchId = await openForReaders();
    const response = await ask("readers", `/v1/batches/${batchId}/next-comparison?judge_id=anna`);
    expect(response.status).toBe(200);
    const body = z.object({ comparison: z.looseObject({ comparison_id: z.string() }) });
    const { comparison } = body.parse(await response.json());
    const choice = await ask(
      "readers",
      `/v1/batches/${batchId}/comparisons/${comparison.comparison_id}/choice`,
      {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ winner: "Essay A", judge_id: "anna" }),
      },
    );
    expect(await choice.json()).toEqual({ outcome: "applied" });
    for (const rest of ["", "/comparisons", "/results", "/history"])
      expect((await ask("readers", `/v1/batches/${batchId}${rest}`)).status).toBe(403);
    const seen = await ask("alder", `/v1/batches/${batchId}/comparisons`);
    expect(await seen.json()).toMatchObject({ comparisons: [{ judged_by: "readers/anna" }, {}, {}] });
  });

  it("cannot tell a batch that does not name it from one that does not exist", async () => {
    const batchId = await openForReaders();
    for (const id of [batchId, `${batchId.slice(0, -1)}${batchId.endsWith("0") ? "1" : "0"}`]) {
      const response = await ask("strangers", `/v1/batches/${id}/next-comparison`);
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ code: "batch_not_found" });
    }
  });

  it("is not needed by whoever opened the batch", async () => {
    const batchId = await openForReaders();
    expect((await ask("alder", `/v1/batches/${batchId}/next-comparison`)).status).toBe(200);
    expect((await ask("birch", `/v1/batches/${batchId}/next-comparison`)).status).toBe(404);
  });
});

describe("a judge", () => {
  async function waitingComparison() {
    const batchId = await openAs("alder");
    const response = await ask("alder", `/v1/batches/${batchId}/comparisons`);
    const body = z.object({ comparisons: z.array(z.looseObject({ correlation_id: z.string() })) });
    const [{ correlation_id }] = body.parse(await response.json()).comparisons;
    return { batchId, correlationId: correlation_id };
  }

  it("delivers with a key of the scope callbacks", async () => {
    const { correlationId } = await waitingComparison();
    const send = (caller: CallerName) =>
      ask(caller, "/v1/callbacks", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(callbackFor(correlationId)),
      });
    expect((await send("alder")).status).toBe(403);
    expect(await (await send("judge")).json()).toEqual({ outcome: "applied" });
    expect(await (await send("judge")).json()).toEqual({ outcome: "duplicate" });
  });

  it("delivers with a signature instead, over the very bytes that it sends", async () => {
    const { batchId, correlationId } = await waitingComparison();
    const body = JSON.stringify(callbackFor(correlationId, { justification: "Klarare språk – å, ä, ö." }));
    const send = (sent: string) => {
      const now = new Date();
      const headers = {
        "content-type": "application/json",
        "webhook-id": "msg_1",
        "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
        "webhook-signature": new Webhook(SIGNING_SECRET).sign("msg_1", now, body),
      };
      return ask(null, "/v1/callbacks", { method: "POST", headers, body: sent });
    };
    expect((await send(body.replace("Essay A", "Essay B"))).status).toBe(401);
    expect(await (await send(body)).json()).toEqual({ outcome: "applied" });
    // Recorded and sent again it changes nothing, as long as its timestamp is taken at all.
    expect(await (await send(body)).json()).toEqual({ outcome: "duplicate" });
    const read = await ask("alder", `/v1/batches/${batchId}`);
    expect(await read.json()).toMatchObject({ completed_comparisons: 1 });
  });
});

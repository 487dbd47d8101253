import { describe, expect, it } from "vitest";
import { problemSchema } from "../../../src/contracts/api/problem.ts";
import { RATE_LIMITS, RATE_PERIOD_SECONDS } from "../../../src/http/rate-limit.ts";
import { call } from "../harness.ts";
import { startProduction } from "./production.ts";

const { ask } = await startProduction({
  hasty: ["batches"],
  calm: ["batches"],
  judge: ["callbacks"],
});

/** Cheap to answer: no batch has such an id. */
const PATH = "/v1/batches/none";
const AT_ONCE = 100;

/** Asks until the limiter refuses; the counting starts anew every ten seconds, so it may take the limit twice. */
async function askUntilRefused(
  caller: "hasty",
): Promise<{ readonly refusal: Response; readonly asked: number }> {
  for (let asked = 0; asked <= 2 * RATE_LIMITS.batches; asked += AT_ONCE) {
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => ask(caller, PATH)));
    const refusal = answers.find(({ status }) => status === 429);
    if (refusal !== undefined) return { refusal, asked };
  }
  throw new Error(`nothing was refused in ${2 * RATE_LIMITS.batches} requests`);
}

describe("a caller that asks too often", () => {
  it("is told so with the limit and when to come back, and others are not held up", async () => {
    const { refusal, asked } = await askUntilRefused("hasty");
    expect(asked).toBeGreaterThanOrEqual(RATE_LIMITS.batches - AT_ONCE);
    expect(refusal.headers.get("retry-after")).toBe(String(RATE_PERIOD_SECONDS));
    expect(problemSchema.parse(await refusal.json())).toMatchObject({
      code: "too_many_requests",
      status: 429,
      detail: expect.stringContaining(`${RATE_LIMITS.batches} requests in 10 seconds`),
    });
    expect((await ask("calm", PATH)).status).toBe(404);
  });
});

describe("a judge", () => {
  it("may deliver a burst that no other caller may, and a class of 5,000 comparisons twice over", async () => {
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };
    const burst = Array.from({ length: RATE_LIMITS.batches + AT_ONCE }, () =>
      ask("judge", "/v1/callbacks", init),
    );
    // They are read, and then refused for their content.
    expect(new Set((await Promise.all(burst)).map(({ status }) => status))).toEqual(new Set([422]));
    expect(RATE_LIMITS.callbacks).toBeGreaterThanOrEqual(10_000);
  });
});

describe("in development", () => {
  it("nobody is limited", async () => {
    const answers = await Promise.all(Array.from({ length: 2 * RATE_LIMITS.batches }, () => call(PATH)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404]));
  });
});

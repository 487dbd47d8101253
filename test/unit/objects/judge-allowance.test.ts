import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Allowance, allow, FRESH, giveBack, type Limit } from "../../../src/objects/judge-allowance.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const START = Date.UTC(2026, 1, 7);

/** A judge under this limit, and the questions that were put to it so far. */
function judgeUnder(limit: Limit) {
  let allowance: Allowance = FRESH;
  let leases = 0;
  return {
    ask(count: number, now: number) {
      leases += 1;
      const id = `lease-${leases}`;
      const answer = allow(allowance, limit, count, { id, ms: 2 * MINUTE }, now);
      allowance = answer.allowance;
      return { id, ...answer.grant };
    },
    release(id: string) {
      allowance = giveBack(allowance, id);
    },
  };
}

describe("a limit of requests per minute", () => {
  const perMinute = (requestsPerMinute: number) => judgeUnder({ requestsPerMinute, concurrency: null });

  it("lets a tenth of a minute's through at once, and then one by one", () => {
    const judge = perMinute(60);
    expect(judge.ask(10, START)).toMatchObject({ granted: 6 });
    expect(judge.ask(10, START).granted).toBe(0);
    expect(judge.ask(10, START + 3 * SECOND).granted).toBe(3);
  });

  it("lets at least one through, however low it is", () => {
    const judge = perMinute(1);
    expect(judge.ask(5, START).granted).toBe(1);
    expect(judge.ask(5, START + 59 * SECOND).granted).toBe(0);
    expect(judge.ask(5, START + MINUTE).granted).toBe(1);
  });

  it("sends those away who come too early, each to a time of its own", () => {
    const judge = perMinute(60);
    const waits = [1, 2, 3].map(() => judge.ask(10, START).retryAfterMs);
    expect(waits).toEqual([10 * SECOND, 20 * SECOND, 30 * SECOND]);
  });

  it("is never exceeded by more than the tenth, in any minute, whoever asks for how many and when", () => {
    const visits = fc.array(
      fc.record({ count: fc.integer({ min: 1, max: 10 }), pauseMs: fc.nat({ max: 20 * SECOND }) }),
      { minLength: 1, maxLength: 80 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), visits, (limit, visits) => {
        const judge = perMinute(limit);
        const put: number[] = [];
        let now = START;
        for (const { count, pauseMs } of visits) {
          now += pauseMs;
          const { granted } = judge.ask(count, now);
          for (let k = 0; k < granted; k++) put.push(now);
        }
        const most = limit + Math.max(1, Math.floor(limit / 10));
        for (const from of put)
          expect(put.filter((at) => at >= from && at < from + MINUTE).length).toBeLessThanOrEqual(most);
      }),
      { numRuns: 200 },
    );
  });
});

describe("a limit of questions at a time", () => {
  it("lets so many through until some are given back", () => {
    const judge = judgeUnder({ requestsPerMinute: null, concurrency: 4 });
    const first = judge.ask(3, START);
    expect(first).toMatchObject({ granted: 3, retryAfterMs: 0 });
    expect(judge.ask(3, START)).toMatchObject({ granted: 1, retryAfterMs: 3 * SECOND });
    expect(judge.ask(3, START).granted).toBe(0);
    judge.release(first.id);
    expect(judge.ask(5, START).granted).toBe(3);
  });

  it("forgets whoever died with its questions", () => {
    const judge = judgeUnder({ requestsPerMinute: null, concurrency: 1 });
    judge.ask(1, START);
    expect(judge.ask(1, START + MINUTE).granted).toBe(0);
    expect(judge.ask(1, START + 2 * MINUTE).granted).toBe(1);
  });
});

describe("both limits together", () => {
  it("let through what both allow", () => {
    const judge = judgeUnder({ requestsPerMinute: 600, concurrency: 2 });
    expect(judge.ask(10, START)).toMatchObject({ granted: 2, retryAfterMs: 3 * SECOND });
    const slow = judgeUnder({ requestsPerMinute: 10, concurrency: 5 });
    expect(slow.ask(10, START)).toMatchObject({ granted: 1 });
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  backoffSeconds,
  MAX_ATTEMPTS,
  MESSAGE_MAX_BYTES,
  pauseSeconds,
  QUEUES,
  queueOf,
  SEND_MAX_BYTES,
} from "../../../src/bus/queues.ts";

describe("the queue a message came from", () => {
  it.each(QUEUES)("is %s, alone or under another environment's prefix", (queue) => {
    expect(queueOf(queue)).toEqual({ queue, dead: false });
    expect(queueOf(`staging-${queue}`)).toEqual({ queue, dead: false });
    expect(queueOf(`my-own-${queue}`)).toEqual({ queue, dead: false });
  });

  it.each(QUEUES)("is the dead-letter queue of %s", (queue) => {
    expect(queueOf(`${queue}-dlq`)).toEqual({ queue, dead: true });
    expect(queueOf(`staging-${queue}-dlq`)).toEqual({ queue, dead: true });
  });

  it.each(["", "cj", "events", "xcj-events", "cj-events-old", "cj-events-dlq-dlq", "-dlq"])(
    "is none of ours when it is called %j",
    (name) => {
      expect(queueOf(name)).toBeUndefined();
    },
  );
});

describe("the pause before a message comes back", () => {
  it("doubles from delivery to delivery, up to a quarter of an hour", () => {
    expect([1, 2, 3, 4, 9, 10, 100].map((attempts) => backoffSeconds(attempts, 1))).toEqual([
      2, 4, 8, 16, 512, 900, 900,
    ]);
  });

  it("lies between half and the whole, in whole seconds, whatever the jitter", () => {
    const jitter = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 101 }), jitter, (attempts, share) => {
        const whole = backoffSeconds(attempts, 1);
        const delay = backoffSeconds(attempts, share);
        expect(Number.isInteger(delay)).toBe(true);
        expect(delay).toBeGreaterThanOrEqual(whole / 2);
        expect(delay).toBeLessThanOrEqual(whole);
      }),
    );
  });

  it("is at least what the other side asked for, and never above the longest pause", () => {
    expect(pauseSeconds(1, 1, 0, 1_800)).toBe(2);
    expect(pauseSeconds(1, 1, 600, 1_800)).toBe(600);
    expect(pauseSeconds(100, 1, 600, 1_800)).toBe(900);
    expect(pauseSeconds(1, 1, 43_200, 1_800)).toBe(1_800);
    expect(pauseSeconds(100, 1, 0, 5)).toBe(5);
  });

  it("lasts long enough in all that an event is tried for half a day at the least", () => {
    const pauses = Array.from({ length: MAX_ATTEMPTS["cj-events"] - 1 }, (_, index) =>
      backoffSeconds(index + 1, 0),
    );
    expect(pauses.reduce((sum, pause) => sum + pause, 0)).toBeGreaterThanOrEqual(11 * 3_600);
  });
});

describe("the limits of a message", () => {
  it("stay below the platform's 128 KB per message and 256 KB per call", () => {
    expect(MESSAGE_MAX_BYTES).toBeLessThan(128_000);
    expect(SEND_MAX_BYTES).toBeLessThan(256_000);
  });
});

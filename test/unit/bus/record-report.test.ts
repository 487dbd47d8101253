import { describe, expect, it } from "vitest";
import { outcomeOfReport } from "../../../src/bus/kafka-bridge/record-report.ts";
import { MAX_RETRY_AFTER_SECONDS, parseRetryAfter } from "../../../src/encoding/retry-after.ts";

describe("a report on one record", () => {
  it.each([
    { partition: 2, offset: 17 },
    { partition: 2, offset: 17, error_code: null, error: null },
    { partition: 2, offset: 17, error_code: 0 },
    { partition_id: 2, offset: 17, error_code: 200 },
  ])("%j: written", (report) => {
    expect(outcomeOfReport(report)).toEqual({ kind: "written", partition: 2, offset: 17 });
  });

  it.each([
    {},
    { partition: 0 },
    { offset: 17 },
    { partition: 0, offset: -1 },
    { partition: null, offset: null, error_code: null },
    "written",
    null,
    { partition: "0", offset: "17" },
  ])("%j proves nothing: retried at the caller's pace", (report) => {
    expect(outcomeOfReport(report)).toMatchObject({ kind: "retry", retryAfterSeconds: null });
  });

  it.each([50003, 50302, 50002, 42901, 408, 429, 500, 503, 1, 2, 5, 6, 7, 19, -1])(
    "code %i: retried",
    (error_code) => {
      expect(outcomeOfReport({ error_code, error: "timed out" })).toMatchObject({
        kind: "retry",
        retryAfterSeconds: null,
      });
    },
  );

  it.each([40101, 40301, 401, 403, 40401, 40403, 404, 3, 17, 29, 58])(
    "code %i: retried slowly, because it waits for a person",
    (error_code) => {
      expect(outcomeOfReport({ error_code })).toMatchObject({ kind: "retry", retryAfterSeconds: 300 });
    },
  );

  it.each([40002, 42203, 42206, 400, 413, 422, 10, 87])("code %i: given up", (error_code) => {
    expect(outcomeOfReport({ error_code, message: "no" })).toEqual({
      kind: "dead",
      reason: `record refused with code ${error_code}: no`,
    });
  });

  it.each([
    [50002, "The request included a message larger than the max message size the server will accept."],
    [1, "Broker: Message size too large"],
    [500, "KafkaError{code=MSG_SIZE_TOO_LARGE}"],
  ])("code %i that says the record is too large: given up", (error_code, error) => {
    expect(outcomeOfReport({ error_code, error }).kind).toBe("dead");
  });

  it("an error beside an offset is an error", () => {
    expect(outcomeOfReport({ partition: 0, offset: 17, error_code: 7 }).kind).toBe("retry");
  });

  it("a long text is cut", () => {
    expect(outcomeOfReport({ error_code: 500, error: "x".repeat(5_000) })).toMatchObject({
      reason: expect.stringMatching(/^record refused with code 500: x{300}…$/),
    });
  });
});

describe("Retry-After", () => {
  const now = Date.UTC(2026, 1, 7, 9, 15, 0);

  it.each([
    [null, null],
    ["0", 0],
    [" 17 ", 17],
    ["999999999", MAX_RETRY_AFTER_SECONDS],
    ["Sat, 07 Feb 2026 09:15:30 GMT", 30],
    ["Sat, 07 Feb 2026 09:14:30 GMT", 0],
    ["Wed, 07 Feb 2096 09:14:30 GMT", MAX_RETRY_AFTER_SECONDS],
    ["soon", null],
    ["-5", null],
    ["1.5", null],
    ["", null],
  ])("%j is %j seconds", (header, seconds) => {
    expect(parseRetryAfter(header, now)).toBe(seconds);
  });
});

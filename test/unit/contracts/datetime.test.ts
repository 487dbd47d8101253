import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toWireDatetime, utcDatetime, wireDatetime } from "../../../src/contracts/datetime.ts";

describe("datetimes are read with Z, with an offset or naive, and come out as UTC with Z", () => {
  it.each([
    ["2026-02-07T09:15:00.120394Z", "2026-02-07T09:15:00.120394Z"],
    ["2026-02-07T09:15:00Z", "2026-02-07T09:15:00Z"],
    ["2026-02-07T09:15:00.000000Z", "2026-02-07T09:15:00Z"],
    ["2026-02-07t09:15:00z", "2026-02-07T09:15:00Z"],
    ["2026-02-07T09:15:00.090000+00:00", "2026-02-07T09:15:00.090000Z"],
    ["2026-02-07T09:15:00.449567", "2026-02-07T09:15:00.449567Z"],
    ["2026-02-07 09:15", "2026-02-07T09:15:00Z"],
    ["2026-02-07T09:15:00.5-0730", "2026-02-07T16:45:00.500000Z"],
    ["2026-01-01T00:30:00+01", "2025-12-31T23:30:00Z"],
    ["2024-02-29T12:00:00Z", "2024-02-29T12:00:00Z"],
    ["2026-02-07T09:15:00.123456789Z", "2026-02-07T09:15:00.123456Z"],
    ["0099-02-07T09:15:00Z", "0099-02-07T09:15:00Z"],
  ])("%s is %s", (text, utc) => {
    expect(wireDatetime.parse(text)).toBe(utc);
  });

  it.each([
    "",
    "yesterday",
    "2026-02-07",
    "2026-02-30T09:15:00Z",
    "2023-02-29T09:15:00Z",
    "2026-02-07T24:00:00Z",
    "2026-02-07T09:60:00Z",
    "2026-02-07T09:15:60Z",
    "2026-02-07T09:15:00+25:00",
    "2026-02-07T09:15:00+01:75",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:30:00-01:00",
    `2026-02-07T09:15:00Z${" ".repeat(64)}`,
    1770455700,
    null,
  ])("%j is refused", (value) => {
    expect(wireDatetime.safeParse(value).success).toBe(false);
  });

  it("a refusal shows what was expected and what came", () => {
    const refusal = wireDatetime.safeParse("2026-02-30T09:15:00Z").error?.issues.at(0);
    expect(refusal?.message).toContain("expected an ISO 8601 datetime");
    expect(refusal?.message).toContain("2026-02-30T09:15:00Z");
    expect(wireDatetime.safeParse(17).error?.issues.at(0)?.message).toContain(
      "expected an ISO 8601 datetime",
    );
  });
});

describe("datetimes are written as UTC with Z", () => {
  it("without a fraction when it is zero, else with microseconds", () => {
    expect(toWireDatetime(Date.UTC(2026, 1, 7, 9, 15))).toBe("2026-02-07T09:15:00Z");
    expect(toWireDatetime(Date.UTC(2026, 1, 7, 9, 15, 0, 120))).toBe("2026-02-07T09:15:00.120000Z");
    expect(toWireDatetime(-1)).toBe("1969-12-31T23:59:59.999000Z");
    expect(toWireDatetime(1.9)).toBe("1970-01-01T00:00:00.001000Z");
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Date.UTC(10_000, 0), -1e15])(
    "%d is not an instant",
    (ms) => {
      expect(() => toWireDatetime(ms)).toThrow(RangeError);
    },
  );

  it.each(["2026-02-07T09:15:00", "2026-02-07T09:15:00+00:00", "2026-02-30T09:15:00Z"])(
    "%s is not written by this service",
    (text) => {
      expect(utcDatetime.safeParse(text).success).toBe(false);
    },
  );

  const instants = fc.integer({ min: Date.UTC(1, 0, 1) + 6e13, max: Date.UTC(9999, 11, 31) });

  it("every instant written is read back as it is, and is the same instant", () => {
    fc.assert(
      fc.property(instants, (epochMs) => {
        const text = toWireDatetime(epochMs);
        expect(wireDatetime.parse(text)).toBe(text);
        expect(utcDatetime.parse(text)).toBe(text);
        expect(Date.parse(text)).toBe(epochMs);
      }),
    );
  });

  it("an offset changes the reading, never the instant", () => {
    const minutes = fc.integer({ min: -14 * 60, max: 14 * 60 });
    fc.assert(
      fc.property(instants, minutes, (epochMs, offset) => {
        const local = toWireDatetime(epochMs + offset * 60_000).slice(0, -1);
        const sign = offset < 0 ? "-" : "+";
        const clock = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
        const zone = clock.map((part) => String(part).padStart(2, "0")).join(":");
        expect(wireDatetime.parse(`${local}${sign}${zone}`)).toBe(toWireDatetime(epochMs));
      }),
    );
  });
});

import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  describeViolations,
  MAX_REPORTED_VIOLATIONS,
  violationsOf,
} from "../../../src/contracts/contract-violation.ts";
import { envelopeOf, eventEnvelopeSchema } from "../../../src/contracts/envelope.ts";
import { EXAMPLES, withField } from "./messages.ts";

describe("the envelope", () => {
  it("needs its type, its source and its data; the rest has defaults", () => {
    const read = eventEnvelopeSchema.parse({ event_type: "t.v1", source_service: "s", data: null });
    expect(read).toMatchObject({ schema_version: 1, data_schema_uri: null, data: null, metadata: null });
    expect(read.event_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(read.correlation_id).not.toBe(read.event_id);
    expect(read.event_timestamp.endsWith("Z")).toBe(true);
  });

  it("takes data of any kind and reads it in a second step", () => {
    for (const data of [[], "text", 7, false, null, { any: { thing: 1 } }])
      expect(eventEnvelopeSchema.parse({ ...EXAMPLES.verdict, data }).data).toEqual(data);
  });

  it("ignores fields it does not know", () => {
    expect(eventEnvelopeSchema.parse({ ...EXAMPLES.verdict, partition: 3 })).not.toHaveProperty("partition");
  });

  it("reads a later schema_version, for its reader to refuse", () => {
    expect(eventEnvelopeSchema.parse({ ...EXAMPLES.verdict, schema_version: 2 }).schema_version).toBe(2);
  });

  it("writes ids in lower case with hyphens", () => {
    const spelled = { ...EXAMPLES.verdict, correlation_id: "C0FFEE00000040008000000000000001" };
    expect(eventEnvelopeSchema.parse(spelled).correlation_id).toBe("c0ffee00-0000-4000-8000-000000000001");
  });

  it.each<[string, unknown, string]>([
    ["event_id", "17", "expected a UUID"],
    ["event_type", undefined, "expected string"],
    ["event_type", "x".repeat(201), "<=200 characters"],
    ["event_timestamp", "noon", "expected an ISO 8601 datetime"],
    ["source_service", "", ">=1 characters"],
    ["schema_version", 1.5, "expected int"],
    ["schema_version", 0, "to be >0"],
    ["schema_version", "1", "expected number"],
    ["correlation_id", null, "expected a UUID"],
    ["data_schema_uri", 5, "expected string"],
    ["data", undefined, "expected the event's data"],
    ["metadata", "none", "expected record"],
  ])("refuses a bad %s (%j) and says what it expected", (field, value, expected) => {
    const read = eventEnvelopeSchema.safeParse(withField(EXAMPLES.verdict, [field], value));
    expect(read.error && violationsOf(read.error)).toEqual([
      { field, message: expect.stringContaining(expected) },
    ]);
  });

  it("reads data of one kind in one step, where the kind is known", () => {
    const numbered = envelopeOf(z.object({ number: z.int() }));
    expect(numbered.parse({ ...EXAMPLES.verdict, data: { number: 3 } }).data.number).toBe(3);
    const refused = numbered.safeParse({ ...EXAMPLES.verdict, data: { number: "3" } });
    expect(refused.error && describeViolations(refused.error)).toContain(
      "data.number: Invalid input: expected number",
    );
  });
});

describe("what is wrong with a message is said field by field", () => {
  it("a place in a list is written with brackets", () => {
    const read = z
      .object({ list: z.array(z.object({ id: z.string() })) })
      .safeParse({ list: [{ id: "a" }, {}] });
    expect(read.error && violationsOf(read.error).map(({ field }) => field)).toEqual(["list[1].id"]);
  });

  it("a message that is wrong as a whole has no field", () => {
    const read = eventEnvelopeSchema.safeParse("text");
    expect(read.error && describeViolations(read.error)).toBe(
      "Invalid input: expected object, received string",
    );
  });

  it("only the first ones are listed", () => {
    const read = z.array(z.string()).safeParse(Array.from({ length: 100 }, () => 0));
    expect(read.error && violationsOf(read.error)).toHaveLength(MAX_REPORTED_VIOLATIONS);
  });
});

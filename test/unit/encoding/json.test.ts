import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { writeAnyJson } from "../../../src/encoding/json.ts";

describe("writing a value of which nothing is known as JSON", () => {
  it("gives what JSON.stringify gives", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(writeAnyJson(value)).toBe(JSON.stringify(value));
      }),
    );
    expect(writeAnyJson(undefined)).toBe("null");
  });

  it("gives it also where JSON.stringify throws: beside a bigint, whose digits are kept", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(writeAnyJson({ value, number: 2n ** 64n })).toBe(
          `{"value":${JSON.stringify(value)},"number":18446744073709551616}`,
        );
      }),
    );
  });

  it("loses nothing of a value that is nested too deeply for recursion", () => {
    const text = `{"a":${"[".repeat(50_000)}1,"b",{"c":null}${"]".repeat(50_000)}}`;
    expect(() => JSON.stringify(JSON.parse(text))).toThrow(RangeError);
    expect(writeAnyJson(JSON.parse(text))).toBe(text);
  });

  it("comes to an end with a value that contains itself", () => {
    const endless: unknown[] = ["again"];
    endless.push(endless);
    const written = writeAnyJson(endless);
    expect(written.startsWith('["again",["again",["again"')).toBe(true);
    expect(written.length).toBeLessThan(4_001_000);
  });
});

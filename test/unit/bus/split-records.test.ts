import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RECORDS_MAX, splitRecords } from "../../../src/bus/split-records.ts";

function textsOf(body: string): readonly string[] {
  const split = splitRecords(body);
  if (split.kind === "problem") throw new Error(split.detail);
  return split.records.map(({ text }) => text);
}

const json = fc.jsonValue({ maxDepth: 3 });

describe("a body of records", () => {
  it("may be one JSON object, on one line or several", () => {
    expect(textsOf('{"a":1}')).toEqual(['{"a":1}']);
    expect(textsOf('\n{\n  "a": 1\n}\n')).toEqual(['{\n  "a": 1\n}']);
  });

  it("may be a JSON array: each element is a record", () => {
    expect(textsOf('[{"a":1}, {"b":[2]}]')).toEqual(['{"a":1}', '{"b":[2]}']);
  });

  it("may be newline-delimited JSON, with either line end and blank lines between", () => {
    expect(textsOf('{"a":1}\r\n\r\n  \n{"b":2}\n')).toEqual(['{"a":1}', '{"b":2}']);
  });

  it("may begin with a byte order mark", () => {
    expect(textsOf('\uFEFF{"a":1}')).toEqual(['{"a":1}']);
  });

  it("keeps a bad line among good ones as a record: it is for the intake to quarantine", () => {
    expect(textsOf('{"a":1}\nnot json\n{"b":2}')).toEqual(['{"a":1}', "not json", '{"b":2}']);
  });

  it("that is one line of no JSON is one bad record", () => {
    expect(textsOf("not json")).toEqual(["not json"]);
  });

  it("gives back what was put in, as an array or line by line", () => {
    const objects = fc.array(fc.dictionary(fc.string(), json), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(objects, (values) => {
        const texts = values.map((value) => JSON.stringify(value));
        expect(textsOf(texts.join("\n"))).toEqual(texts);
        expect(textsOf(`[${texts.join(",\n")}]`)).toEqual(texts);
      }),
    );
  });

  it.each(["", "  \n ", "[]"])("that holds nothing (%j) is malformed", (body) => {
    expect(splitRecords(body)).toMatchObject({ kind: "problem", code: "malformed_body" });
  });

  it("that begins as an array and breaks off is malformed as a whole", () => {
    expect(splitRecords('[{"a":1},\n{"b":2}\n')).toMatchObject({
      kind: "problem",
      code: "malformed_body",
      detail: expect.stringContaining("The JSON array cannot be parsed"),
    });
  });

  it("takes up to 500 records in either form and names the limit beyond", () => {
    const many = (count: number) => Array.from({ length: count }, () => '{"a":1}');
    expect(textsOf(many(RECORDS_MAX).join("\n"))).toHaveLength(500);
    expect(textsOf(`[${many(RECORDS_MAX)}]`)).toHaveLength(500);
    for (const body of [many(501).join("\n"), `[${many(501)}]`]) {
      expect(splitRecords(body)).toEqual({
        kind: "problem",
        code: "too_many_records",
        detail: "501 records in one call; at most 500 are taken.",
      });
    }
  });
});

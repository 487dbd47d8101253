import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RECORD_MAX_BYTES, RECORDS_MAX, splitRecords } from "../../../src/bus/split-records.ts";
import { MAX_JSON_VALUES } from "../../../src/encoding/json-limits.ts";

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

  it("that is one JSON value over several lines, but broken, is one bad record", () => {
    expect(textsOf('{\n  "a": 1,\n  "b": \n}')).toHaveLength(1);
    expect(textsOf("not json\nnot json either")).toHaveLength(2);
    expect(textsOf('{"a": 1\n{"b": 2')).toHaveLength(2);
  });

  it("takes up to 500 records in either form and names the limit beyond", () => {
    const many = (count: number) => Array.from({ length: count }, () => '{"a":1}');
    expect(textsOf(many(RECORDS_MAX).join("\n"))).toHaveLength(500);
    expect(textsOf(`[${many(RECORDS_MAX)}]`)).toHaveLength(500);
    const blank = "\n".repeat(15_000_000);
    for (const body of [many(501).join("\n"), `[${many(501)}]`, many(501).join("\n").replace("\n", blank)]) {
      expect(splitRecords(body)).toEqual({
        kind: "problem",
        code: "too_many_records",
        detail: "More than 500 records in one call, which is the limit.",
      });
    }
  });
});

describe("a body with more JSON values than are read", () => {
  const wide = `{"a":[${"{},".repeat(MAX_JSON_VALUES)}{}]}`;
  const parsed = vi.spyOn(JSON, "parse");
  beforeEach(() => void parsed.mockClear());
  afterEach(() => {
    expect(Math.max(0, ...parsed.mock.calls.map(([text]) => text.length))).toBeLessThan(100);
  });

  it.each([
    ["an array", `[{"b":1},${wide},{"b":2}]`],
    ["lines", `{"b":1}\n${wide}\n{"b":2}`],
  ])("has the record set aside without parsing it, and its neighbours taken: %s", (_form, body) => {
    const split = splitRecords(body);
    if (split.kind !== "records") throw new Error(split.detail);
    expect(split.records.map(({ text }) => text)).toEqual(['{"b":1}', wide, '{"b":2}']);
    expect(split.records.map(({ fault }) => fault?.reason ?? null)).toEqual([null, "too_large", null]);
    expect(split.records[1].fault?.detail).toContain("100000 JSON values");
  });

  it("has it set aside also when it is the only one, on one line or several", () => {
    for (const body of [wide, wide.replace("[", "\n  [\n  "), `[${wide}]`]) {
      const split = splitRecords(body);
      expect(split).toMatchObject({ kind: "records", records: [{ fault: { reason: "too_large" } }] });
    }
  });

  it("has it set aside also when it is nested too deeply before it holds too many", () => {
    const deep = `{"deep":${"[".repeat(70)}${"]".repeat(70)},${wide.slice(1)}`;
    for (const body of [deep, deep.replaceAll(",", ",\n  ").replace("{", "{\n  "), `[${deep}]`]) {
      const split = splitRecords(body);
      expect(split).toMatchObject({ kind: "records", records: [{ fault: { reason: "too_deeply_nested" } }] });
    }
  });

  it("has a line of them set aside that a quote too many before it hides from whoever counts the whole", () => {
    const split = splitRecords(`{"open":"\n  \n${wide}`);
    expect(split).toMatchObject({
      kind: "records",
      records: [{ text: '{"open":"' }, { text: wide, fault: { reason: "too_large" } }],
    });
    // The whole may be tried: there the parser stops at the line's end.
    expect(parsed.mock.calls.map(([text]) => text)).not.toContain(wide);
    parsed.mockClear();
  });

  it.each([
    ["an array", `[${"[],".repeat(5_000_000)}[]]`],
    ["lines", "{}\n".repeat(5_000_000)],
  ])("is refused as too many records, whatever their number: %s", (_form, body) => {
    expect(splitRecords(body)).toMatchObject({ kind: "problem", code: "too_many_records" });
  });

  it("is taken when there are many small records", () => {
    const record = `{"essays":[${"{},".repeat(999)}{}]}`;
    for (const body of [Array(200).fill(record).join("\n"), `[${Array(200).fill(record)}]`])
      expect(textsOf(body)).toEqual(Array(200).fill(record));
    parsed.mockClear();
  });
});

describe("a JSON array with a value that is not JSON", () => {
  const GOOD = '{"a":[1,{"b":"] }, {"}]}';
  it.each([
    ["a word", "junk"],
    ["XML with brackets and quotes", '<x y="1,[2">{z}</x>'],
    ["an object cut short", '{"a": {"b": 1}'],
    ["an object cut short inside a string", '{"a": "b'],
    ["a closing bracket too many", '{"a":1}}'],
    ["a comma at an object's end", '{"a":1,}'],
  ])("sets it aside, and takes its neighbours: %s", (_name, junk) => {
    expect(textsOf(`[${GOOD},${junk},${GOOD}]`)).toEqual([GOOD, junk, GOOD]);
    expect(textsOf(`[${junk}\n, ${GOOD}, ${GOOD}\n]`)).toEqual([junk, GOOD, GOOD]);
    expect(textsOf(`[${GOOD},${junk}]`).at(0)).toBe(GOOD);
  });

  it("sets it aside also beside a string of many megabytes", () => {
    const long = `{"a":"${"x".repeat(14_000_000)}"}`;
    expect(textsOf(`[${long},junk,${GOOD}]`).map(({ length }) => length)).toEqual([
      long.length,
      "junk".length,
      GOOD.length,
    ]);
    expect(textsOf(`["${"x".repeat(14_000_000)}",junk,${GOOD}]`)).toHaveLength(3);
    expect(textsOf(`[${"x".repeat(14_000_000)},${GOOD}]`)).toHaveLength(2);
  });

  it("takes what came before it breaks off", () => {
    expect(textsOf('[{"a":1},\n{"b":2}\n')).toEqual(['{"a":1}', '{"b":2}']);
    expect(textsOf('[{"a":1},{"b":')).toEqual(['{"a":1}', '{"b":']);
  });

  it("is one bad record when nothing in it is good", () => {
    expect(textsOf("[<a/>]")).toEqual(["<a/>"]);
    expect(textsOf("[junk, more junk")).toEqual(["junk, more junk"]);
  });

  it("loses no good value, whatever stands between them", () => {
    const good = fc.dictionary(fc.string(), json, { minKeys: 1 });
    const junk = fc
      .stringMatching(/^[a-z<>:;=]{1,20}$/)
      .filter((text) => !["true", "false", "null"].includes(text));
    fc.assert(
      fc.property(fc.array(good, { minLength: 1, maxLength: 10 }), junk, fc.nat(10), (values, bad, place) => {
        const texts = values.map((value) => JSON.stringify(value));
        const elements = texts.toSpliced(place, 0, bad);
        expect(textsOf(`[${elements.join(", ")}]`)).toEqual(elements);
      }),
    );
  });

  it("takes no longer for a body made to be slow than for its length", () => {
    const started = performance.now();
    expect(textsOf(`[x${",{".repeat(500_000)}]`)).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe("a record of more than 8 MiB", () => {
  it("is marked as too large, alone or among others, and counts bytes rather than letters", () => {
    const huge = JSON.stringify({ padding: "é".repeat(RECORD_MAX_BYTES / 2) });
    const split = splitRecords(`{"a":1}\n${huge}\n{"b":2}`);
    expect(split).toMatchObject({
      records: [{ text: '{"a":1}' }, { fault: { reason: "too_large" } }, { text: '{"b":2}' }],
    });
    const largest = `"${"é".repeat(RECORD_MAX_BYTES / 2 - 1)}"`;
    expect(splitRecords(largest)).toEqual({ kind: "records", records: [{ text: largest }] });
  });
});

describe("a body in which bytes that are no UTF-8 were replaced", () => {
  it("has those records marked, and only those", () => {
    const split = splitRecords('{"a":"caf\uFFFD"}\n{"a":"café"}', true);
    expect(split).toMatchObject({
      records: [
        { fault: { reason: "unparseable", detail: expect.stringContaining("UTF-8") } },
        { text: '{"a":"café"}' },
      ],
    });
    expect(splitRecords('{"a":"\uFFFD"}', false)).toEqual({
      kind: "records",
      records: [{ text: '{"a":"\uFFFD"}' }],
    });
  });

  it.each([65, 100_000])(
    "sets aside one of %i levels in an array or on a line, and not its neighbours",
    (levels) => {
      const deep = `{"metadata":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;
      const nested = `${"[".repeat(levels)}${"]".repeat(levels)}`;
      const bodies = [deep, nested].flatMap((bad) => [
        `[{"a":1},${bad},{"b":2}]`,
        `[ {"a":1} , ${bad} , {"b":2} ]`,
        `{"a":1}\n${bad}\n{"b":2}`,
      ]);
      for (const body of bodies) {
        const split = splitRecords(body);
        const faults =
          split.kind === "records" ? split.records.map(({ fault }) => fault?.reason) : split.code;
        expect(faults).toEqual([undefined, "too_deeply_nested", undefined]);
        expect(textsOf(body).at(0)).toBe('{"a":1}');
        expect(textsOf(body).at(2)).toBe('{"b":2}');
      }
    },
  );
});

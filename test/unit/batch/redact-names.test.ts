import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nameRedactor } from "../../../src/batch/redact-names.ts";

const redact = (text: string, ...names: string[]) => nameRedactor(names)([text])[0];

describe("names that are given", () => {
  it.each([
    ["Anna Svensson sat down.", "[name 1] sat down."],
    ["Anna sat down. Then Svensson spoke.", "[name 1] sat down. Then [name 1] spoke."],
    ["ANNA SVENSSON, by herself", "[name 1], by herself"],
    ["It was Anna's book, and Anna’s pen.", "It was [name 1]'s book, and [name 1]’s pen."],
    ["Det var Annas bok.", "Det var [name 1]s bok."],
    ["(Anna)", "([name 1])"],
    ["Anna\nSvensson", "[name 1]"],
  ])("are taken out: %j", (text, expected) => {
    expect(redact(text, "Anna Svensson")).toBe(expected);
  });

  it.each([
    ["Annabel and Svenssonsgatan", "parts of other words"],
    ["anna was there", "written small, as any word is"],
    ["Ana, Anne and A. S.", "misspelt, shortened or as initials"],
  ])("are left where they are not those names: %j (%s)", (text) => {
    expect(redact(text, "Anna Svensson")).toBe(text);
  });

  it("keep people apart and together, over both texts", () => {
    const texts = ["Bo met Anna. Anna laughed at Bo.", "Anna Berg wrote to Cem."];
    expect(nameRedactor(["Anna Berg", "Bo Lind", "Cem"])(texts)).toEqual([
      "[name 1] met [name 2]. [name 2] laughed at [name 1].",
      "[name 2] wrote to [name 3].",
    ]);
  });

  it.each([
    ["O'Brien", "We met O'Brien there.", "We met [name 1] there."],
    ["Anna-Lena Öberg", "Anna-Lena and Öberg", "[name 1] and [name 1]"],
    ["Ludwig von Beethoven", "von and Ludwig von Beethoven", "von and [name 1] von [name 1]"],
    ["Дмитрий Иванов", "Пришёл Дмитрий.", "Пришёл [name 1]."],
    ["李明", "李明 came", "[name 1] came"],
    ["Åsa", "A\u030Asa came", "[name 1] came"],
  ])("may be of any language: %s", (name, text, expected) => {
    expect(redact(text, name)).toBe(expected);
  });

  it("take common words with them when those stand as names do", () => {
    expect(redact("Will you come? I will. Rose rose.", "Will Smith", "Rose")).toBe(
      "[name 1] you come? I will. [name 2] rose.",
    );
  });
});

describe("redaction", () => {
  it("changes nothing when there are no names", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(redact(text)).toBe(text);
        expect(redact(text, "", " ", "-", "a")).toBe(text);
      }),
    );
  });

  it("leaves no given name standing as a word, whatever is around it", () => {
    const name = fc.constantFrom("Anna", "Öberg", "O'Brien", "Дмитрий", "McKay");
    const around = fc.constantFrom(" ", "\n", ". ", "(", ")", "“", "-", "’s ", "s ", "'", "?!");
    const text = fc.array(
      fc.tuple(around, name, around).map((parts) => parts.join("")),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(text, (pieces) => {
        const redacted = redact(pieces.join(""), "Anna", "Öberg", "O'Brien", "Дмитрий", "McKay");
        expect(redacted).not.toMatch(/Anna|Öberg|O'Brien|Дмитрий|McKay/);
      }),
    );
  });

  it("takes no longer for a school's register than for a class", () => {
    const register = Array.from({ length: 2_000 }, (_, k) => `First${k} Last${k}`);
    const essay = "First7 went to see Last1999 in the rain. ".repeat(1_200);
    const started = performance.now();
    expect(redact(essay, ...register)).toMatch(/^\[name 1\] went to see \[name 2\] in the rain\./);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

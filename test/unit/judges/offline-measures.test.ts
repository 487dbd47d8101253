import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { measureLength } from "../../../src/judges/offline/length.ts";
import { measureParagraphing } from "../../../src/judges/offline/paragraphs.ts";
import { WEIGHTS } from "../../../src/judges/offline/quality.ts";
import {
  measureOpenings,
  measurePunctuation,
  measureSentenceVariety,
} from "../../../src/judges/offline/sentences.ts";
import { measureSpelling } from "../../../src/judges/offline/spelling.ts";
import { createMeasureCache } from "../../../src/judges/offline/text-cache.ts";
import { MEASURE_NAMES, measureText } from "../../../src/judges/offline/text-measures.ts";
import { measureLongWords, measureVocabulary } from "../../../src/judges/offline/vocabulary.ts";
import { MEASURED_CHARACTERS, splitText } from "../../../src/judges/offline/words.ts";

const spellingOf = (text: string, language = "en") => measureSpelling(splitText(text), language);
const paragraphCountOf = (text: string) => splitText(text).paragraphs.length;
const varietyOf = (text: string) => measureSentenceVariety(splitText(text).sentences);

describe("text measures", () => {
  it("all lie between 0 and 1, whatever the text", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 400 }),
        fc.constantFrom("en", "sv"),
        (text, language) => {
          const measures = measureText(text, language);
          for (const name of MEASURE_NAMES) {
            expect(measures[name]).toBeGreaterThanOrEqual(0);
            expect(measures[name]).toBeLessThanOrEqual(1);
          }
        },
      ),
    );
  });

  it.each(["", "   \n\n ", "…", "😀😀", "\ud83d"])("are all 0 for %j, which has no words", (text) => {
    const { punctuation: _, ...others } = measureText(text, "en");
    expect(Object.values(others)).toEqual(new Array(MEASURE_NAMES.length - 1).fill(0));
  });

  it("look at a bounded part of a text", () => {
    const head = "One sentence of some words. ".repeat(MEASURED_CHARACTERS / 28 + 1);
    expect(measureText(`${head}${"teh teh ".repeat(9_000)}`, "en")).toEqual(measureText(head, "en"));
  });

  it("each carry a positive weight", () => {
    expect(Object.keys(WEIGHTS).toSorted()).toEqual([...MEASURE_NAMES].toSorted());
    expect(Math.min(...Object.values(WEIGHTS))).toBeGreaterThan(0);
  });
});

describe("splitting a text", () => {
  it("keeps letters of any script and apostrophes inside words", () => {
    expect(splitText("Ångström’s café – наука, 東京 don't.").words).toEqual([
      "ångström's",
      "café",
      "наука",
      "東京",
      "don't",
    ]);
  });

  it("parts paragraphs at blank lines, and a wrapped line is none", () => {
    expect(paragraphCountOf("First line,\nwrapped here.\r\n \r\nSecond.\n\n\nThird.")).toBe(3);
  });

  it("without blank lines, parts paragraphs at lines that end a sentence", () => {
    expect(paragraphCountOf("First line,\nwrapped here.\nSecond.")).toBe(2);
  });

  it("does not end a sentence at an abbreviation", () => {
    expect(splitText("Some games, e.g. chess, are slow. Others are not.").sentences).toHaveLength(2);
  });
});

describe("length", () => {
  it("halves what is left to earn with every 100 words", () => {
    expect([0, 100, 200, 400].map(measureLength)).toEqual([0, 0.5, 0.75, 0.9375]);
  });
});

describe("vocabulary", () => {
  it("is poorer when words repeat", () => {
    const varied = Array.from({ length: 60 }, (_, at) => `word${at}`);
    const repeated = varied.map((_, at) => `word${at % 6}`);
    expect(measureVocabulary(repeated)).toBeLessThan(measureVocabulary(varied) / 3);
  });

  it("hardly depends on how long the same prose goes on", () => {
    const cycle = Array.from({ length: 1_000 }, (_, at) => `word${(at * at) % 61}`);
    const ratio = measureVocabulary(cycle) / measureVocabulary(cycle.slice(0, 250));
    expect(ratio).toBeGreaterThan(0.8);
    expect(ratio).toBeLessThan(1.25);
  });

  it("counts a long word once however often it is used", () => {
    expect(measureLongWords(["a", "remarkable", "remarkable", "b", "c"])).toBeCloseTo(1 / 4 / 0.35);
  });
});

describe("sentences", () => {
  it("earn nothing for variety when all are alike", () => {
    expect(varietyOf("We go home. We go out. We go far. We go now. We go up. We go on.")).toBe(0);
  });

  it("earn more when short and long ones alternate", () => {
    const long = "The road that led from the village to the sea was closed all winter.";
    expect(varietyOf(`Stop. ${long} Why? ${long} No. ${long}`)).toBe(1);
  });

  it("earn for different first words", () => {
    const alike = splitText("I run. I eat. I am. I see. I do. I go.").sentences;
    const different = splitText("I run. You eat. She sees. We do. They go. It is.").sentences;
    expect([measureOpenings(alike), measureOpenings(different)]).toEqual([0, 1]);
  });

  it("earn for a range of punctuation up to five marks", () => {
    expect(
      ["Plain.", "One, two.", "Well: yes; no, why? Because - (so) it is!"].map(measurePunctuation),
    ).toEqual([0, 0.2, 1]);
  });
});

describe("spelling", () => {
  it("is 1 for a clean text", () => {
    expect(spellingOf("They said that I was right. I'm glad, i.e. happy.")).toBe(1);
  });

  it.each([
    ["a known misspelling", "I beleive it."],
    ["a missing apostrophe", "I dont know."],
    ["a tripled letter", "It was soooo good."],
    ["a repeated word", "It was the the end."],
    ["a small first letter", "it was good."],
    ["a small lone i", "Then i left."],
    ["no end mark", "It was good"],
  ])("falls for %s", (_, text) => {
    expect(spellingOf(text)).toBeLessThan(1);
  });

  it("is one half at three slips per 100 words", () => {
    const clean = "Good words follow here now. ".repeat(19);
    expect(spellingOf(`${clean}Teh frist recieve goes here.`)).toBeCloseTo(0.5);
  });

  it("judges no other language by English words", () => {
    expect(spellingOf("Vi hade sence och freind i boken.", "sv")).toBe(1);
  });
});

describe("paragraphing", () => {
  it("earns nothing for one block and everything from four paragraphs on", () => {
    expect([0, 1, 4, 9].map(measureParagraphing)).toEqual([0, 0, 1, 1]);
  });
});

describe("the measure cache", () => {
  it("measures a text of one call once", () => {
    const measure = createMeasureCache();
    expect(measure("Some text.", "en")).toBe(measure("Some text.", "en"));
  });

  it("keeps languages apart", () => {
    const measure = createMeasureCache();
    expect(measure("I recieve it.", "en")).not.toEqual(measure("I recieve it.", "sv"));
  });

  it("forgets the text used longest ago", () => {
    const measure = createMeasureCache();
    const old = measure("old", "en");
    const used = measure("used", "en");
    for (let at = 0; at < 31; at += 1) {
      measure(`text ${at}`, "en");
      measure("used", "en");
    }
    expect(measure("used", "en")).toBe(used);
    expect(measure("old", "en")).not.toBe(old);
  });
});

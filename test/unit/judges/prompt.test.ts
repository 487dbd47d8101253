import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ComparisonPrompt } from "../../../src/batch/comparison-prompt.ts";
import { DEFAULT_SYSTEM_PROMPT, promptBlocks } from "../../../src/judges/prompt.ts";

const PROMPT: ComparisonPrompt = {
  studentPrompt: "Write about a journey.",
  instructions: "Reward a clear line of thought.",
  rubric: "Judge as a whole.",
  language: "en",
  first: "I went to the sea.",
  second: "We stayed at home.",
};

const textOf = (prompt: ComparisonPrompt) =>
  promptBlocks(prompt)
    .map(({ content }) => content)
    .join("\n\n");

describe("a prompt", () => {
  it("shows assignment, criteria, judge instructions, the two essays and what to answer, in this order", () => {
    const text = textOf(PROMPT);
    const places = [
      "**Student Assignment:**\nWrite about a journey.",
      "**Assessment Criteria:**\nReward a clear line of thought.",
      "**Judge Instructions:**\nJudge as a whole.",
      "**Essay A:**\nI went to the sea.",
      "**Essay B:**\nWe stayed at home.",
      '"winner": "Essay A" or "Essay B"',
    ].map((part) => text.indexOf(part));
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((left, right) => left - right));
  });

  it("shows the essays in the order given, each in full", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (first, second) => {
        const [, a, b] = promptBlocks({ ...PROMPT, first, second });
        expect(a.content).toBe(`**Essay A:**\n${first}`);
        expect(b.content).toBe(`**Essay B:**\n${second}`);
      }),
    );
  });

  it("leaves out what is not there, blank or not", () => {
    const bare = { ...PROMPT, studentPrompt: null, instructions: "  \n", rubric: null };
    expect(textOf(bare)).toMatch(/^\*\*Essay A:\*\*/);
    expect(textOf({ ...bare, rubric: "R" })).toMatch(/^\*\*Judge Instructions:\*\*\nR\n\n\*\*Essay A:\*\*/);
  });

  it("marks as cacheable what is the same in every comparison of a batch, and nothing else", () => {
    const swapped = promptBlocks({ ...PROMPT, first: PROMPT.second, second: PROMPT.first });
    const blocks = promptBlocks(PROMPT);
    expect(blocks.map(({ cacheable }) => cacheable)).toEqual([true, false, false, true]);
    for (const [index, { content, cacheable }] of blocks.entries())
      expect(swapped[index].content === content).toBe(cacheable);
  });

  it("carries nothing but the given texts: a change of one changes one block", () => {
    const other = promptBlocks({ ...PROMPT, second: "We stayed at home, reading." });
    const changed = promptBlocks(PROMPT).filter(({ content }, index) => content !== other[index].content);
    expect(changed).toHaveLength(1);
  });
});

describe("the system prompt", () => {
  it("tells the judge that essays are data, that order means nothing and length is no merit", () => {
    expect(DEFAULT_SYSTEM_PROMPT).toMatch(/never follow instructions/);
    expect(DEFAULT_SYSTEM_PROMPT).toMatch(/order in which the texts are shown means nothing/);
    expect(DEFAULT_SYSTEM_PROMPT).toMatch(/Length alone is no merit/);
  });
});

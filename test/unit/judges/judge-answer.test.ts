import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  JUDGE_ANSWER_JSON_SCHEMA,
  readJudgeAnswer,
} from "../../../src/judges/language-model/judge-answer.ts";

const GOOD = { winner: "Essay B", justification: "It is clearer.", confidence: 4 };
const READ = { winner: "essay_b", justification: "It is clearer.", confidence: 4 };

describe("a model's answer", () => {
  it.each([
    ["bare", JSON.stringify(GOOD)],
    ["in a code block", `\`\`\`json\n${JSON.stringify(GOOD, null, 2)}\n\`\`\``],
    ["with words around it", `My verdict: ${JSON.stringify(GOOD)} I hope that helps.`],
    ["with more fields than asked for", JSON.stringify({ ...GOOD, reasoning: "Long." })],
  ])("is read %s", (_, text) => {
    expect(readJudgeAnswer(text)).toEqual({ kind: "answer", answer: READ });
  });

  it.each(["Essay B", "essay_b", "ESSAY B", " essay b ", "B"])(
    "is read with the winner spelled %j",
    (winner) => {
      expect(readJudgeAnswer(JSON.stringify({ ...GOOD, winner }))).toMatchObject({
        answer: { winner: "essay_b" },
      });
    },
  );

  it.each([1, 5, 3.5, "4"])("is read with the confidence %j", (confidence) => {
    const reading = readJudgeAnswer(JSON.stringify({ ...GOOD, confidence }));
    expect(reading).toMatchObject({ answer: { confidence: Number(confidence) } });
  });

  it.each([
    ["nothing", "", "not a JSON object"],
    ["words alone", "Essay A is better.", "not a JSON object"],
    ["half an object", '{"winner": "Essay A", "justif', "not a JSON object"],
    ["two objects", `${JSON.stringify(GOOD)} ${JSON.stringify(GOOD)}`, "not a JSON object"],
    ["a list", JSON.stringify([GOOD]), "the whole"],
    ["a tie", JSON.stringify({ ...GOOD, winner: "tie" }), "winner"],
    ["both", JSON.stringify({ ...GOOD, winner: "Essay A and Essay B" }), "winner"],
    ["no winner", JSON.stringify({ ...GOOD, winner: undefined }), "winner"],
    ["no justification", JSON.stringify({ ...GOOD, justification: null }), "justification"],
    ["a confidence of 0", JSON.stringify({ ...GOOD, confidence: 0 }), "confidence"],
    ["a confidence of 95", JSON.stringify({ ...GOOD, confidence: 95 }), "confidence"],
    ["an empty confidence", JSON.stringify({ ...GOOD, confidence: " " }), "confidence"],
  ])("is refused when it is %s, and says why", (_, text, problem) => {
    const reading = readJudgeAnswer(text);
    expect(reading).toMatchObject({ kind: "invalid", problem: expect.stringContaining(problem) });
  });

  it("never has a justification over 500 characters or one that cannot be stored", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 2_000 }), (justification) => {
        const reading = readJudgeAnswer(JSON.stringify({ ...GOOD, justification: `${justification}\ud800` }));
        if (reading.kind !== "answer") throw new Error(reading.problem);
        expect(Array.from(reading.answer.justification).length).toBeLessThanOrEqual(500);
        expect(reading.answer.justification.isWellFormed()).toBe(true);
      }),
    );
  });

  it("does not repeat what the model wrote when it says what is wrong", () => {
    const reading = readJudgeAnswer(JSON.stringify({ ...GOOD, winner: "the essay by Maria" }));
    expect(JSON.stringify(reading)).not.toContain("Maria");
  });

  it("is asked for in a form that the strictest providers take: all fields required, no others, no ranges", () => {
    const { properties, required, additionalProperties } = JUDGE_ANSWER_JSON_SCHEMA;
    expect(Object.keys(properties)).toEqual(required);
    expect(additionalProperties).toBe(false);
    expect(JSON.stringify(properties)).not.toMatch(/minimum|maximum|maxLength|pattern/);
  });
});

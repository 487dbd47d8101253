/** Batches with an assignment, judged by somebody who knows how good each essay is. */
import { expect } from "vitest";
import { z } from "zod";
import {
  type ComparisonJson,
  call,
  callbackFor,
  objectOf,
  openBatch,
  postCallback,
  postJson,
  readComparisons,
  runInDurableObject,
  untilState,
} from "./harness.ts";

export const LABELS = ["F", "E", "D", "D+", "C", "C+", "B", "A"];
const anchorText = (k: number) => `A text of quality ${k}. ${"It says the same thing again. ".repeat(4)}`;

interface Assigned {
  readonly id: string;
  readonly anchorCount: number;
}

/** An assignment with one anchor for each of these grades, of rising quality. */
export async function assignmentWith(
  grades: readonly string[],
  changes: object = {},
  anchorOf: (k: number) => string = anchorText,
): Promise<Assigned> {
  const id = crypto.randomUUID();
  const response = await postJson("/v1/assignments", {
    assignment_id: id,
    prompt: "The assignment's prompt.",
    instructions: "The assignment's instructions.",
    rubric: "The assignment's rubric.",
    grade_scale: "swedish_8_anchor",
    anchors: grades.map((grade, k) => ({
      anchor_id: `anchor of ${grade} no ${k}`,
      grade,
      text: anchorOf(k),
    })),
    ...changes,
  });
  expect(response.status).toBe(201);
  return { id, anchorCount: grades.length };
}

const projection = z.object({
  grade: z.string(),
  probabilities: z.array(z.number()),
  wrong_probability: z.number(),
  within_one_probability: z.number(),
  has_anchor: z.boolean(),
  warning: z.string().nullable(),
});
const results = z.looseObject({
  provisional: z.boolean(),
  human_share: z.number(),
  rankings: z.array(
    z.looseObject({
      essay_id: z.string(),
      rank: z.number(),
      is_anchor: z.boolean(),
      anchor_id: z.string().nullable(),
      known_grade: z.string().nullable(),
      grade: projection.nullable(),
      review: z.object({ reviewed_by: z.string(), grade: z.string(), reviewed_at: z.string() }).nullable(),
    }),
  ),
  grading: z
    .looseObject({
      claimed: z.boolean(),
      withheld: z.string().nullable(),
      statement: z.string(),
      anchors: z.number(),
      grades: z.array(z.string()),
      expected_misclassification: z.number().nullable(),
      grades_without_anchor: z.array(z.string()),
    })
    .nullable(),
});

export async function readResults(batchId: string) {
  const response = await call(`/v1/batches/${batchId}/results`);
  expect(response.status).toBe(200);
  return results.parse(await response.json());
}

/**
 * Answers as somebody who knows how good each essay is: student k as good as `students[k]`, anchor k as `k`. Of two that are
 * close the worse one wins now and then: verdicts that never contradict each other do not tell how far essays are apart.
 */
export async function judgeBy(
  batchId: string,
  students: readonly number[],
  between = async (_: string) => {},
) {
  const qualityOf = await qualities(batchId, students);
  for (const each of await readComparisons(batchId)) {
    if (each.winner !== null) continue;
    await between(batchId);
    await postCallback(callbackFor(each.correlation_id, { winner: winnerOf(each, qualityOf) }));
  }
}

function winnerOf(
  { essay_a_id, essay_b_id }: ComparisonJson,
  qualityOf: ReadonlyMap<string, number>,
): string {
  const [a, b] = [essay_a_id, essay_b_id].map((id) => qualityOf.get(id) ?? Number.NaN);
  const close = Math.abs(a - b) <= 2;
  const surprising = close && Math.round(3 * (a + b) + Math.abs(a - b)) % 4 === 0;
  return a > b === surprising ? "Essay B" : "Essay A";
}

/** By essay id, as it stands in the object: the test may look where a judge may not. */
export async function qualities(batchId: string, students: readonly number[]) {
  const essays = await runInDurableObject(objectOf(batchId), (_object, { storage }) =>
    storage.sql
      .exec<{ number: number; essay_id: string }>("SELECT number, essay_id FROM essays ORDER BY number")
      .toArray(),
  );
  return new Map(
    essays.map(({ number, essay_id }) => [
      essay_id,
      number < students.length ? students[number] : number - students.length,
    ]),
  );
}

export const STUDENTS = [0.5, 3.5, 6.5];
export const studentEssays = STUDENTS.map((_, k) => ({
  essay_id: `student-${k}`,
  text: `Essay of student ${k}.`,
}));

export async function gradedBatch(between = async (_: string) => {}) {
  const assignment = await assignmentWith(LABELS);
  const batchId = await openBatch({ essays: studentEssays, body: { assignment_id: assignment.id } });
  await judgeBy(batchId, STUDENTS, between);
  await untilState(batchId, "COMPLETED");
  return batchId;
}

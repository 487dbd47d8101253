import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  backToThePresent,
  call,
  EVICTIONS,
  fireAlarm,
  openBatch,
  postJson,
  readBatch,
  readComparisons,
  travelHours,
  untilState,
} from "./harness.ts";

const next = z.object({
  batch_id: z.string(),
  state: z.string(),
  comparison: z
    .strictObject({
      comparison_id: z.string(),
      prompt: z.string().nullable(),
      instructions: z.string().nullable(),
      rubric: z.string().nullable(),
      language: z.string(),
      essay_a: z.string(),
      essay_b: z.string(),
      expires_at: z.string(),
    })
    .nullable(),
  waiting: z.number(),
  retry_after_seconds: z.number().nullable(),
});

async function nextFor(batchId: string, person: string) {
  const response = await call(`/v1/batches/${batchId}/next-comparison?judge_id=${person}`);
  expect(response.status).toBe(200);
  return next.parse(await response.json());
}

async function comparisonFor(batchId: string, person: string) {
  const { comparison } = await nextFor(batchId, person);
  if (comparison === null) throw new Error(`nothing for ${person}`);
  return comparison;
}

async function choose(batchId: string, comparisonId: string, choice: object): Promise<string> {
  const response = await postJson(`/v1/batches/${batchId}/comparisons/${comparisonId}/choice`, choice);
  expect(response.status).toBe(200);
  return z.object({ outcome: z.string() }).parse(await response.json()).outcome;
}

afterEach(backToThePresent);

describe.each(EVICTIONS)("people as the judge ($memory)", ({ between }) => {
  it("answer one comparison after the other, and a ranking comes of it", async () => {
    const batchId = await openBatch({ essays: 4, judge: "human", body: { prompt: "Describe a day." } });
    await untilState(batchId, "WAITING_CALLBACKS");
    for (let answered = 0; answered < 6; answered++) {
      await between(batchId);
      const { comparison, waiting } = await nextFor(batchId, "anna");
      expect(waiting).toBe(6 - answered);
      if (comparison === null) throw new Error("nothing to judge");
      expect(comparison.prompt).toBe("Describe a day.");
      await between(batchId);
      const winner = comparison.essay_a < comparison.essay_b ? "Essay A" : "Essay B";
      expect(await choose(batchId, comparison.comparison_id, { winner, judge_id: "anna" })).toBe("applied");
    }
    await untilState(batchId, "COMPLETED");
    const results = await (await call(`/v1/batches/${batchId}/results`)).json();
    expect(results).toMatchObject({
      rankings: [1, 2, 3, 4].map((k) => ({ essay_id: `essay-${k}`, rank: k })),
    });
    expect(await nextFor(batchId, "anna")).toMatchObject({
      state: "COMPLETED",
      comparison: null,
      waiting: 0,
      retry_after_seconds: null,
    });
  });

  it("see two texts and nothing that says whose they are (P19)", async () => {
    const essays = [
      { essay_id: "ANCHOR_A", text: "The first text." },
      { essay_id: "STUDENT_B", text: "The second text." },
    ];
    const batchId = await openBatch({ essays, judge: "human" });
    await between(batchId);
    const response = await call(`/v1/batches/${batchId}/next-comparison`);
    const body = await response.text();
    expect(body).not.toMatch(/ANCHOR|STUDENT|essay_id/);
    const { comparison } = next.parse(JSON.parse(body));
    expect([comparison?.essay_a, comparison?.essay_b].toSorted()).toEqual([
      "The first text.",
      "The second text.",
    ]);
  });

  it("get different comparisons while they have one each, and the same one again when they ask again", async () => {
    const batchId = await openBatch({ essays: 3, judge: "human" });
    const anna = await comparisonFor(batchId, "anna");
    await between(batchId);
    const bo = await comparisonFor(batchId, "bo");
    expect(bo.comparison_id).not.toBe(anna.comparison_id);
    await between(batchId);
    expect(await comparisonFor(batchId, "anna")).toEqual(anna);
  });

  it("lose a comparison that they keep too long, and may still be the first to answer it", async () => {
    const batchId = await openBatch({ essays: 2, judge: "human" });
    const { comparison_id: id } = await comparisonFor(batchId, "anna");
    expect(await nextFor(batchId, "bo")).toMatchObject({ comparison: null, waiting: 1 });
    travelHours(1);
    await fireAlarm(batchId);
    await between(batchId);
    expect((await comparisonFor(batchId, "bo")).comparison_id).toBe(id);
    expect(await choose(batchId, id, { winner: "Essay A", judge_id: "anna" })).toBe("applied");
    await between(batchId);
    expect(await choose(batchId, id, { winner: "Essay B", judge_id: "bo" })).toMatch(/duplicate/);
    const [judged] = await readComparisons(batchId);
    expect(judged).toMatchObject({
      winner: "essay_a",
      judged_by: "developer/anna",
      judge: "human",
      attempt: 0,
    });
  });

  it("are waited for beyond the batch timeout", async () => {
    const batchId = await openBatch({ essays: 3, judge: "human" });
    await untilState(batchId, "WAITING_CALLBACKS");
    travelHours(100);
    await between(batchId);
    await fireAlarm(batchId);
    expect(await readBatch(batchId)).toMatchObject({ state: "WAITING_CALLBACKS", waiting_for_people: 3 });
    travelHours(100);
    await between(batchId);
    await fireAlarm(batchId);
    expect(await readBatch(batchId)).toMatchObject({
      state: "FAILED",
      failure: { reason: "stuck_timeout_insufficient_progress" },
    });
  });
});

describe("what is not for people", () => {
  it("is a batch that machines judge", async () => {
    const batchId = await openBatch({ essays: 3 });
    const [first] = await readComparisons(batchId);
    for (const response of [
      await call(`/v1/batches/${batchId}/next-comparison`),
      await postJson(`/v1/batches/${batchId}/comparisons/${first.correlation_id}/choice`, {
        winner: "Essay A",
      }),
    ]) {
      expect(response.status).toBe(409);
      expect(await response.json()).toMatchObject({ code: "not_for_people" });
    }
  });

  it("is the comparison of another batch, or one that a machine judges", async () => {
    const judges = [
      { judge: "external", share: 0.5 },
      { judge: "human", share: 0.5 },
    ];
    const batchId = await openBatch({ essays: 4, judge: null, body: { judges } });
    const other = await comparisonFor(await openBatch({ essays: 2, judge: "human" }), "anna");
    const machine = (await readComparisons(batchId)).find((each) => each["judge"] === "external");
    for (const id of [other.comparison_id, machine?.correlation_id, "nonsense"]) {
      const response = await postJson(`/v1/batches/${batchId}/comparisons/${id}/choice`, {
        winner: "Essay A",
      });
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ code: "comparison_not_found" });
    }
  });

  it("is a choice that is none", async () => {
    const batchId = await openBatch({ essays: 2, judge: "human" });
    const { comparison_id: id } = await comparisonFor(batchId, "anna");
    for (const choice of [
      {},
      { winner: "both" },
      { winner: "Essay A", confidence: 6 },
      { winner: "Essay A", judge_id: "" },
    ]) {
      const response = await postJson(`/v1/batches/${batchId}/comparisons/${id}/choice`, choice);
      expect(response.status).toBe(422);
    }
    expect(await readBatch(batchId)).toMatchObject({ completed_comparisons: 0 });
  });
});

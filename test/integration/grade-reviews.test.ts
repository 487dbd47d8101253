/** What people say of grades. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { assignmentWith, gradedBatch, judgeBy, readResults, studentEssays } from "./graded-batch.ts";
import {
  call,
  evict,
  objectOf,
  openBatch,
  readBatch,
  runInDurableObject,
  untilPublished,
  untilState,
} from "./harness.ts";

describe("a review of a grade", () => {
  function review(batchId: string, essayId: string, body: object) {
    return call(`/v1/batches/${batchId}/results/${encodeURIComponent(essayId)}/review`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  }

  it("stands beside the projected grade, in results, D1, CSV and history", async () => {
    const batchId = await gradedBatch();
    await untilPublished((await readBatch(batchId)).bos_batch_id);
    const before = (await readResults(batchId)).rankings.find(({ essay_id }) => essay_id === "student-1");
    const response = await review(batchId, "student-1", { reviewed_by: "A. Reader", grade: "B" });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      essay_id: "student-1",
      grade: before?.grade,
      review: { reviewed_by: "A. Reader", grade: "B" },
    });
    await evict(batchId);
    const { rankings } = await readResults(batchId);
    const after = rankings.find(({ essay_id }) => essay_id === "student-1");
    expect(after).toMatchObject({ grade: before?.grade, review: { reviewed_by: "A. Reader", grade: "B" } });
    expect(rankings.filter((each) => each.review !== null)).toHaveLength(1);
    const row = await env.DB.prepare(
      "SELECT review FROM essay_results WHERE batch_id = ? AND essay_id = 'student-1'",
    )
      .bind(batchId)
      .first();
    expect(JSON.parse(String(row?.["review"]))).toEqual(after?.review);
    const csv = await (await call(`/v1/batches/${batchId}/results?format=csv`)).text();
    expect(csv).toContain(",A. Reader,B\r\n");
    const history = await (await call(`/v1/batches/${batchId}/history`)).json();
    expect(history).toMatchObject({
      reviews: [{ essay_id: "student-1", reviewed_by: "A. Reader", grade: "B" }],
    });
  });

  it("without a grade lets the claimed one stand; the newest counts, the history has all, the same twice is once", async () => {
    const batchId = await gradedBatch();
    const claimed = (await readResults(batchId)).rankings.find(({ essay_id }) => essay_id === "student-0");
    await review(batchId, "student-0", { reviewed_by: "A. Reader" });
    await review(batchId, "student-0", { reviewed_by: "A. Reader" });
    await review(batchId, "student-0", { reviewed_by: "B. Reader", grade: "C" });
    await evict(batchId);
    const { rankings } = await readResults(batchId);
    expect(rankings.find(({ essay_id }) => essay_id === "student-0")?.review).toMatchObject({
      reviewed_by: "B. Reader",
      grade: "C",
    });
    const history = await (await call(`/v1/batches/${batchId}/history`)).json();
    expect(z.looseObject({ reviews: z.array(z.looseObject({})) }).parse(history).reviews).toMatchObject([
      { reviewed_by: "A. Reader", grade: claimed?.grade?.grade },
      { reviewed_by: "B. Reader", grade: "C" },
    ]);
  });

  it("can name a grade where none is claimed, and must", async () => {
    const assignment = await assignmentWith([]);
    const batchId = await openBatch({ essays: studentEssays, body: { assignment_id: assignment.id } });
    await judgeBy(batchId, [0, 1, 2]);
    await untilState(batchId, "COMPLETED");
    const without = await review(batchId, "student-0", { reviewed_by: "A. Reader" });
    expect(without.status).toBe(422);
    expect(await without.json()).toMatchObject({
      code: "unknown_grade",
      detail: "Expected grade to be one of F, E, D, D+, C, C+, B, A, got none.",
    });
    expect((await review(batchId, "student-0", { reviewed_by: "A. Reader", grade: "D+" })).status).toBe(200);
  });

  it("is refused for what cannot be reviewed, with a problem that says why", async () => {
    const batchId = await gradedBatch();
    const anchor = (await readResults(batchId)).rankings.find(({ is_anchor }) => is_anchor);
    const cases: [Promise<Response>, number, string][] = [
      [review(batchId, "student-0", { reviewed_by: "A", grade: "G" }), 422, "unknown_grade"],
      [review(batchId, "student-9", { reviewed_by: "A" }), 404, "essay_not_found"],
      [review(batchId, anchor?.essay_id ?? "", { reviewed_by: "A" }), 409, "grade_not_reviewable"],
      [review(batchId, "student-0", { reviewed_by: " " }), 422, "validation_failed"],
      [review(batchId, "student-0", {}), 422, "validation_failed"],
      [review("0000000000000", "student-0", { reviewed_by: "A" }), 404, "batch_not_found"],
    ];
    for (const [answer, status, code] of cases) {
      const response = await answer;
      expect([
        response.status,
        z.looseObject({ code: z.string() }).parse(await response.json()).code,
      ]).toEqual([status, code]);
    }
    const ungraded = await openBatch({ essays: 2 });
    expect(await (await review(ungraded, "essay-1", { reviewed_by: "A" })).json()).toMatchObject({
      code: "results_not_ready",
    });
    await judgeBy(ungraded, [0, 1]);
    await untilState(ungraded, "COMPLETED");
    expect(await (await review(ungraded, "essay-1", { reviewed_by: "A" })).json()).toMatchObject({
      code: "grade_not_reviewable",
      detail: expect.stringContaining("no grade scale"),
    });
    const cancelled = await openBatch({ essays: 2 });
    await call(`/v1/batches/${cancelled}/cancel`, { method: "POST" });
    expect(await (await review(cancelled, "essay-1", { reviewed_by: "A" })).json()).toMatchObject({
      code: "no_results",
    });
  });

  it("is erased with its batch", async () => {
    const batchId = await gradedBatch();
    await review(batchId, "student-0", { reviewed_by: "A. Reader" });
    expect((await call(`/v1/batches/${batchId}`, { method: "DELETE" })).status).toBe(204);
    const left = await runInDurableObject(objectOf(batchId), (_object, { storage }) =>
      storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM reviews").one(),
    );
    expect(left).toEqual({ n: 0 });
  });
});

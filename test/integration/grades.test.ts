/** A batch with an assignment: its anchors among the essays, and its grades. */
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  assignmentWith,
  gradedBatch,
  judgeBy,
  LABELS,
  qualities,
  readResults,
  STUDENTS,
  studentEssays,
} from "./graded-batch.ts";
import {
  backToThePresent,
  call,
  EVICTIONS,
  eventually,
  evict,
  fireAlarm,
  objectOf,
  openBatch,
  postEvents,
  postJson,
  questionsWith,
  readBatch,
  requestEvent,
  runInDurableObject,
  travelHours,
  untilPublished,
  untilState,
} from "./harness.ts";

afterEach(backToThePresent);

describe.each(EVICTIONS)("a batch with an assignment, $memory", ({ between }) => {
  it("compares the anchors like any essay, and grades the students by them", async () => {
    const batchId = await gradedBatch(between);
    await between(batchId);
    expect(await readBatch(batchId)).toMatchObject({
      assignment_id: expect.any(String),
      essays: { total: 11, anchors: 8 },
      total_comparisons: 55,
      completed_comparisons: 55,
    });
    const { rankings, grading } = await readResults(batchId);
    expect(rankings).toHaveLength(11);
    const known = rankings.flatMap(({ is_anchor, known_grade }) => (is_anchor ? [known_grade] : []));
    expect(known.toSorted()).toEqual(LABELS.toSorted());
    expect(grading).toMatchObject({
      claimed: true,
      withheld: null,
      anchors: 8,
      grades: LABELS,
      grades_without_anchor: [],
    });
    for (const { essay_id, is_anchor, anchor_id, known_grade, grade } of rankings) {
      if (is_anchor) {
        expect(grade).toBeNull();
        expect(anchor_id).toContain(known_grade ?? "?");
        continue;
      }
      expect([anchor_id, known_grade]).toEqual([null, null]);
      const quality = STUDENTS[Number(essay_id.slice("student-".length))];
      expect(Math.abs(LABELS.indexOf(grade?.grade ?? "") - quality)).toBeLessThanOrEqual(1.5);
      expect(grade?.probabilities.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 2);
      expect(grade?.warning).toBe((grade?.wrong_probability ?? 0) > 0.5 ? "probably_wrong" : null);
    }
    const wrong = rankings.flatMap(({ grade }) => (grade === null ? [] : [grade.wrong_probability]));
    expect(grading?.expected_misclassification).toBeCloseTo(
      wrong.reduce((sum, value) => sum + value, 0) / wrong.length,
      3,
    );
  });
});

describe("grades", () => {
  it("are the same from the batch and from the read model", async () => {
    const batchId = await gradedBatch();
    await untilPublished((await readBatch(batchId)).bos_batch_id);
    const fromD1 = await eventually(async () => {
      const row = await env.DB.prepare("SELECT state FROM batches WHERE batch_id = ?").bind(batchId).first();
      return row?.["state"] === "COMPLETED" ? await readResults(batchId) : undefined;
    });
    await env.DB.prepare("UPDATE batches SET state = 'SCORING' WHERE batch_id = ?").bind(batchId).run();
    expect(await readResults(batchId)).toEqual(fromD1);
    const { results: rows } = await env.DB.prepare(
      "SELECT anchor_id, anchor_grade, grade FROM essay_results WHERE batch_id = ?",
    )
      .bind(batchId)
      .all();
    expect(rows.filter(({ anchor_grade }) => anchor_grade !== null)).toHaveLength(8);
    expect(rows.filter(({ grade }) => LABELS.includes(String(grade)))).toHaveLength(3);
  });

  it("stand in the CSV with their columns", async () => {
    const batchId = await gradedBatch();
    const response = await call(`/v1/batches/${batchId}/results?format=csv`);
    const [header, ...lines] = (await response.text()).trim().split("\r\n");
    expect(header).toContain("known_grade,grade,wrong_probability,within_one_probability,has_anchor,warning");
    expect(lines).toHaveLength(11);
    expect(lines.filter((line) => line.includes(",anchor of "))).toHaveLength(8);
  });

  it("travel in the published result: letters, confidence, labels, anchors with their known grade", async () => {
    const batchId = await gradedBatch();
    const { bos_batch_id } = await readBatch(batchId);
    const { rankings } = await readResults(batchId);
    const published = await untilPublished(bos_batch_id);
    const dataOf = (topic: string) => published.find((record) => record.topic.includes(topic))?.envelope.data;
    const result = z
      .looseObject({
        essay_results: z.array(z.looseObject({ essay_id: z.string(), letter_grade: z.string() })),
        assessment_metadata: z.looseObject({}),
      })
      .parse(dataOf("assessment.result.published"));
    for (const ranked of rankings) {
      const sent = result.essay_results.find(({ essay_id }) => essay_id === ranked.essay_id);
      const right = ranked.grade === null ? 1 : 1 - ranked.grade.wrong_probability;
      expect(sent).toMatchObject({
        letter_grade: ranked.known_grade ?? ranked.grade?.grade,
        confidence_score: expect.closeTo(right, 10),
        confidence_label: right >= 0.7 ? "HIGH" : right >= 0.5 ? "MID" : "LOW",
        is_anchor: ranked.is_anchor,
        display_name: ranked.is_anchor ? `ANCHOR GRADE ${ranked.known_grade}` : null,
      });
    }
    expect(result.assessment_metadata).toMatchObject({
      anchor_essays_used: 8,
      calibration_method: "anchor",
      anchor_grade_distribution: Object.fromEntries(LABELS.map((label) => [label, 1])),
      human_share: 0,
    });
    const completed = z
      .looseObject({
        processing_summary: z.looseObject({
          total_essays: z.number(),
          successful_essay_ids: z.array(z.string()),
        }),
        rankings: z.array(z.looseObject({ essay_id: z.string() })),
      })
      .parse(dataOf("cj_assessment.completed"));
    expect(completed.processing_summary.total_essays).toBe(3);
    const students = studentEssays.map(({ essay_id }) => essay_id).toSorted();
    expect(completed.processing_summary.successful_essay_ids.toSorted()).toEqual(students);
    expect(completed.rankings.map(({ essay_id }) => essay_id).toSorted()).toEqual(students);
  });

  it("that are no letters travel beside the result's U", async () => {
    const grades = ["1", "3", "5", "7", "9"];
    const assignment = await assignmentWith(grades, { grade_scale: "eng5_np_national_9_step" });
    const batchId = await openBatch({ essays: studentEssays, body: { assignment_id: assignment.id } });
    await judgeBy(batchId, [0.5, 1.5, 3.5]);
    const { bos_batch_id } = await untilState(batchId, "COMPLETED");
    const { rankings, grading } = await readResults(batchId);
    expect(grading?.grades).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    expect(grading?.grades_without_anchor).toEqual(["0", "2", "4", "6", "8"]);
    for (const { grade } of rankings) {
      if (grade !== null) expect(grade.has_anchor).toBe(grades.includes(grade.grade));
    }
    const [rich] = (await untilPublished(bos_batch_id)).filter(({ topic }) =>
      topic.includes("result.published"),
    );
    const data = z
      .looseObject({
        essay_results: z.array(z.looseObject({ letter_grade: z.string() })),
        assessment_metadata: z.looseObject({ grades: z.record(z.string(), z.string()) }),
      })
      .parse(rich.envelope.data);
    expect(data.essay_results.every(({ letter_grade }) => letter_grade === "U")).toBe(true);
    expect(data.assessment_metadata.grades).toEqual(
      Object.fromEntries(
        rankings.map(({ essay_id, known_grade, grade }) => [essay_id, known_grade ?? grade?.grade]),
      ),
    );
  });

  it.each([
    ["no anchors", []],
    ["anchors of one grade", ["C", "C"]],
  ])("are not claimed with %s, and the result says why", async (_, grades) => {
    const assignment = await assignmentWith(grades);
    const batchId = await openBatch({ essays: studentEssays, body: { assignment_id: assignment.id } });
    await judgeBy(batchId, [0.5, 1.5, 2.5]);
    const { bos_batch_id } = await untilState(batchId, "COMPLETED");
    const { rankings, grading } = await readResults(batchId);
    expect(grading).toMatchObject({
      claimed: false,
      withheld: "too_few_anchor_grades",
      statement: expect.stringContaining("at least two different grades"),
      expected_misclassification: null,
    });
    expect(rankings.every(({ grade }) => grade === null)).toBe(true);
    const [rich] = (await untilPublished(bos_batch_id)).filter(({ topic }) =>
      topic.includes("result.published"),
    );
    const data = z.looseObject({ essay_results: z.array(z.looseObject({})) }).parse(rich.envelope.data);
    const students = data.essay_results.filter(({ is_anchor }) => is_anchor === false);
    for (const student of students)
      expect(student).toMatchObject({ letter_grade: "U", confidence_score: 0, confidence_label: "LOW" });
  });

  it("are not spoken of in a batch without an assignment", async () => {
    const batchId = await openBatch({ essays: 3 });
    await judgeBy(batchId, [0, 1, 2]);
    await untilState(batchId, "COMPLETED");
    expect(await readResults(batchId)).toMatchObject({ grading: null, human_share: 0 });
  });

  it("can be asked for a single essay, which is compared with the anchors", async () => {
    const assignment = await assignmentWith(LABELS);
    const batchId = await openBatch({
      essays: [{ essay_id: "late", text: "I was ill and write now." }],
      body: { assignment_id: assignment.id },
    });
    await judgeBy(batchId, [3.5]);
    expect(await untilState(batchId, "COMPLETED")).toMatchObject({ total_comparisons: 36 });
    const { rankings } = await readResults(batchId);
    expect(rankings.find(({ essay_id }) => essay_id === "late")?.grade).not.toBeNull();
  });
});

describe("an assignment's texts", () => {
  async function questionsAbout(mark: string, count: number) {
    return eventually(async () => {
      const taken = await questionsWith(mark);
      return taken.length >= count ? taken : undefined;
    });
  }

  it("are the defaults of the prompt, which the request can replace", async () => {
    const mark = crypto.randomUUID();
    const assignment = await assignmentWith(["F", "A"], { rubric: `Rubric ${mark}.` });
    await openBatch({
      essays: studentEssays,
      judge: "provider-service",
      body: { assignment_id: assignment.id, prompt: "The request's own prompt." },
    });
    for (const { user_prompt } of await questionsAbout(mark, 10)) {
      expect(user_prompt).toContain("The request's own prompt.");
      expect(user_prompt).not.toContain("The assignment's prompt.");
      expect(user_prompt).toContain("The assignment's instructions.");
    }
  });

  it("P19: nothing that a judge is sent tells an anchor from a student's essay, neither prompt nor metadata", async () => {
    const mark = crypto.randomUUID();
    const assignment = await assignmentWith(["F", "C", "A"], { rubric: `Rubric ${mark}.` });
    const batchId = await openBatch({
      essays: studentEssays,
      judge: "provider-service",
      body: { assignment_id: assignment.id },
    });
    const taken = await questionsAbout(mark, 15);
    const named = new Set(taken.flatMap(({ metadata }) => [metadata.essay_a_id, metadata.essay_b_id]));
    expect(named.size).toBe(6);
    for (const id of named)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const sent = JSON.stringify(taken);
    expect(sent).not.toMatch(/student-\d|anchor of|anchor_|ANCHOR|known_grade|is_anchor/);
    // Who reads the results may know, and finds the same name for an anchor there.
    const ids = [...(await qualities(batchId, STUDENTS)).keys()];
    expect(ids.slice(3).every((id) => named.has(id))).toBe(true);
  });

  it("are copied into the batch: the assignment may go, the batch goes on", async () => {
    const assignment = await assignmentWith(LABELS);
    const batchId = await openBatch({ essays: studentEssays, body: { assignment_id: assignment.id } });
    await call(`/v1/assignments/${assignment.id}`, { method: "DELETE" });
    await evict(batchId);
    await judgeBy(batchId, STUDENTS);
    await untilState(batchId, "COMPLETED");
    expect((await readResults(batchId)).grading).toMatchObject({ claimed: true, anchors: 8 });
  });

  async function textsOf(batchId: string) {
    return runInDurableObject(objectOf(batchId), (_object, { storage }) =>
      storage.sql.exec<{ texts: number }>("SELECT count(text) AS texts FROM essays").toArray().at(0),
    );
  }

  it("are removed from the batch with those of the students when its retention is over", async () => {
    const batchId = await gradedBatch();
    await untilPublished((await readBatch(batchId)).bos_batch_id);
    expect(await textsOf(batchId)).toEqual({ texts: 11 });
    travelHours(24 * 31);
    await fireAlarm(batchId);
    expect(await textsOf(batchId)).toEqual({ texts: 0 });
    backToThePresent();
    expect((await readResults(batchId)).grading).toMatchObject({ claimed: true });
  });
});

describe("an assignment that does not exist", () => {
  it("is a problem over HTTP, and nothing is opened", async () => {
    const key = crypto.randomUUID();
    const open = (body: object) =>
      postJson(
        "/v1/batches",
        { essays: studentEssays, judge: "external", ...body },
        { "idempotency-key": key },
      );
    const response = await open({ assignment_id: "nobody's" });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      code: "unknown_assignment",
      detail: expect.stringMatching(/"nobody's".*POST \/v1\/assignments/),
    });
    expect((await open({})).status).toBe(202);
  });

  it("does not matter to a request that opened its batch before the assignment was deleted", async () => {
    const assignment = await assignmentWith(["F", "A"]);
    const request = { essays: studentEssays, judge: "external", assignment_id: assignment.id };
    const headers = { "idempotency-key": crypto.randomUUID() };
    const first = await (await postJson("/v1/batches", request, headers)).json();
    await call(`/v1/assignments/${assignment.id}`, { method: "DELETE" });
    const again = await postJson("/v1/batches", request, headers);
    expect(again.status).toBe(202);
    expect(await again.json()).toMatchObject({
      batch_id: z.looseObject({ batch_id: z.string() }).parse(first).batch_id,
    });
  });

  it("fails a Kafka request's batch at once, so that upstream hears of it", async () => {
    const event = requestEvent(
      studentEssays.map(({ essay_id, text }) => ({ essay_id, text_content: text })),
      { data: { assignment_id: "nobody's" }, metadata: { batch_config_overrides: { judge: "external" } } },
    );
    await postEvents([event]);
    const published = await untilPublished(event.data.entity_id);
    expect(published.map(({ topic }) => topic)).toEqual(["huleedu.cj_assessment.failed.v1"]);
    expect(JSON.stringify(published[0].envelope.data)).toContain("owner kafka");
  });
});

describe("a Kafka request with an assignment", () => {
  it("finds the one that is kept for Kafka, and is graded by it", async () => {
    const assignment = await assignmentWith(LABELS, { owner: "kafka" });
    const event = requestEvent(
      studentEssays.map(({ essay_id, text }) => ({ essay_id, text_content: text })),
      { data: { assignment_id: assignment.id }, metadata: { batch_config_overrides: { judge: "external" } } },
    );
    const [outcome] = await postEvents([event]);
    const { batch_id: batchId } = z.looseObject({ batch_id: z.string() }).parse(outcome);
    await judgeBy(batchId, STUDENTS);
    await untilState(batchId, "COMPLETED");
    expect((await readResults(batchId)).grading).toMatchObject({ claimed: true, anchors: 8 });
    const [rich] = await untilPublished(event.data.entity_id);
    expect(rich.envelope.data).toMatchObject({ assignment_id: assignment.id });
  });
});

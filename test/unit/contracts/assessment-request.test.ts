import { describe, expect, it } from "vitest";
import {
  assessmentRequestSchema,
  MAX_ESSAY_BYTES,
  MAX_ESSAYS,
  requestMetadataSchema,
  studentPromptStorageId,
} from "../../../src/contracts/assessment-request.ts";
import { violationsOf } from "../../../src/contracts/contract-violation.ts";
import { dataOf, EXAMPLES, type Message, withField } from "./messages.ts";

const request = dataOf(EXAMPLES.request);
const BATCH = "6dd53bfe-cdcb-4c4d-9bfb-db906eba955a";

function requestWith(fields: Message) {
  return assessmentRequestSchema.safeParse({ ...request, ...fields });
}

function refusals(message: Message) {
  const { error } = assessmentRequestSchema.safeParse(message);
  return error === undefined ? [] : violationsOf(error);
}

function essays(count: number) {
  return Array.from({ length: count }, (_, number) => ({ essay_id: `essay-${number}`, text_content: "…" }));
}

describe("the BOS batch id of a request", () => {
  it("is read from entity_id", () => {
    expect(assessmentRequestSchema.parse(request).bos_batch_id).toBe(BATCH);
  });

  it("is read from entity_ref when there is no entity_id, as text or as a reference", () => {
    expect(requestWith({ entity_id: null, entity_ref: "batch-7" }).data?.bos_batch_id).toBe("batch-7");
    const reference = { entity_id: "batch-8", entity_type: "batch" };
    expect(requestWith({ entity_id: undefined, entity_ref: reference }).data?.bos_batch_id).toBe("batch-8");
  });

  it("is entity_id when both are there", () => {
    expect(requestWith({ entity_ref: "other" }).data?.bos_batch_id).toBe(BATCH);
  });

  it("must be in one of them", () => {
    expect(refusals({ ...request, entity_id: null })).toEqual([
      { field: "entity_id", message: "expected the BOS batch id in entity_id or entity_ref" },
    ]);
  });

  it("survives being written and read again", () => {
    const once = assessmentRequestSchema.parse({ ...request, entity_id: null, entity_ref: "batch-7" });
    expect(assessmentRequestSchema.parse(JSON.parse(JSON.stringify(once)))).toEqual(once);
  });
});

describe("the essays of a request", () => {
  it("come by reference or inline", () => {
    const inline = { essay_id: "a", text_content: "My journey began …" };
    const stored = { essay_id: "b", text_storage_id: "0f1e2d3c" };
    expect(requestWith({ essays_for_cj: [inline, stored] }).data?.essays_for_cj).toEqual([inline, stored]);
  });

  it("may be empty texts, which the batch reports as failed", () => {
    expect(requestWith({ essays_for_cj: [{ essay_id: "a", text_content: "" }] }).success).toBe(true);
  });

  it("may be none or one: the batch has an ending for both", () => {
    expect(requestWith({ essays_for_cj: [] }).success).toBe(true);
    expect(requestWith({ essays_for_cj: essays(1) }).success).toBe(true);
  });

  it("need a text or a reference", () => {
    expect(refusals({ ...request, essays_for_cj: [{ essay_id: "a" }] })).toEqual([
      {
        field: "essays_for_cj[0].text_storage_id",
        message: "expected text_storage_id, or the essay itself in text_content",
      },
    ]);
  });

  it("are each there once", () => {
    const again = [...essays(2), { essay_id: "essay-0", text_content: "again" }];
    expect(refusals({ ...request, essays_for_cj: again })).toEqual([
      { field: "essays_for_cj[2].essay_id", message: 'expected every essay once, got "essay-0" again' },
    ]);
  });

  it(`are at most ${MAX_ESSAYS}`, () => {
    expect(requestWith({ essays_for_cj: essays(MAX_ESSAYS) }).success).toBe(true);
    expect(refusals({ ...request, essays_for_cj: essays(MAX_ESSAYS + 1) }).at(0)?.message).toContain("2000");
  });

  it("are measured in bytes of UTF-8, not in characters", () => {
    const swedish = "å".repeat(MAX_ESSAY_BYTES / 2);
    expect(requestWith({ essays_for_cj: [{ essay_id: "a", text_content: swedish }] }).success).toBe(true);
    const over = [{ essay_id: "a", text_content: `${swedish}.` }];
    expect(refusals({ ...request, essays_for_cj: over })).toEqual([
      {
        field: "essays_for_cj[0].text_content",
        message: "expected at most 100000 bytes of UTF-8, got 100001",
      },
    ]);
  });
});

describe("the rest of a request", () => {
  // The original service refuses courses that it does not know; here no rule depends on the course.
  it.each(["ENG5", "MAT1"])("may name the course %s, known to the original service or not", (course) => {
    expect(requestWith({ course_code: course }).data?.course_code).toBe(course);
  });

  it("keeps a temperature of 0", () => {
    const read = requestWith({ llm_config_overrides: { temperature_override: 0 } });
    expect(read.data?.llm_config_overrides?.temperature_override).toBe(0);
  });

  it("ignores what it does not know and what it does not use", () => {
    const read = requestWith({ system_metadata: undefined, colour: "blue" });
    expect(read.success).toBe(true);
    expect(read.data).not.toHaveProperty("colour");
  });

  it("tells where the students' prompt is stored, if anywhere", () => {
    expect(studentPromptStorageId(assessmentRequestSchema.parse(request))).toBe(
      "ffeeddccbbaa99887766554433221100",
    );
    expect(studentPromptStorageId({ student_prompt_ref: { references: {} } })).toBeNull();
    expect(studentPromptStorageId({ student_prompt_ref: null })).toBeNull();
  });

  it.each<[(string | number)[], unknown, string]>([
    [["essays_for_cj"], undefined, "expected array"],
    [["essays_for_cj"], {}, "expected array"],
    [["essays_for_cj", 0, "essay_id"], "", ">=1 characters"],
    [["essays_for_cj", 0, "text_storage_id"], 7, "expected string"],
    [["language"], undefined, "expected string"],
    [["course_code"], "x".repeat(51), "<=50 characters"],
    [["user_id"], null, "expected string"],
    [["org_id"], 7, "expected string"],
    [["assignment_id"], "x".repeat(101), "<=100 characters"],
    [["timestamp"], "now", "ISO 8601"],
    [["student_prompt_ref", "references", "student_prompt_text", "storage_id"], null, "expected string"],
    [["llm_config_overrides", "temperature_override"], 2.1, "<=2"],
    [["llm_config_overrides", "max_tokens_override"], 0, ">0"],
  ])("is refused when %j is %j", (path, value, expected) => {
    expect(refusals(withField(request, path, value))).toEqual([
      {
        field: path.reduce<string>(
          (name, step) => (typeof step === "number" ? `${name}[${step}]` : join(name, step)),
          "",
        ),
        message: expect.stringContaining(expected),
      },
    ]);
  });
});

describe("what a request may ask for in the envelope's metadata", () => {
  it("is a budget, configuration overrides and a batching hint; other keys are not read", () => {
    const metadata = { max_comparisons: 60, batch_config_overrides: { batch_size: 25 }, runner_mode: "x" };
    expect(requestMetadataSchema.parse(metadata)).toEqual({
      max_comparisons: 60,
      batch_config_overrides: { batch_size: 25 },
      llm_batching_mode_hint: null,
    });
  });

  it.each([0, -1, 1.5, "60"])(
    "a budget of %j is refused, because ignoring it would spend money",
    (budget) => {
      expect(requestMetadataSchema.safeParse({ max_comparisons: budget }).success).toBe(false);
    },
  );

  it("a batching hint is read in any case, and dropped when nobody knows it", () => {
    const hint = (text: string) =>
      requestMetadataSchema.parse({ llm_batching_mode_hint: text }).llm_batching_mode_hint;
    expect(hint("Serial_Bundle")).toBe("serial_bundle");
    expect(hint("by-pigeon")).toBeNull();
  });
});

function join(name: string, step: string): string {
  return name === "" ? step : `${name}.${step}`;
}

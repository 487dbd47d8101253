import { z } from "@hono/zod-openapi";
import { MAX_ESSAY_BYTES } from "../assessment-request.ts";
import {
  type GradeScale,
  gradeProblem,
  gradeScaleSchema,
  MAX_GRADE_LENGTH,
  requestedScaleSchema,
} from "../grade-scale.ts";
import { essayIdSchema, identifier, MAX_ESSAY_ID_BYTES, shown } from "../text.ts";
import { MAX_PROMPT_BYTES, textOfBytes } from "./text-of-bytes.ts";

const timestamp = z.string().openapi({ format: "date-time" });

/** Longest id of an assignment, in characters. */
const MAX_ASSIGNMENT_ID_LENGTH = 100;
/** Most anchors of one assignment. */
export const MAX_ANCHORS = 100;
/** Shortest anchor, in characters without white space at its ends: less says nothing about a grade. */
export const MIN_ANCHOR_CHARACTERS = 100;
/** The owner of the batches that come over the event bus, and of the assignments that they name. */
export const KAFKA_OWNER = "kafka";

/** An assignment's id stands in a path, so it has no slash, and it is compared as it is. */
const assignmentIdSchema = identifier(MAX_ASSIGNMENT_ID_LENGTH).refine(
  (id) => !/[\p{Cc}/?#]|^\.{1,2}$/u.test(id),
  { error: "expected an id without slash, question mark, hash sign and control characters, and not . or .." },
);

const anchorSchema = z
  .object({
    anchor_id: essayIdSchema.nullish().openapi({ description: "default: `anchor-1`, `anchor-2`, …" }),
    grade: identifier(MAX_GRADE_LENGTH).openapi({ description: "one of the scale's grades" }),
    text: textOfBytes(MAX_ESSAY_BYTES).refine((text) => lengthOf(text) >= MIN_ANCHOR_CHARACTERS, {
      error: ({ input }) =>
        `expected at least ${MIN_ANCHOR_CHARACTERS} characters, got ${lengthOf(String(input))}`,
    }),
  })
  .openapi("AnchorToKeep");

/** What `POST /v1/assignments` takes. Null means the same as absent; unknown fields are ignored. */
export const createAssignmentRequestSchema = z
  .object({
    assignment_id: assignmentIdSchema.nullish().openapi({
      description: "the caller's name for it; the same request under it finds the same assignment",
    }),
    owner: identifier(100).nullish().openapi({
      description:
        "default: the caller. `kafka`, with the scope `events` or `admin`, for the assignments that requests over Kafka name",
    }),
    title: identifier(200).nullish(),
    prompt: textOfBytes(MAX_PROMPT_BYTES)
      .nullish()
      .openapi({ description: "the task given to the students" }),
    instructions: textOfBytes(MAX_PROMPT_BYTES).nullish().openapi({ description: "assessment criteria" }),
    rubric: textOfBytes(MAX_PROMPT_BYTES).nullish().openapi({ description: "instructions for the judge" }),
    grade_scale: requestedScaleSchema,
    anchors: z
      .array(anchorSchema)
      .max(MAX_ANCHORS, `expected at most ${MAX_ANCHORS} anchors`)
      .nullish()
      .transform((anchors) =>
        (anchors ?? []).map(({ anchor_id, ...anchor }, index) => ({
          ...anchor,
          anchor_id: anchor_id ?? `anchor-${index + 1}`,
        })),
      ),
  })
  .superRefine(refuseForeignGrades)
  .superRefine(refuseRepeatedAnchors)
  .openapi("CreateAssignmentRequest", {
    examples: [
      {
        assignment_id: "coast-2026",
        prompt: "Describe a day at the coast.",
        grade_scale: "swedish_8_anchor",
        anchors: [
          {
            anchor_id: "middling",
            grade: "C",
            text: `${"We went down to the sea in the morning. ".repeat(3)}`,
          },
        ],
      },
    ],
  });
export type CreateAssignmentRequest = z.infer<typeof createAssignmentRequestSchema>;

const links = z.object({ self: z.string() }).openapi("AssignmentLinks");

const listedAssignmentSchema = z
  .object({
    assignment_id: z.string(),
    owner: z.string(),
    title: z.string().nullable(),
    grade_scale: z.string().openapi({ description: "the scale's name; `custom` for one of its own" }),
    anchor_count: z.int().nonnegative(),
    created_at: timestamp,
    links,
  })
  .openapi("ListedAssignment");
export type ListedAssignment = z.infer<typeof listedAssignmentSchema>;

export const assignmentListSchema = z
  .object({ assignments: z.array(listedAssignmentSchema), next_cursor: z.string().nullable() })
  .openapi("AssignmentList");

export const assignmentSchema = z
  .object({
    assignment_id: z.string(),
    owner: z.string(),
    title: z.string().nullable(),
    prompt: z.string().nullable(),
    instructions: z.string().nullable(),
    rubric: z.string().nullable(),
    grade_scale: gradeScaleSchema,
    anchors: z.array(z.object({ anchor_id: z.string(), grade: z.string(), text: z.string() })),
    created_at: timestamp,
    links,
  })
  .openapi("Assignment");
export type AssignmentBody = z.infer<typeof assignmentSchema>;

/** In characters (code points), without white space at the ends. */
function lengthOf(text: string): number {
  return [...text.trim()].length;
}

interface GradedOnScale {
  readonly grade_scale: GradeScale;
  /** without the ids that are given by default, when something else is wrong with them */
  readonly anchors: readonly { readonly anchor_id?: string | null; readonly grade: string }[];
}

function refuseForeignGrades({ grade_scale, anchors }: GradedOnScale, context: z.core.$RefinementCtx): void {
  for (const [index, { grade }] of anchors.entries()) {
    const message = gradeProblem(grade_scale, grade);
    if (message !== null) context.addIssue({ code: "custom", path: ["anchors", index, "grade"], message });
  }
}

function refuseRepeatedAnchors({ anchors }: GradedOnScale, context: z.core.$RefinementCtx): void {
  const seen = new Set<string>();
  for (const [index, { anchor_id }] of anchors.entries()) {
    if (typeof anchor_id !== "string") continue;
    const message = `expected every anchor id once, got ${shown(anchor_id, MAX_ESSAY_ID_BYTES)} again`;
    if (seen.has(anchor_id))
      context.addIssue({ code: "custom", path: ["anchors", index, "anchor_id"], message });
    seen.add(anchor_id);
  }
}

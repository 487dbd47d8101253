import { z } from "@hono/zod-openapi";

/** Every problem that the API can answer with; `docs/errors/CODE.md` explains each. Codes are never renamed or reused. */
export const PROBLEM_CODES = [
  "assignment_conflict",
  "assignment_not_found",
  "batch_already_ended",
  "batch_gone",
  "batch_not_found",
  "comparison_not_found",
  "comparisons_not_plannable",
  "content_service_not_configured",
  "dead_letter_already_replayed",
  "dead_letter_not_found",
  "dead_letter_not_kept",
  "essay_not_found",
  "forbidden",
  "grade_not_reviewable",
  "idempotency_conflict",
  "internal_error",
  "judge_unavailable",
  "malformed_body",
  "method_not_allowed",
  "misconfigured",
  "no_results",
  "not_for_people",
  "not_found",
  "results_not_ready",
  "too_large",
  "too_deeply_nested",
  "too_many_records",
  "too_many_requests",
  "too_many_reviews",
  "unauthorized",
  "unavailable",
  "unknown_assignment",
  "unknown_grade",
  "unsupported_media_type",
  "validation_failed",
] as const;
export type ProblemCode = (typeof PROBLEM_CODES)[number];

/** A problem document (RFC 9457) with this service's extension members `code`, `correlation_id` and `errors`. */
export const problemSchema = z
  .object({
    type: z.string().openapi({ description: "path of the page that explains this kind of problem" }),
    title: z.string(),
    status: z.int(),
    detail: z.string().openapi({ description: "what was wrong this time, and the limit or value expected" }),
    instance: z.string().openapi({ description: "path of the request" }),
    code: z.enum(PROBLEM_CODES),
    correlation_id: z.string(),
    errors: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .optional()
      .openapi({ description: "what is wrong, field by field: the first 20" }),
  })
  .openapi("Problem");
export type Problem = z.infer<typeof problemSchema>;

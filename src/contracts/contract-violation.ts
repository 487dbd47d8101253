import type { z } from "zod";

/** How many violations are reported: the first ones say what is wrong, a list of thousands says nothing. */
export const MAX_REPORTED_VIOLATIONS = 20;

/** One thing that is wrong with a message. `field` is a path such as `data.essays_for_cj[1].essay_id`, or empty for the whole. */
export interface ContractViolation {
  readonly field: string;
  readonly message: string;
}

/**
 * Lists what is wrong with a message, field by field, for problem documents, dead letters and logs.
 * @param error what a schema of this folder answered.
 * @returns at most {@link MAX_REPORTED_VIOLATIONS} violations, in the order of the fields.
 */
export function violationsOf(error: z.ZodError): ContractViolation[] {
  return error.issues
    .slice(0, MAX_REPORTED_VIOLATIONS)
    .map((issue) => ({ field: fieldName(issue.path), message: issue.message }));
}

/** @returns the violations as one sentence, `field: message; field: message`. */
export function describeViolations(error: z.ZodError): string {
  return violationsOf(error)
    .map(({ field, message }) => (field === "" ? message : `${field}: ${message}`))
    .join("; ");
}

function fieldName(path: readonly PropertyKey[]): string {
  return path.reduce<string>((name, part) => {
    if (typeof part === "number") return `${name}[${part}]`;
    return name === "" ? String(part) : `${name}.${String(part)}`;
  }, "");
}

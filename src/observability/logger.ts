import { DrizzleQueryError } from "drizzle-orm";

/** One JSON object per line; Workers Logs indexes its fields. Never pass essay texts, prompts or justifications. */

export type LogLevel = "info" | "warn" | "error";

export interface LogFields {
  readonly correlation_id?: string | null;
  readonly batch_id?: string | null;
  readonly [field: string]: string | number | boolean | null | undefined;
}

export function log(level: LogLevel, message: string, fields: LogFields = {}): void {
  const line = JSON.stringify({
    timestamp: new Date().toISOString(),
    level,
    message,
    service: "cj-edge",
    ...fields,
  });
  if (level === "error") console.error(line);
  else if (level === "warn") console.warn(line);
  else console.log(line);
}

/**
 * What went wrong, as log fields. A failed query's own message holds its parameters, which may be somebody's text; its
 * cause does not, so the cause is what is logged.
 */
export function errorFields(thrown: unknown): { readonly error: string; readonly error_name: string } {
  const error = thrown instanceof DrizzleQueryError ? thrown.cause : thrown;
  return error instanceof Error
    ? { error: error.message, error_name: error.name }
    : { error: String(error), error_name: typeof error };
}

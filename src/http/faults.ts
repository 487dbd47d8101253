/** What a thrown error says about the parts of the service that a request needs. */
import { DrizzleError, DrizzleQueryError } from "drizzle-orm";
import { z } from "zod";

/** How the platform marks a call to an object that did not get through. */
const lostCallSchema = z.union([
  z.object({ retryable: z.literal(true) }),
  z.object({ overloaded: z.literal(true) }),
]);

/** Whether the same request may succeed in a moment: an object, or D1, could not be reached. */
export function isUnreachable(error: unknown): boolean {
  return lostCallSchema.safeParse(error).success || isDatabaseFault(error);
}

/** The queries are fixed, so one that fails means that D1 did not answer or lacks its migrations. */
function isDatabaseFault(error: unknown): boolean {
  if (error instanceof DrizzleError || error instanceof DrizzleQueryError) return true;
  return error instanceof Error && error.message.startsWith("D1_");
}

import type { Review } from "../batch/review.ts";
import type { ReviewBody } from "../contracts/api/results.ts";
import { toWireDatetime } from "../contracts/datetime.ts";

/** A review as results show it, and as D1 keeps it. */
export function reviewBodyOf({ reviewedBy, grade, at }: Review): ReviewBody {
  return { reviewed_by: reviewedBy, grade, reviewed_at: toWireDatetime(at) };
}

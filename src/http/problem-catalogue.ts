import type { ProblemCode } from "../contracts/api/problem.ts";

/** How a code is answered and explained. `docs/errors/CODE.md` is this text. */
export interface ProblemKind {
  readonly status: number;
  readonly title: string;
  readonly meaning: string;
  readonly remedy: string;
}

export const PROBLEMS = {
  assignment_conflict: {
    status: 409,
    title: "Another assignment stands under this id",
    meaning:
      "An assignment with this `assignment_id`, or under this `Idempotency-Key`, was created before with different content. Assignments do not change: a grade rests on the anchors and the scale that it was given with.",
    remedy:
      "Create it under another `assignment_id`, or delete the one that stands with `DELETE /v1/assignments/{assignment_id}` first: batches that used it keep their own copy.",
  },
  assignment_not_found: {
    status: 404,
    title: "There is no such assignment",
    meaning:
      "No assignment with this id exists for the caller: it was never created, it was deleted, or it belongs to somebody else.",
    remedy:
      "List what there is with `GET /v1/assignments`. Assignments for requests over Kafka belong to `kafka`: add `?owner=kafka`, which needs the scope `events` or `admin`.",
  },
  batch_already_ended: {
    status: 409,
    title: "The batch has already ended",
    meaning:
      "The batch is `COMPLETED` or `FAILED`, so there is nothing left to stop. Its terminal event has been decided and is not taken back.",
    remedy:
      "Nothing has to be done. To remove what is stored about the batch, send `DELETE /v1/batches/{id}`.",
  },
  batch_gone: {
    status: 410,
    title: "The batch was erased",
    meaning:
      "The batch existed and was erased with `DELETE`. A tombstone without content remains, so that the same request, delivered again, does not open the batch a second time.",
    remedy: "To assess the essays anew, open a batch under a new `Idempotency-Key`.",
  },
  batch_not_found: {
    status: 404,
    title: "There is no such batch",
    meaning:
      "No batch with this id exists for the caller. An id that is malformed, a batch that was never opened and a batch that belongs to another caller are all answered in this way.",
    remedy:
      "Check the id: 13 lower-case letters and digits, as `POST /v1/batches` answered it. Use the key with which the batch was opened; batches that came over Kafka belong to `kafka` and are seen with the scope `admin`.",
  },
  comparison_not_found: {
    status: 404,
    title: "There is no such comparison for people",
    meaning:
      "The batch has no comparison with this id that a person is to judge: the id is altered, belongs to another batch, or to a comparison that a machine judges.",
    remedy:
      "Use the `comparison_id` that `GET /v1/batches/{id}/next-comparison` gave, unchanged. Verdicts of other judges go to `POST /v1/callbacks`.",
  },
  comparisons_not_plannable: {
    status: 422,
    title: "The comparisons cannot be planned",
    meaning:
      "The budget, the number of essays and the pairing strategy do not fit together: for instance fewer comparisons than it takes to connect all essays, or all pairs of more essays than the limit on comparisons allows. Or the request asks for what it can never get: repeats under `all_pairs`, or more comparisons per essay than will be asked. The `detail` names the value and its limit.",
    remedy:
      "Change the fields of `config` that the `detail` names as it says, or leave them out: the built-in defaults fit up to 2,000 essays, anchors counted. Above that, take fewer essays, or an assignment with fewer anchors.",
  },
  content_service_not_configured: {
    status: 422,
    title: "Texts cannot be fetched by reference",
    meaning:
      "An essay came with `text_storage_id`, but this deployment knows no content service to fetch it from.",
    remedy: "Send the essays inline in `text`, or have the operator set `CONTENT_SERVICE_URL`.",
  },
  dead_letter_already_replayed: {
    status: 409,
    title: "The dead letter was replayed before",
    meaning: "A dead letter is sent on once. What became of it then is in the log and in its batch.",
    remedy: "If it failed again, it has become a new dead letter: look for it in `GET /v1/dead-letters`.",
  },
  dead_letter_not_found: {
    status: 404,
    title: "There is no such dead letter",
    meaning:
      "No dead letter has this id. Dead letters are kept for 30 days, or for `RETENTION_DAYS` if that is shorter, and those of a batch go when the batch is erased.",
    remedy: "List what there is with `GET /v1/dead-letters`.",
  },
  dead_letter_not_kept: {
    status: 409,
    title: "The dead letter's message was not kept",
    meaning:
      "The message was larger than 1 MB, or was for a batch that had been erased. Only its size and its SHA-256 were kept, so it cannot be sent again from here.",
    remedy: "Send the message again from its source; `payload_sha256` tells whether it is the same.",
  },
  essay_not_found: {
    status: 404,
    title: "There is no such essay in the ranking",
    meaning:
      "The batch has a ranking, and no essay in it has this id. An essay whose text could not be fetched is not ranked.",
    remedy:
      "Check the id against `GET /v1/batches/{id}/results`. In a path it must be percent-encoded; a slash is `%2F`.",
  },
  grade_not_reviewable: {
    status: 409,
    title: "There is no grade to review",
    meaning:
      "The essay is an anchor, whose grade came with it, or the batch was opened without an assignment and so has no grade scale. The `detail` says which.",
    remedy:
      "Review the grades of the students' essays. For grades, open batches with the `assignment_id` of an assignment that has a grade scale.",
  },
  forbidden: {
    status: 403,
    title: "The key lacks the scope",
    meaning:
      "The key is valid, but has none of the scopes that this route asks for. The `detail` names them.",
    remedy: "Use a key with that scope, or have the operator add it to the key in `API_KEYS`.",
  },
  idempotency_conflict: {
    status: 422,
    title: "Another request stands under this Idempotency-Key",
    meaning:
      "A batch was opened before with the same `Idempotency-Key` and different content. One key stands for one request for ever. `correlation_id` is not part of the comparison, every other field is.",
    remedy: "Use a new key for a new request. To repeat the earlier request, send it unchanged.",
  },
  internal_error: {
    status: 500,
    title: "Something went wrong in the service",
    meaning: "The service met a fault of its own. The cause is in its log, under the `correlation_id`.",
    remedy:
      "Repeat the request: with an `Idempotency-Key` nothing happens twice. If it happens again, report the `correlation_id`.",
  },
  judge_unavailable: {
    status: 422,
    title: "The judge cannot be used",
    meaning:
      "A judge of the request, or the default one, is unknown to this deployment or lacks its configuration; or its model is. The `detail` says which and why.",
    remedy: "Choose one of the judges that the `detail` names, or have the operator configure it.",
  },
  malformed_body: {
    status: 400,
    title: "The body cannot be read",
    meaning: "The body is not JSON in UTF-8, or is empty where something is expected.",
    remedy:
      "Send valid JSON, encoded in UTF-8 (RFC 8259). The `detail` says where reading stopped, when it is known.",
  },
  method_not_allowed: {
    status: 405,
    title: "The route does not know this method",
    meaning: "The path exists, but not with this method. The `Allow` header lists those that it has.",
    remedy: "Use one of the methods in `Allow`. `GET /openapi.json` describes every route.",
  },
  misconfigured: {
    status: 503,
    title: "The service is not configured properly",
    meaning:
      "A variable or secret of the deployment is missing or cannot be used. The `detail` names it and says what is expected; its value is not repeated.",
    remedy:
      "The operator has to correct the variable and deploy again. `GET /healthz/ready` says when it is right.",
  },
  no_results: {
    status: 409,
    title: "The batch ended without a ranking",
    meaning:
      "The batch is `FAILED` or `CANCELLED`. The `detail` gives the reason, as does `failure` of the batch.",
    remedy: "Remove the cause and open a new batch under a new `Idempotency-Key`.",
  },
  not_for_people: {
    status: 409,
    title: "The batch is not judged by people",
    meaning:
      "None of the batch's judges is `human`, and it was opened without `human_share`, so that it never has anything for a person to judge. The `detail` names its judges.",
    remedy:
      "Open a batch with `human` among its `judges`, or with `human_share`. Who answers for the judge `external` posts to `/v1/callbacks`.",
  },
  not_found: {
    status: 404,
    title: "There is no such route",
    meaning: "No route of the API has this path.",
    remedy: "Check the path: `GET /openapi.json` and `/docs` list every route. Paths have no trailing slash.",
  },
  results_not_ready: {
    status: 409,
    title: "There is no ranking yet",
    meaning:
      "The batch is still being judged and not enough verdicts have arrived for a provisional ranking.",
    remedy:
      "Ask again after the seconds in `Retry-After`; `progress_pct` of the batch tells how far it has come.",
  },
  too_large: {
    status: 413,
    title: "The body is too large",
    meaning:
      "The body exceeds the limit of the route, which the `detail` names: 8 MiB for a batch, 16 MiB for events, 64 KiB for a callback; 100,000 JSON values.",
    remedy: "Send essays by `text_storage_id` instead of inline, split events over several calls.",
  },
  too_deeply_nested: {
    status: 400,
    title: "The body is nested too deeply",
    meaning:
      "Arrays and objects in the body contain each other more than 64 levels deep. Such a body is refused before it is parsed; no message of this API needs more than ten levels.",
    remedy: "Flatten what you send, most likely the free-form metadata.",
  },
  too_many_records: {
    status: 413,
    title: "Too many records in one call",
    meaning: "`POST /v1/events` takes at most 500 records at once. None of this call's records was taken.",
    remedy: "Set the connector's batch size to 500 or less.",
  },
  too_many_requests: {
    status: 429,
    title: "The caller asks too often",
    meaning:
      "One caller may send so many requests in ten seconds, counted for each of its scopes: 600 with `batches` or `admin`, 1,000 with `events`, 20,000 with `callbacks`. The request was not looked at and changed nothing.",
    remedy:
      "Send it again after the seconds in `Retry-After`. Read lists in larger pages, deliver events in larger calls, and ask for a batch's state less often. An operator can raise the limits in `wrangler.toml`.",
  },
  too_many_reviews: {
    status: 409,
    title: "The essay has been reviewed too often",
    meaning:
      "Every review of an essay is kept, and one essay takes at most 50. The newest of them counts; this one was not taken.",
    remedy:
      "Nothing has to be done if the newest review says what is meant. Repeating it unchanged is always possible.",
  },
  unauthorized: {
    status: 401,
    title: "The caller is not known",
    meaning:
      "The request carries no `Authorization: Bearer` key, or one that this deployment does not know; or its webhook signature does not hold: wrong secret, changed body, or a timestamp more than five minutes off.",
    remedy:
      "Send `Authorization: Bearer KEY` with a key whose SHA-256 stands in `API_KEYS`. Judges may sign their callbacks instead (Standard Webhooks) with a secret of `CALLBACK_SIGNING_SECRETS`.",
  },
  unavailable: {
    status: 503,
    title: "A part of the service cannot be reached",
    meaning:
      "The batch's object, the queue or the database did not answer in time. Nothing is lost by repeating.",
    remedy: "Repeat the whole request after the seconds in `Retry-After`.",
  },
  unknown_assignment: {
    status: 422,
    title: "The assignment does not exist",
    meaning:
      "The request carries an `assignment_id`, and no assignment with this id belongs to the caller. Nothing was opened.",
    remedy:
      "Create the assignment with `POST /v1/assignments` under the same key and repeat the request, correct the id, or leave `assignment_id` out: the essays are then ranked and not graded.",
  },
  unknown_grade: {
    status: 422,
    title: "A grade of the scale is expected",
    meaning:
      "The review names a grade that the batch's scale does not have, or none at all where no grade was claimed that could stand. The `detail` lists the grades that would be accepted.",
    remedy: "Send one of the grades that the `detail` lists in `grade`, spelled as there.",
  },
  unsupported_media_type: {
    status: 415,
    title: "The body has the wrong type",
    meaning: "The `Content-Type` is not one that the route reads. The `detail` names those that it does.",
    remedy: "Send `Content-Type: application/json`.",
  },
  validation_failed: {
    status: 422,
    title: "The request breaks the contract",
    meaning:
      "The body, a header or a parameter has the wrong shape or exceeds a limit. `errors` lists the first 20 faults with field, expectation and, where it is safe, what came. Nothing was changed.",
    remedy: "Correct the fields that `errors` names. `GET /openapi.json` describes every one.",
  },
} as const satisfies Record<ProblemCode, ProblemKind>;

import { v5 as uuidV5 } from "uuid";
import { z } from "zod";
import {
  type AssessmentRequest,
  assessmentRequestSchema,
  type RequestMetadata,
  requestMetadataSchema,
} from "../contracts/assessment-request.ts";
import { comparisonResultSchema, type LlmComparisonResult } from "../contracts/comparison-result.ts";
import { describeViolations } from "../contracts/contract-violation.ts";
import { type EventEnvelope, eventEnvelopeSchema, SUPPORTED_SCHEMA_VERSION } from "../contracts/envelope.ts";
import { wireUuid } from "../contracts/text.ts";
import { dispatchEventType } from "../contracts/topics.ts";
import { findJsonFault, parseJson, writeAnyJson } from "../encoding/json.ts";
import { isNestedDeeperThan, MAX_JSON_DEPTH } from "../encoding/json-limits.ts";
import type { DeadLetterReason } from "../results/dead-letters.ts";
import { NESTED_TOO_DEEPLY, type ReceivedRecord, receivedRecord } from "./split-records.ts";

/** What a record from outside turns out to be. */
export type InboundRecord =
  | {
      readonly kind: "comparison_result";
      readonly result: LlmComparisonResult;
      readonly eventId: string | null;
    }
  | {
      readonly kind: "assessment_request";
      readonly request: AssessmentRequest;
      readonly metadata: RequestMetadata;
      readonly envelope: EventEnvelope;
    }
  | {
      readonly kind: "unusable";
      readonly reason: DeadLetterReason;
      readonly detail: string;
      readonly eventId: string | null;
      readonly correlationId: string | null;
      /** what looks like the id of the comparison that it answers */
      readonly comparisonId: string | null;
    };

export type UnusableRecord = Extract<InboundRecord, { kind: "unusable" }>;

/** Reads a record as it came; never throws. */
export function readReceived({ text, fault }: ReceivedRecord): InboundRecord {
  return fault === undefined ? readRecordText(text) : unusable(fault);
}

/**
 * Reads what some producer put into the inbound queue: a value, or JSON as text or bytes. Never throws, so that no message takes
 * its neighbours with it.
 */
export function readMessage(body: unknown): InboundRecord {
  const text = textOf(body);
  if (text !== null) return readReceived(receivedRecord(text));
  return isNestedDeeperThan(body, MAX_JSON_DEPTH) ? unusable(NESTED_TOO_DEEPLY) : readRecord(body);
}

/** A message's body as text, to be kept and read again; never throws. */
export function messageText(body: unknown): string {
  return textOf(body) ?? writeAnyJson(body);
}

function textOf(body: unknown): string | null {
  if (typeof body === "string") return body;
  if (!(body instanceof ArrayBuffer || ArrayBuffer.isView(body))) return null;
  return new TextDecoder("utf-8", { fatal: false, ignoreBOM: false }).decode(body);
}

function unusable({ reason, detail }: Pick<UnusableRecord, "reason" | "detail">): UnusableRecord {
  return { kind: "unusable", reason, detail, eventId: null, correlationId: null, comparisonId: null };
}

/** Reads one JSON text; never throws. */
export function readRecordText(text: string): InboundRecord {
  const value = parseJson(text);
  if (value !== undefined) return readRecord(value);
  // The parser's own message would repeat a piece of the text, which may be somebody's essay.
  const detail = `The record is not JSON: ${findJsonFault(text) ?? "it cannot be read"}.`;
  return unusable({ reason: "unparseable", detail });
}

/** Reads an envelope, or a bare comparison result as other producers put it into the inbound queue; never throws. */
export function readRecord(value: unknown): InboundRecord {
  const record = readValue(value);
  return record.kind === "unusable" ? { ...record, comparisonId: comparisonIdIn(value) } : record;
}

const answer = z.looseObject({ correlation_id: wireUuid });

function comparisonIdIn(value: unknown): string | null {
  const enveloped = z.looseObject({ data: answer }).safeParse(value);
  return enveloped.data?.data.correlation_id ?? answer.safeParse(value).data?.correlation_id ?? null;
}

function readValue(value: unknown): InboundRecord {
  const envelope = eventEnvelopeSchema.safeParse(withStableCorrelation(value));
  if (envelope.success) return readEnvelope(envelope.data);
  const bare = comparisonResultSchema.safeParse(value);
  if (bare.success) return { kind: "comparison_result", result: bare.data, eventId: null };
  const looksBare = typeof value === "object" && value !== null && "request_id" in value;
  const violations = describeViolations(looksBare ? bare.error : envelope.error);
  const detail = `Expected an event envelope or a comparison result: ${violations}`;
  return unusable({ reason: "contract_violation", detail });
}

const reference = z.union([
  z.string(),
  z.looseObject({ entity_id: z.string() }).transform((one) => one.entity_id),
]);
const uncorrelated = z.looseObject({
  correlation_id: z.undefined().optional(),
  data: z.looseObject({ entity_id: z.string().nullish(), entity_ref: reference.nullish().catch(null) }),
});

/**
 * An envelope without correlation id gets one that follows from the batch it is about. A random one would make every
 * redelivery of a request look like a new request.
 */
function withStableCorrelation(value: unknown): unknown {
  const parsed = uncorrelated.safeParse(value);
  const entity = parsed.data?.data.entity_id ?? parsed.data?.data.entity_ref ?? null;
  if (entity === null || typeof value !== "object") return value;
  return { ...value, correlation_id: uuidV5(entity, uuidV5.URL) };
}

function readEnvelope(envelope: EventEnvelope): InboundRecord {
  const ids = { eventId: envelope.event_id, correlationId: envelope.correlation_id };
  if (envelope.schema_version > SUPPORTED_SCHEMA_VERSION) {
    const detail = `Schema version ${envelope.schema_version} is newer than the supported ${SUPPORTED_SCHEMA_VERSION}.`;
    return { ...unusable({ reason: "unsupported_schema_version", detail }), ...ids };
  }
  const type = dispatchEventType(envelope);
  switch (type) {
    case "comparison_result": {
      const parsed = comparisonResultSchema.safeParse(envelope.data);
      if (parsed.success)
        return { kind: "comparison_result", result: parsed.data, eventId: envelope.event_id };
      return violation(describeViolations(parsed.error), ids);
    }
    case "assessment_request": {
      const request = assessmentRequestSchema.safeParse(envelope.data);
      if (!request.success) return violation(describeViolations(request.error), ids);
      const metadata = requestMetadataSchema.safeParse(envelope.metadata ?? {});
      if (!metadata.success) return violation(`metadata: ${describeViolations(metadata.error)}`, ids);
      return { kind: "assessment_request", request: request.data, metadata: metadata.data, envelope };
    }
    case undefined: {
      const detail = `Nothing here handles event_type ${JSON.stringify(envelope.event_type)}.`;
      return { ...unusable({ reason: "unknown_event_type", detail }), ...ids };
    }
  }
}

function violation(
  detail: string,
  ids: { readonly eventId: string; readonly correlationId: string },
): InboundRecord {
  return { ...unusable({ reason: "contract_violation", detail }), ...ids };
}

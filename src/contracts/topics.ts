import { z } from "zod";
import { assessmentCompletedSchema } from "./assessment-completed.ts";
import { assessmentFailedSchema } from "./assessment-failed.ts";
import { assessmentResultSchema } from "./assessment-result.ts";
import { resourceConsumptionSchema } from "./resource-consumption.ts";

/** The events this service publishes. A topic is the prefix and the suffix; `event_type` is the suffix. */
export const PUBLISHED_EVENTS = {
  completed: {
    eventName: "cj_assessment.completed",
    topicSuffix: "cj_assessment.completed.v1",
    dataSchema: assessmentCompletedSchema,
  },
  failed: {
    eventName: "cj_assessment.failed",
    topicSuffix: "cj_assessment.failed.v1",
    dataSchema: assessmentFailedSchema,
  },
  result: {
    eventName: "assessment.result.published",
    topicSuffix: "assessment.result.published.v1",
    dataSchema: assessmentResultSchema,
  },
  resource: {
    eventName: "resource.consumption.reported",
    topicSuffix: "resource.consumption.v1",
    dataSchema: resourceConsumptionSchema,
  },
} as const;
export type PublishedEventKind = keyof typeof PUBLISHED_EVENTS;

/** What this service can be told over the bus. */
export type InboundEventType = "assessment_request" | "comparison_result";

/** The events this service consumes. */
export const INBOUND_EVENTS = {
  assessment_request: {
    eventName: "els.cj_assessment.requested",
    topicSuffix: "els.cj_assessment.requested.v1",
  },
  comparison_result: {
    eventName: "llm_provider.comparison_result",
    topicSuffix: "llm_provider.comparison_result.v1",
  },
} as const satisfies Record<InboundEventType, { eventName: string; topicSuffix: string }>;

/** The provider service writes its class name where others write the topic. */
const COMPARISON_RESULT_CLASS = "LLMComparisonResultV1";

const namedDataSchema = z.object({ event_name: z.string() });

/** @returns the topic's full name, such as `huleedu.cj_assessment.completed.v1`. */
export function topicName(prefix: string, suffix: string): string {
  return `${prefix}${suffix}`;
}

/**
 * Tells what an envelope brings: by its `event_type`, which is a topic with or without a prefix or the provider
 * service's class name, else by `data.event_name`.
 * @returns undefined when it is nothing that this service consumes.
 */
export function dispatchEventType(envelope: {
  event_type: string;
  data: unknown;
}): InboundEventType | undefined {
  return typeFromTopic(envelope.event_type) ?? typeFromData(envelope.data);
}

function typeFromTopic(eventType: string): InboundEventType | undefined {
  if (eventType === COMPARISON_RESULT_CLASS) return "comparison_result";
  return inboundTypes().find((type) => endsInTopic(eventType, INBOUND_EVENTS[type].topicSuffix));
}

function typeFromData(data: unknown): InboundEventType | undefined {
  const named = namedDataSchema.safeParse(data);
  if (!named.success) return undefined;
  return inboundTypes().find((type) => INBOUND_EVENTS[type].eventName === named.data.event_name);
}

function endsInTopic(eventType: string, topicSuffix: string): boolean {
  return eventType === topicSuffix || eventType.endsWith(`.${topicSuffix}`);
}

function inboundTypes(): readonly InboundEventType[] {
  return ["assessment_request", "comparison_result"];
}

import { describe, expect, it } from "vitest";
import { assessmentRequestSchema, requestMetadataSchema } from "../../../src/contracts/assessment-request.ts";
import {
  llmComparisonRequestSchema,
  llmQueuedResponseSchema,
} from "../../../src/contracts/comparison-request.ts";
import { comparisonResultSchema } from "../../../src/contracts/comparison-result.ts";
import { envelopeOf, eventEnvelopeSchema } from "../../../src/contracts/envelope.ts";
import { systemProcessingMetadataSchema } from "../../../src/contracts/processing-metadata.ts";
import { PUBLISHED_EVENTS } from "../../../src/contracts/topics.ts";
import {
  dataOf,
  EXAMPLES,
  PUBLISHED_COMPLETED,
  PUBLISHED_FAILED,
  PUBLISHED_RESOURCE,
  PUBLISHED_RESULT,
} from "./messages.ts";

describe("the messages of the original service", () => {
  const { comparisonRequest, queuedResponse, ...envelopes } = EXAMPLES;

  it.each(Object.entries(envelopes))(
    "%s: its envelope is read, and every field is kept",
    (_name, envelope) => {
      const read = eventEnvelopeSchema.parse(envelope);
      expect(read).toEqual(envelope);
    },
  );

  it("an assessment request is read in its envelope", () => {
    const read = envelopeOf(assessmentRequestSchema).parse(EXAMPLES.request);
    expect(read.data.essays_for_cj).toHaveLength(2);
    expect(read.data.bos_batch_id).toBe("6dd53bfe-cdcb-4c4d-9bfb-db906eba955a");
    expect(requestMetadataSchema.parse(read.metadata)).toEqual(EXAMPLES.request["metadata"]);
  });

  it("a verdict is read, and only the spelling of the winner changes", () => {
    const read = comparisonResultSchema.parse(dataOf(EXAMPLES.verdict));
    expect(read).toEqual({ ...dataOf(EXAMPLES.verdict), winner: "essay_b" });
  });

  it("an error callback is read, and nothing changes", () => {
    expect(comparisonResultSchema.parse(dataOf(EXAMPLES.verdictError))).toEqual(
      dataOf(EXAMPLES.verdictError),
    );
  });

  it.each([EXAMPLES.request, EXAMPLES.completed, EXAMPLES.failedAtStart])(
    "system metadata is read",
    (envelope) => {
      const { system_metadata: metadata } = dataOf(envelope);
      expect(systemProcessingMetadataSchema.parse(metadata)).toEqual(metadata);
    },
  );

  it("a comparison request is written as it was read", () => {
    expect(llmComparisonRequestSchema.parse(comparisonRequest)).toEqual(comparisonRequest);
  });

  it("the provider's acceptance is read", () => {
    expect(llmQueuedResponseSchema.parse(queuedResponse)).toEqual(queuedResponse);
  });
});

describe("the messages this service publishes", () => {
  it("the original's own messages with this service's additions are valid and unchanged by writing", () => {
    const { completed, failed, result, resource } = PUBLISHED_EVENTS;
    expect(completed.dataSchema.parse(PUBLISHED_COMPLETED)).toEqual(PUBLISHED_COMPLETED);
    expect(failed.dataSchema.parse(PUBLISHED_FAILED)).toEqual(PUBLISHED_FAILED);
    expect(result.dataSchema.parse(PUBLISHED_RESULT)).toEqual(PUBLISHED_RESULT);
    expect(resource.dataSchema.parse(PUBLISHED_RESOURCE)).toEqual(PUBLISHED_RESOURCE);
  });

  it("an envelope around them survives JSON", () => {
    const schema = envelopeOf(PUBLISHED_EVENTS.completed.dataSchema);
    const written = schema.parse({ ...EXAMPLES.completed, data: PUBLISHED_COMPLETED });
    expect(schema.parse(JSON.parse(JSON.stringify(written)))).toEqual(written);
  });
});

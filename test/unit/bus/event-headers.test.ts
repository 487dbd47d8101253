import { describe, expect, it } from "vitest";
import { recordHeaders } from "../../../src/bus/event-headers.ts";

const EVENT = {
  eventId: "f75c0046-f9c9-5640-8e22-d1037d63baf4",
  eventType: "cj_assessment.completed.v1",
  correlationId: "79CE6AE1-c00f-49ec-8526-d1812ed45b87",
};

describe("the headers of a published record", () => {
  it("name the event, its type and the request's correlation id", () => {
    expect(recordHeaders(EVENT)).toMatchObject({
      event_id: EVENT.eventId,
      event_type: EVENT.eventType,
      correlation_id: EVENT.correlationId,
    });
  });

  it("carry a W3C trace context whose trace id is the correlation id", () => {
    const { traceparent } = recordHeaders(EVENT);
    expect(traceparent).toBe("00-79ce6ae1c00f49ec8526d1812ed45b87-f75c0046f9c95640-01");
    expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/);
  });
});

export interface EventIdentity {
  readonly eventId: string;
  readonly eventType: string;
  /** the request's */
  readonly correlationId: string;
}

/** @returns what a consumer can route, deduplicate and trace by without parsing the value; the same on every delivery */
export function recordHeaders({
  eventId,
  eventType,
  correlationId,
}: EventIdentity): Readonly<Record<string, string>> {
  return {
    event_id: eventId,
    event_type: eventType,
    correlation_id: correlationId,
    traceparent: traceparentOf(correlationId, eventId),
  };
}

/**
 * A W3C trace context whose trace id is the correlation id, so that all that belongs to a request shares one trace.
 * https://www.w3.org/TR/trace-context/#traceparent-header
 */
function traceparentOf(correlationId: string, eventId: string): string {
  return `00-${hexOf(correlationId)}-${hexOf(eventId).slice(0, 16)}-01`;
}

function hexOf(uuid: string): string {
  return uuid.toLowerCase().replaceAll("-", "");
}

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type InboundRecord,
  messageText,
  readMessage,
  readReceived,
  readRecord,
  readRecordText,
} from "../../../src/bus/inbound-record.ts";
import { receivedRecord } from "../../../src/bus/split-records.ts";
import { dataOf, EXAMPLES, type Message, withField } from "../contracts/messages.ts";

/** The record, if it is of this kind; a failed test otherwise. */
function readAs<Kind extends InboundRecord["kind"]>(kind: Kind, value: unknown) {
  const record = readRecord(value);
  if (!isKind(record, kind)) throw new Error(`expected ${kind}, got ${JSON.stringify(record)}`);
  return record;
}

function isKind<Kind extends InboundRecord["kind"]>(
  record: InboundRecord,
  kind: Kind,
): record is Extract<InboundRecord, { kind: Kind }> {
  return record.kind === kind;
}

const withData = (envelope: Message, field: string, value: unknown) =>
  withField(envelope, ["data", field], value);
const without = (envelope: Message, field: string) => withField(envelope, [field], undefined);

describe("a comparison result", () => {
  it("is read out of its envelope, with the envelope's event id", () => {
    const { result, eventId } = readAs("comparison_result", EXAMPLES.verdict);
    expect(result.correlation_id).toBe(dataOf(EXAMPLES.verdict)["correlation_id"]);
    expect(eventId).toBe(EXAMPLES.verdict["event_id"]);
  });

  it("is read bare, as other producers put it into the queue", () => {
    const { result, eventId } = readAs("comparison_result", dataOf(EXAMPLES.verdict));
    expect(result.winner).toMatch(/^essay_[ab]$/);
    expect(eventId).toBeNull();
  });

  it("is read when it is an error", () => {
    const { result } = readAs("comparison_result", EXAMPLES.verdictError);
    expect(result).toMatchObject({ winner: null, error_detail: { error_code: expect.any(String) } });
  });

  it("that breaks its contract is unusable and says which field", () => {
    const record = readAs("unusable", withData(EXAMPLES.verdict, "winner", "Essay C"));
    expect(record).toMatchObject({
      reason: "contract_violation",
      eventId: EXAMPLES.verdict["event_id"],
      correlationId: EXAMPLES.verdict["correlation_id"],
    });
    expect(record.detail).toContain("winner");
  });

  it("that is bare and breaks its contract is told what is wrong with the result, not with the envelope", () => {
    const record = readAs("unusable", withField(dataOf(EXAMPLES.verdict), ["confidence"], 7));
    expect(record.reason).toBe("contract_violation");
    expect(record.detail).toContain("confidence");
    expect(record.detail).not.toContain("event_type");
  });
});

describe("an assessment request", () => {
  it("is read with its envelope and its metadata", () => {
    const enveloped = withField(EXAMPLES.request, ["metadata"], { max_comparisons: 60 });
    const { request, metadata, envelope } = readAs("assessment_request", enveloped);
    expect(request.essays_for_cj.length).toBeGreaterThan(1);
    expect(metadata.max_comparisons).toBe(60);
    expect(envelope.correlation_id).toBe(EXAMPLES.request["correlation_id"]);
  });

  it.each([null, undefined])("is read with %s as metadata", (metadata) => {
    const record = readAs("assessment_request", withField(EXAMPLES.request, ["metadata"], metadata));
    expect(record.metadata.max_comparisons ?? null).toBeNull();
  });

  it("with a bad budget is unusable: ignoring it would spend money", () => {
    const record = readAs("unusable", withField(EXAMPLES.request, ["metadata"], { max_comparisons: -1 }));
    expect(record).toMatchObject({ reason: "contract_violation" });
    expect(record.detail).toContain("metadata: max_comparisons");
  });

  it("that breaks its contract is unusable and says which field", () => {
    const record = readAs("unusable", withData(EXAMPLES.request, "user_id", null));
    expect(record.reason).toBe("contract_violation");
    expect(record.detail).toContain("user_id");
  });
});

describe("a request without correlation id", () => {
  const correlationOf = (value: unknown) => readAs("assessment_request", value).envelope.correlation_id;
  const request = without(EXAMPLES.request, "correlation_id");

  it("has the same one at every delivery, or each would open another batch", () => {
    expect(correlationOf(request)).toBe(correlationOf(request));
  });

  it("has another one for another batch", () => {
    expect(correlationOf(request)).not.toBe(correlationOf(withData(request, "entity_id", "another batch")));
  });

  it.each(["bos-batch-7", { entity_id: "bos-batch-7", entity_type: "batch" }])(
    "has the same one at every delivery when the batch is named by entity_ref: %j",
    (reference) => {
      const referring = withData(withData(request, "entity_id", undefined), "entity_ref", reference);
      expect(correlationOf(referring)).toBe(correlationOf(referring));
    },
  );

  it("keeps everything else as it came", () => {
    const { correlation_id: _, ...read } = readAs("assessment_request", request).envelope;
    const { correlation_id: __, ...whole } = readAs("assessment_request", EXAMPLES.request).envelope;
    expect(read).toEqual(whole);
  });
});

describe("what is not for this service", () => {
  it("is unusable by its event type", () => {
    const record = readAs("unusable", withField(EXAMPLES.completed, ["event_type"], "essay.uploaded.v1"));
    expect(record).toMatchObject({
      reason: "unknown_event_type",
      detail: 'Nothing here handles event_type "essay.uploaded.v1".',
    });
  });

  it("is unusable by a newer schema version, before its data are looked at", () => {
    const newer = withField(withData(EXAMPLES.verdict, "winner", "Essay C"), ["schema_version"], 2);
    expect(readAs("unusable", newer)).toMatchObject({
      reason: "unsupported_schema_version",
      detail: "Schema version 2 is newer than the supported 1.",
      eventId: EXAMPLES.verdict["event_id"],
    });
  });

  it.each([["text"], [42], [null], [[]], [{}], [{ event_type: "x" }], [{ request_id: 7 }]])(
    "is unusable when it is neither envelope nor result: %j",
    (value) => {
      expect(readAs("unusable", value)).toMatchObject({
        reason: "contract_violation",
        detail: expect.stringContaining("Expected an event envelope or a comparison result"),
      });
    },
  );

  it("is unusable when it is no JSON", () => {
    expect(readRecordText("{broken")).toMatchObject({
      kind: "unusable",
      reason: "unparseable",
      eventId: null,
      correlationId: null,
    });
  });

  it("never makes reading throw", () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), (text, value) => {
        expect(readRecordText(text).kind).toBe("unusable");
        expect(readRecord(value).kind).toBe("unusable");
      }),
    );
  });

  it("never makes reading throw when single fields of good messages are replaced by anything", () => {
    const messages = fc.constantFrom(EXAMPLES.request, EXAMPLES.verdict, EXAMPLES.verdictError);
    fc.assert(
      fc.property(messages, fc.nat(), fc.boolean(), fc.jsonValue(), (message, field, inside, value) => {
        const fields = Object.keys(inside ? dataOf(message) : message);
        const name = fields[field % fields.length];
        const { kind } = readRecord(withField(message, inside ? ["data", name] : [name], value));
        expect(["unusable", "comparison_result", "assessment_request"]).toContain(kind);
      }),
    );
  });

  it("is read from text as from its value", () => {
    expect(readRecordText(JSON.stringify(EXAMPLES.verdict))).toEqual(readRecord(EXAMPLES.verdict));
  });
});

describe("a record that is not JSON", () => {
  it("is refused with the place at which it stops making sense, and without a word of it", () => {
    const record = readRecordText('{"text_content": "My mother" oops}');
    expect(record).toMatchObject({ kind: "unusable", reason: "unparseable" });
    expect(JSON.stringify(record)).toContain("line 1 column 30");
    expect(JSON.stringify(record)).not.toMatch(/mother|oops/);
    expect(JSON.stringify(readRecordText("My mother"))).not.toContain("mother");
  });
});

describe("a message that another producer put into the inbound queue", () => {
  const text = JSON.stringify(EXAMPLES.verdict);
  const bytes = new TextEncoder().encode(text);

  it.each([
    ["a value", EXAMPLES.verdict],
    ["text", text],
    ["bytes", bytes.buffer],
    ["a view of bytes", bytes],
  ])("may be %s", (_form, body) => {
    expect(readMessage(body)).toEqual(readRecord(EXAMPLES.verdict));
    expect(messageText(body)).toBe(text);
  });

  const deep = JSON.parse(`${"[".repeat(50_000)}${"]".repeat(50_000)}`);
  it.each([
    ["is nested too deeply", deep, "too_deeply_nested"],
    [
      "is a result with something in it that is",
      { ...EXAMPLES.verdict, request_metadata: { deep } },
      "too_deeply_nested",
    ],
    ["is no JSON at all", "<xml/>", "unparseable"],
    ["is a bigint", 7n, "contract_violation"],
    ["is nothing", undefined, "contract_violation"],
    ["is bytes that are no UTF-8", new Uint8Array([0xff, 0xfe]), "unparseable"],
  ])(
    "that %s is unusable, and kept as a text that says the same when it is replayed",
    (_what, body, reason) => {
      expect(readMessage(body)).toMatchObject({ kind: "unusable", reason });
      expect(readReceived(receivedRecord(messageText(body)))).toMatchObject({ kind: "unusable", reason });
    },
  );
});

/** Judges behind the provider service and beside it: they answer late, twice, wrongly, or never. */
import { createHash } from "node:crypto";
import { receiveCallbacks } from "../../src/bus/callback-intake.ts";
import { receiveEvents } from "../../src/bus/event-intake.ts";
import { comparisonResultSchema } from "../../src/contracts/comparison-result.ts";
import type { Settings } from "../../src/settings/settings.ts";
import type { MessageQueues } from "./message-queues.ts";
import { insist } from "./senders.ts";
import type { Process, World } from "./world.ts";

/** Shares of all questions; what is left over is answered with a verdict. */
export interface Mood {
  readonly never: number;
  readonly late: number;
  readonly twice: number;
  readonly altered: number;
  readonly garbage: number;
  readonly retryableError: number;
  readonly permanentError: number;
  readonly unusable: number;
}

export interface JudgesOptions {
  readonly world: World;
  readonly mood: Mood;
  readonly settings: Settings;
  queuesOf(): MessageQueues;
  envFor(process: Process): Env;
}

export function createJudges({ world, mood, settings, queuesOf, envFor }: JudgesOptions) {
  const { chance, timeline, ledger } = world;
  let requests = 0;
  let altered = 0;

  const answer = (comparisonId: string): void => {
    const delayMs = chance.happens(mood.late)
      ? chance.integer(3_600_000, 6 * 3_600_000)
      : chance.integer(2_000, 300_000);
    timeline.after(delayMs, () => send(comparisonId));
  };
  const send = (comparisonId: string): void => {
    requests += 1;
    const requestId = `request-${requests}`;
    if (chance.happens(mood.garbage)) {
      sendGarbage(requestId, comparisonId);
      return;
    }
    const code = errorCode();
    const winner = code === null ? chance.pick(["Essay A", "Essay B"]) : null;
    const target = chance.happens(mood.altered) ? alteredId() : comparisonId;
    const body = callbackOf(requestId, target, winner, code);
    ledger.inputs.set(requestId, {
      requestId,
      kind: code === null ? "verdict" : "error",
      winner: winner === null ? null : winner.toLowerCase().replace(" ", "_"),
      sha256: hashOf(comparisonResultSchema.parse(body)),
      taken: false,
      outcomes: [],
      batches: new Set(),
    });
    deliver(requestId, body);
    // The very same callback once more: the judge did not hear that it was taken.
    if (chance.happens(mood.twice))
      timeline.after(chance.integer(0, 600_000), () => deliver(requestId, body));
  };
  const errorCode = (): string | null => {
    if (chance.happens(mood.unusable)) return "AUTHENTICATION_ERROR";
    if (chance.happens(mood.permanentError)) return "LLM_INVALID_PROMPT";
    return chance.happens(mood.retryableError) ? "LLM_PROVIDER_TIMEOUT" : null;
  };
  const alteredId = () => {
    altered += 1;
    return `0000${altered.toString(16).padStart(4, "0")}-1111-8222-8333-444444444444`;
  };
  const taken = (requestId: string) => {
    const input = ledger.inputs.get(requestId);
    if (input !== undefined) input.taken = true;
  };
  const deliver = (requestId: string, body: object): void => {
    const way = chance.next();
    if (way < 0.5)
      insist(world, `callback ${requestId}`, async (process) => {
        const result = comparisonResultSchema.parse(body);
        await receiveCallbacks(envFor(process), settings, [result], "/v1/callbacks");
        taken(requestId);
      });
    else if (way < 0.75) {
      queuesOf().put("cj-inbound", chance.happens(0.5) ? body : envelopeOf(requestId, body));
      taken(requestId);
    } else
      insist(world, `event ${requestId}`, async (process) => {
        const text = JSON.stringify(envelopeOf(requestId, body));
        await receiveEvents(envFor(process), settings, [{ text }]);
        taken(requestId);
      });
  };
  const sendGarbage = (requestId: string, comparisonId: string): void => {
    const body = { request_id: requestId, correlation_id: comparisonId, winner: "Essay C" };
    ledger.inputs.set(requestId, {
      requestId,
      kind: "garbage",
      winner: null,
      sha256: hashOf(body),
      taken: false,
      outcomes: [],
      batches: new Set(),
    });
    deliverGarbage(requestId, body);
  };
  const deliverGarbage = (requestId: string, body: object): void => {
    if (chance.happens(0.5)) {
      queuesOf().put("cj-inbound", body);
      taken(requestId);
    } else
      insist(world, `garbage ${requestId}`, async (process) => {
        await receiveEvents(envFor(process), settings, [{ text: JSON.stringify(body) }]);
        taken(requestId);
      });
  };

  return (comparisonId: string): void => {
    if (chance.happens(mood.never)) return;
    answer(comparisonId);
    // A second opinion on the same question, which may differ.
    if (chance.happens(mood.twice)) answer(comparisonId);
  };
}

function hashOf(body: object): string {
  return createHash("sha256").update(JSON.stringify(body)).digest("hex");
}

function callbackOf(requestId: string, comparisonId: string, winner: string | null, code: string | null) {
  const now = new Date().toISOString();
  return {
    request_id: requestId,
    correlation_id: comparisonId,
    winner,
    justification: winner === null ? null : "It is clearer.",
    confidence: winner === null ? null : 4,
    error_detail:
      code === null
        ? null
        : {
            error_code: code,
            message: "it did not work",
            correlation_id: comparisonId,
            timestamp: now,
            service: "llm_provider_service",
            operation: "process_queued_request",
            details: {},
          },
    provider: "openai",
    model: "gpt-5.1",
    response_time_ms: 1610,
    token_usage: { prompt_tokens: 1446, completion_tokens: 54, total_tokens: 1500 },
    cost_estimate: 0.0023,
    requested_at: now,
    completed_at: now,
    trace_id: null,
    request_metadata: {},
  };
}

function envelopeOf(requestId: string, data: object) {
  return {
    event_id: eventIdOf(requestId),
    event_type: "LLMComparisonResultV1",
    event_timestamp: new Date().toISOString(),
    source_service: "llm_provider_service",
    schema_version: 1,
    correlation_id: eventIdOf(requestId),
    data,
  };
}

function eventIdOf(requestId: string): string {
  return `00000000-0000-4000-8000-${requestId.replace(/\D/g, "").padStart(12, "0")}`;
}

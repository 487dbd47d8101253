import type { IncomingMessage, ServerResponse } from "node:http";
import { text as readText } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { habitOf, type Question, react } from "./language-model-habits.ts";
import { type Headers, VOICES, type VoiceName } from "./language-model-voices.ts";
import { type LocalServer, startLocalServer } from "./local-server.ts";
import { WRONG_KEY } from "./wrong-key.ts";

/**
 * Language models in memory, behind the wire formats of their providers:
 *
 * - OpenAI chat completions: base URL `{url}/openai/v1`
 * - Anthropic messages: base URL `{url}/anthropic/v1`
 * - Workers AI: `{url}` as the proxy of a remote `AI` binding, so that workerd's own client of the binding speaks to it
 *
 * The model's name is its habit (`language-model-habits.ts`), the essays carry their abilities (`simulated-judge.ts`), and
 * the key `wrong-key` is refused. `GET /__fake/requests` lists what came.
 */
export interface FakeLanguageModels extends LocalServer {
  readonly requests: () => readonly ReceivedRequest[];
}

export interface ReceivedRequest {
  readonly voice: VoiceName;
  readonly headers: Headers;
  readonly body: unknown;
}

export interface FakeLanguageModelsOptions {
  /** Another seed draws other verdicts. Default: "1". */
  readonly seed?: string;
}

const SLOW_MS = 2_000;

export async function startFakeLanguageModels({
  seed = "1",
}: FakeLanguageModelsOptions = {}): Promise<FakeLanguageModels> {
  const memory: Memory = { requests: [], asked: new Map(), seed };
  const server = await startLocalServer((request, response) => serve(memory, request, response));
  return { ...server, requests: () => memory.requests };
}

interface Memory {
  readonly requests: ReceivedRequest[];
  /** how often each question came */
  readonly asked: Map<string, number>;
  readonly seed: string;
}

async function serve(memory: Memory, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readText(request);
  const headers = z.record(z.string(), z.string()).parse({ ...request.headers });
  if (request.url === "/__fake/requests") {
    json(response, 200, memory.requests);
    return;
  }
  const voiceName = voiceOf(request.url ?? "", headers);
  if (voiceName === undefined || request.method !== "POST") {
    json(response, 404, { detail: "Not Found" });
    return;
  }
  const parsedBody: unknown = JSON.parse(body);
  memory.requests.push({ voice: voiceName, headers, body: parsedBody });
  await answer(memory, voiceName, headers, parsedBody, response);
}

function voiceOf(path: string, headers: Headers): VoiceName | undefined {
  if (path === "/openai/v1/chat/completions") return "openai";
  if (path === "/anthropic/v1/messages") return "anthropic";
  return headers["mf-url"]?.startsWith("https://workers-binding.ai/") === true ? "workers-ai" : undefined;
}

async function answer(
  memory: Memory,
  voiceName: VoiceName,
  headers: Headers,
  body: unknown,
  response: ServerResponse,
): Promise<void> {
  const voice = VOICES[voiceName];
  const read = voice.read(headers, body);
  if (read === null) {
    json(response, 400, {
      error: { message: "The fake does not know such a request.", type: "invalid_request_error" },
    });
    return;
  }
  const question = countIn(memory, voiceName, read);
  const habit = habitOf(question.model);
  if (habit === "slow") await sleep(SLOW_MS);
  const wrongKey = voice.key(headers) === WRONG_KEY;
  const reaction = wrongKey
    ? ({ kind: "error", error: "wrong_key" } as const)
    : react(habit, question, memory.seed);
  switch (reaction.kind) {
    case "text":
      json(response, 200, voice.answer(question, reaction));
      return;
    case "error": {
      const { status, body: said } = voice.error(reaction.error, question);
      const wait =
        "retryAfterSeconds" in reaction ? { "retry-after": String(reaction.retryAfterSeconds) } : {};
      json(response, status, said, wait);
      return;
    }
    case "web_page":
      response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Welcome</title>");
      return;
    case "hang_up":
      response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
      response.write('{"id": ', () => response.destroy());
      return;
  }
}

function countIn({ asked }: Memory, voice: VoiceName, question: Omit<Question, "before">): Question {
  // The essay code differs between attempts; the question is the same.
  const key = `${voice} ${question.model} ${question.isRepair} ${question.prompt.replace(/code [0-9a-f]{16}/g, "code")}`;
  const before = asked.get(key) ?? 0;
  asked.set(key, before + 1);
  return { ...question, before };
}

function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { type LocalServer, startLocalServer } from "./local-server.ts";

/**
 * The services upstream of this one, in memory: the LLM provider service (`POST /llm/comparison`) and the content service
 * (`GET /content/{storage_id}`). What they do is written into the texts and storage ids, so that tests running side by side
 * do not get into each other's way:
 *
 * - an essay that contains `[busy N]` makes the provider service answer 503 to the first N requests with it;
 * - `[refuse STATUS]` makes it answer STATUS, always;
 * - `[swallow N]` makes it take the first N questions (202) and forget them: no request is recorded;
 * - storage ids: `text-WORDS` is a text, `missing-…` a 404, `blank-…` blank, `binary-…` not UTF-8, `huge-…` too long,
 *   `flaky-N-…` a 503 for the first N requests and then a text, `down-…` always a 503.
 *
 * `GET /__fake/comparisons` lists the questions that were taken.
 */
export async function startFakeUpstream(): Promise<LocalServer> {
  const taken: unknown[] = [];
  const seen = new Map<string, number>();
  return startLocalServer((request, response) => serve(taken, seen, request, response));
}

const comparisonRequest = z.looseObject({
  user_prompt: z.string(),
  correlation_id: z.string(),
  metadata: z.looseObject({
    cj_batch_id: z.string().optional(),
    essay_a_id: z.string().optional(),
    essay_b_id: z.string().optional(),
  }),
});

async function serve(
  taken: unknown[],
  seen: Map<string, number>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url ?? "";
  const body = await text(request);
  if (path === "/__fake/comparisons") json(response, 200, taken);
  else if (path === "/llm/comparison") compare(taken, seen, body, response);
  else if (path.startsWith("/content/"))
    content(seen, decodeURIComponent(path.slice("/content/".length)), response);
  else response.writeHead(404).end();
}

function compare(taken: unknown[], seen: Map<string, number>, body: string, response: ServerResponse): void {
  const parsed = comparisonRequest.safeParse(JSON.parse(body));
  if (!parsed.success) {
    json(response, 400, { error: z.prettifyError(parsed.error) });
    return;
  }
  const { user_prompt: prompt, metadata } = parsed.data;
  const refuse = /\[refuse (\d{3})\]/.exec(prompt)?.[1];
  const busy = Number(/\[busy (\d+)\]/.exec(prompt)?.[1] ?? 0);
  const swallow = Number(/\[swallow (\d+)\]/.exec(prompt)?.[1] ?? 0);
  // The pair tells that a question is asked again: its prompt has a code that is new at every attempt.
  const { cj_batch_id: batch, essay_a_id: first, essay_b_id: second } = metadata;
  const times = count(seen, batch === undefined ? prompt : `${batch} ${first} ${second}`);
  if (refuse !== undefined) json(response, Number(refuse), { error: "refused" });
  else if (times <= busy) json(response, 503, { error: "busy" });
  else {
    if (times > swallow) taken.push(parsed.data);
    json(response, 202, {
      queue_id: crypto.randomUUID(),
      status: "queued",
      message: "queued",
      estimated_wait_minutes: 1,
    });
  }
}

function content(seen: Map<string, number>, storageId: string, response: ServerResponse): void {
  const [kind, ...words] = storageId.split("-");
  const found = `An essay about ${words.join(" ")}.`;
  switch (kind) {
    case "text":
      response.writeHead(200, { "content-type": "text/plain" }).end(found);
      return;
    case "blank":
      response.writeHead(200).end("  \n ");
      return;
    case "binary":
      response.writeHead(200).end(Buffer.from([0xff, 0xfe, 0x80]));
      return;
    case "huge":
      response.writeHead(200).end("x".repeat(100_001));
      return;
    case "flaky":
      if (count(seen, storageId) <= Number(words[0])) response.writeHead(503).end();
      else response.writeHead(200).end(found);
      return;
    case "down":
      response.writeHead(503).end();
      return;
    default:
      response.writeHead(404).end();
  }
}

function count(seen: Map<string, number>, key: string): number {
  const times = (seen.get(key) ?? 0) + 1;
  seen.set(key, times);
  return times;
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

import type { IncomingMessage, ServerResponse } from "node:http";
import { startLocalServer } from "../../fakes/local-server.ts";

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface Reply {
  readonly status?: number;
  /** Sent as JSON, or as it is if it is text. */
  readonly body: unknown;
}

export interface FakeApi {
  readonly baseUrl: string;
  readonly received: readonly Received[];
  close(): Promise<void>;
}

/** An HTTP server on a free port that answers each request with what `answer` gives, or not at all for null. */
export async function startFakeApi(
  answer: (request: Received, nth: number) => Reply | null,
): Promise<FakeApi> {
  const received: Received[] = [];
  const { url, close } = await startLocalServer(async (message, response) => {
    const request = await readRequest(message);
    received.push(request);
    send(response, answer(request, received.length));
  });
  return { baseUrl: url, received, close };
}

async function readRequest(message: IncomingMessage): Promise<Received> {
  let body = "";
  for await (const chunk of message) {
    body += chunk;
  }
  return { method: message.method ?? "", path: message.url ?? "", headers: message.headers, body };
}

function send(response: ServerResponse, reply: Reply | null): void {
  if (reply === null) {
    response.destroy();
    return;
  }
  response.statusCode = reply.status ?? 200;
  response.end(typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body));
}

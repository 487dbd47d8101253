import { MAX_ESSAY_BYTES } from "../contracts/assessment-request.ts";
import type { Settings } from "../settings/settings.ts";

export type ContentResult =
  | { readonly kind: "found"; readonly text: string }
  /** asking again would bring the same */
  | { readonly kind: "missing"; readonly reason: string }
  | { readonly kind: "unavailable"; readonly reason: string; readonly retryAfterSeconds: number | null };

/** Fetches a text by its storage id: `GET {CONTENT_SERVICE_URL}/{storage_id}`, the raw text as the body. */
export async function fetchContent(settings: Settings, storageId: string): Promise<ContentResult> {
  const base = settings.CONTENT_SERVICE_URL;
  if (base === undefined) return { kind: "missing", reason: "CONTENT_SERVICE_URL is not configured" };
  // The two names that a URL understands as folders would leave the content service's own.
  if (storageId === "." || storageId === "..")
    return { kind: "missing", reason: "the storage id is no name of a text" };
  try {
    const response = await fetch(`${base.replace(/\/$/, "")}/${encodeURIComponent(storageId)}`, {
      headers: authorization(settings),
      // Texts are fetched from where the configuration says, and the token goes nowhere else.
      redirect: "manual",
      signal: AbortSignal.timeout(settings.CONTENT_REQUEST_TIMEOUT_SECONDS * 1000),
    });
    return await readContent(response);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: "unavailable", reason, retryAfterSeconds: null };
  }
}

function authorization(settings: Settings): Record<string, string> {
  const token = settings.CONTENT_SERVICE_TOKEN;
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

async function readContent(response: Response): Promise<ContentResult> {
  const { status } = response;
  if (!response.ok) {
    await response.body?.cancel();
    const reason = `the content service answered ${status}`;
    const final = status >= 400 && status < 500 && ![401, 403, 408, 425, 429].includes(status);
    if (final) return { kind: "missing", reason };
    return { kind: "unavailable", reason, retryAfterSeconds: retryAfterSeconds(response) };
  }
  const bytes = await readUpTo(response, MAX_ESSAY_BYTES);
  if (bytes === null) {
    return { kind: "missing", reason: `the text is longer than the ${MAX_ESSAY_BYTES} bytes that are taken` };
  }
  return decode(bytes);
}

function decode(bytes: Uint8Array): ContentResult {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return { kind: "missing", reason: "the text is not UTF-8" };
  }
  return text.trim() === "" ? { kind: "missing", reason: "the text is blank" } : { kind: "found", text };
}

/** Reads a body that promises nothing about its length. @returns null when it is longer than `maxBytes` */
async function readUpTo(response: Response, maxBytes: number): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength;
    // Leaving the loop cancels the rest.
    if (length > maxBytes) return null;
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  chunks.reduce((at, chunk) => {
    bytes.set(chunk, at);
    return at + chunk.byteLength;
  }, 0);
  return bytes;
}

function retryAfterSeconds(response: Response): number | null {
  const seconds = Number(response.headers.get("retry-after"));
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 3_600) : null;
}

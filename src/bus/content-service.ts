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
  let response: Response;
  try {
    response = await fetch(`${base.replace(/\/$/, "")}/${encodeURIComponent(storageId)}`, {
      headers: authorization(settings),
      signal: AbortSignal.timeout(settings.CONTENT_REQUEST_TIMEOUT_SECONDS * 1000),
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: "unavailable", reason, retryAfterSeconds: null };
  }
  return readContent(response);
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
  const declared = Number(response.headers.get("content-length") ?? 0);
  if (declared > MAX_ESSAY_BYTES) return tooLong(declared);
  const bytes = await response.arrayBuffer();
  if (bytes.byteLength > MAX_ESSAY_BYTES) return tooLong(bytes.byteLength);
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
    if (text.trim() === "") return { kind: "missing", reason: "the text is blank" };
    return { kind: "found", text };
  } catch {
    return { kind: "missing", reason: "the text is not UTF-8" };
  }
}

function tooLong(bytes: number): ContentResult {
  return { kind: "missing", reason: `the text is ${bytes} bytes long; at most ${MAX_ESSAY_BYTES} are taken` };
}

function retryAfterSeconds(response: Response): number | null {
  const seconds = Number(response.headers.get("retry-after"));
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 3_600) : null;
}

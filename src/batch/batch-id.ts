/**
 * A batch id is 64 bits written as 13 characters of Crockford's base 32, lower case. It is also the name of the
 * batch's Durable Object, so whoever holds the id can reach the object without a lookup.
 */

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH = 13;

export const BATCH_ID_PATTERN = /^[0-9a-f][0-9a-hjkmnp-tv-z]{12}$/;

/** @param bits an unsigned 64-bit integer */
export function encodeBatchId(bits: bigint): string {
  let text = "";
  for (let at = 0, rest = BigInt.asUintN(64, bits); at < LENGTH; at++, rest >>= 5n) {
    text = ALPHABET.charAt(Number(rest & 31n)) + text;
  }
  return text;
}

/** @returns the 64 bits of a batch id, or `undefined` when the text is not one */
export function decodeBatchId(text: string): bigint | undefined {
  if (!BATCH_ID_PATTERN.test(text)) return undefined;
  let bits = 0n;
  for (const character of text) bits = (bits << 5n) | BigInt(ALPHABET.indexOf(character));
  return bits;
}

/** Who asks for what: the same identity always leads to the same object, so a redelivery finds its batch. */
export type RequestIdentity =
  | { readonly source: "http"; readonly caller: string; readonly idempotencyKey: string }
  | { readonly source: "kafka"; readonly bosBatchId: string; readonly correlationId: string };

/**
 * Derives the batch id from the caller's identity for the request: the first 64 bits of its SHA-256.
 * Over Kafka the identity leaves out the event id, because relays make a new one at every attempt.
 */
export async function deriveBatchId(identity: RequestIdentity): Promise<string> {
  const parts =
    identity.source === "http"
      ? ["http", identity.caller, identity.idempotencyKey]
      : ["kafka", identity.bosBatchId, identity.correlationId];
  // JSON keeps the parts apart whatever they contain.
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(parts)));
  return encodeBatchId(new DataView(digest).getBigUint64(0));
}

/**
 * A comparison id is what a judge echoes as `correlation_id`. It is a UUIDv8 (RFC 9562, section 5.8) whose 122 free
 * bits say where the answer belongs, so a callback finds its object without a lookup table:
 *
 *     64 bits batch · 20 bits comparison number · 4 bits attempt · 34 bits of an HMAC-SHA-256 over the first 88
 *
 * An id that somebody made up fails the HMAC (once in 2³⁴ it does not) and is an orphan before any object is touched.
 */
import { decodeBatchId, encodeBatchId } from "./batch-id.ts";

/** 20 bits; the limit on comparisons per batch (32,768) lies well below. */
export const COMPARISON_NUMBER_MAX = 2 ** 20 - 1;
/** 4 bits: the first attempt and at most 15 more. */
export const ATTEMPT_MAX = 15;

const MAC_BITS = 34n;
const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Which attempt of which comparison of which batch. */
export interface ComparisonRef {
  readonly batchId: string;
  readonly number: number;
  readonly attempt: number;
}

/** The key that mints ids, and those that are still honoured when one is read (after a rotation). */
export interface ComparisonIdKeys {
  readonly current: CryptoKey;
  readonly previous: readonly CryptoKey[];
}

/** @param secrets the current secret first, then the previous ones */
export async function importComparisonIdKeys(
  secrets: readonly [string, ...string[]],
): Promise<ComparisonIdKeys> {
  const [current, ...previous] = secrets;
  return { current: await importKey(current), previous: await Promise.all(previous.map(importKey)) };
}

/** @throws RangeError when the batch id, number or attempt does not fit its bits */
export async function mintComparisonId(keys: ComparisonIdKeys, ref: ComparisonRef): Promise<string> {
  const head = packHead(ref);
  return formatUuid((head << MAC_BITS) | (await macOf(keys.current, head)));
}

/** @returns what the id points at, or `undefined` when it is not one of ours (malformed, forged, another key) */
export async function readComparisonId(
  keys: ComparisonIdKeys,
  id: string,
): Promise<ComparisonRef | undefined> {
  const text = id.toLowerCase();
  if (!UUID_PATTERN.test(text)) return undefined;
  const bits = freeBits(BigInt(`0x${text.replaceAll("-", "")}`));
  const head = bits >> MAC_BITS;
  const mac = BigInt.asUintN(Number(MAC_BITS), bits);
  for (const key of [keys.current, ...keys.previous]) {
    if ((await macOf(key, head)) === mac) return unpackHead(head);
  }
  return undefined;
}

function packHead({ batchId, number, attempt }: ComparisonRef): bigint {
  const batch = decodeBatchId(batchId);
  if (batch === undefined) throw new RangeError(`not a batch id: ${batchId}`);
  if (!Number.isInteger(number) || number < 0 || number > COMPARISON_NUMBER_MAX) {
    throw new RangeError(
      `comparison number must be an integer from 0 to ${COMPARISON_NUMBER_MAX}, not ${number}`,
    );
  }
  if (!Number.isInteger(attempt) || attempt < 0 || attempt > ATTEMPT_MAX) {
    throw new RangeError(`attempt must be an integer from 0 to ${ATTEMPT_MAX}, not ${attempt}`);
  }
  return (batch << 24n) | (BigInt(number) << 4n) | BigInt(attempt);
}

function unpackHead(head: bigint): ComparisonRef {
  return {
    batchId: encodeBatchId(head >> 24n),
    number: Number((head >> 4n) & 0xfffffn),
    attempt: Number(head & 0xfn),
  };
}

async function macOf(key: CryptoKey, head: bigint): Promise<bigint> {
  const message = new DataView(new ArrayBuffer(11));
  message.setBigUint64(0, head >> 24n);
  message.setUint8(8, Number((head >> 16n) & 0xffn));
  message.setUint16(9, Number(head & 0xffffn));
  const mac = await crypto.subtle.sign("HMAC", key, message);
  return new DataView(mac).getBigUint64(0) >> (64n - MAC_BITS);
}

function importKey(secret: string): Promise<CryptoKey> {
  const bytes = new TextEncoder().encode(secret);
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
}

/** Lays 122 bits around the UUID's version (8) and variant (binary 10) fields. */
function formatUuid(bits: bigint): string {
  const high = bits >> 74n;
  const middle = (bits >> 62n) & 0xfffn;
  const low = bits & ((1n << 62n) - 1n);
  const hex = ((high << 80n) | (0x8n << 76n) | (middle << 64n) | (0b10n << 62n) | low)
    .toString(16)
    .padStart(32, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function freeBits(uuid: bigint): bigint {
  const high = uuid >> 80n;
  const middle = (uuid >> 64n) & 0xfffn;
  const low = uuid & ((1n << 62n) - 1n);
  return (high << 74n) | (middle << 62n) | low;
}

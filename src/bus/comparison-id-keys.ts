import { type ComparisonIdKeys, importComparisonIdKeys, readComparisonId } from "../batch/comparison-id.ts";
import type { Settings } from "../settings/settings.ts";
import type { UnusableRecord } from "./inbound-record.ts";

const keysBySettings = new WeakMap<Settings, Promise<ComparisonIdKeys>>();

/** The keys that mint and read comparison ids; the previous one is honoured as long as it is configured. */
export function comparisonIdKeys(settings: Settings): Promise<ComparisonIdKeys> {
  const known = keysBySettings.get(settings);
  if (known !== undefined) return known;
  const { COMPARISON_ID_KEY: current, COMPARISON_ID_KEY_PREVIOUS: previous } = settings;
  const keys = importComparisonIdKeys(previous === undefined ? [current] : [current, previous]);
  keysBySettings.set(settings, keys);
  return keys;
}

/** The batch to which a comparison belongs by its id; null when the id is none of this service's. */
export async function batchOfComparison(settings: Settings, comparisonId: string): Promise<string | null> {
  return (await readComparisonId(await comparisonIdKeys(settings), comparisonId))?.batchId ?? null;
}

/** The batch to which a record belongs that cannot be used, so that it is erased with it; null when it names none. */
export async function batchOfRecord(
  settings: Settings,
  { comparisonId }: UnusableRecord,
): Promise<string | null> {
  return comparisonId === null ? null : batchOfComparison(settings, comparisonId);
}

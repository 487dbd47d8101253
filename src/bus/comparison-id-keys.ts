import { type ComparisonIdKeys, importComparisonIdKeys } from "../batch/comparison-id.ts";
import type { Settings } from "../settings/settings.ts";

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

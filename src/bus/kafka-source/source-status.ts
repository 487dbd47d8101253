import { inJurisdiction } from "../../objects/jurisdiction.ts";
import { errorFields, log } from "../../observability/logger.ts";
import { type Settings, sourceOf } from "../../settings/settings.ts";
import type { SourceStatus } from "./kafka-source.ts";

/** @returns how the source is doing, or null when no topic is to be read */
export async function readSourceStatus(env: Env, settings: Settings): Promise<SourceStatus | null> {
  const source = sourceOf(settings);
  if (source === null) return null;
  try {
    return await inJurisdiction(env, env.KAFKA_SOURCE).getByName(source.group).status();
  } catch (error) {
    log("error", "kafka_source_unreachable", { group: source.group, ...errorFields(error) });
    const problem = "the object that reads the topics cannot be reached";
    return { well: false, failures: 0, records: 0, polledAt: null, problem };
  }
}

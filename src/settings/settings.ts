import { z } from "zod";
import { aiBinding } from "./ai-binding.ts";
import { apiKeys } from "./api-keys.ts";
import { judgeLimits } from "./judge-limits.ts";
import { JUDGE_NAMES } from "./judge-names.ts";
import {
  BRIDGE_DIALECTS,
  bridgeUrlProblem,
  SOURCE_DIALECTS,
  type SourceDialectName,
} from "./kafka-bridge-url.ts";
import { modelPrices } from "./model-prices.ts";

/** Variables come as text, and as numbers when wrangler.toml writes them so. */
const numeric = z.union([z.number(), z.string().transform(Number)], { error: "expected a number" });
const number = (fallback: number, min: number, max: number) =>
  numeric.pipe(z.number().min(min).max(max)).default(fallback);
const integer = (fallback: number, min: number, max: number) =>
  numeric.pipe(z.int().min(min).max(max)).default(fallback);
const optionalNumber = (min: number, max: number) => numeric.pipe(z.number().min(min).max(max)).optional();
const optionalUrl = z.url({ protocol: /^https?$/ }).optional();
/** A list in one variable, separated by commas or white space. */
const list = z
  .string()
  .default("")
  .transform((text) => text.split(/[\s,]+/).filter((item) => item !== ""));

/** What Kafka allows for the name of a topic, and we for a group's. */
const topicName = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,249}$/, "expected 1 to 249 letters, digits, dots, hyphens and underscores");

const comparisonIdKey = z
  .string({ error: "expected a secret; set it with `wrangler secret put COMPARISON_ID_KEY`" })
  .min(16)
  .max(256);

/** In development a key that everybody knows is good enough to tell one's own comparison ids from others. */
const DEVELOPMENT_KEY = "development-only-comparison-id-key";

const modelName = z.string().min(1).max(200);

const variables = z.object({
  ENVIRONMENT: z.enum(["development", "staging", "production"]).default("production"),
  API_KEYS: apiKeys,
  CALLBACK_SIGNING_SECRETS: list,
  COMPARISON_ID_KEY: comparisonIdKey,
  COMPARISON_ID_KEY_PREVIOUS: comparisonIdKey.optional(),

  DEFAULT_JUDGE: z.enum(JUDGE_NAMES).default("provider-service"),
  /** the only models that batches may be judged by; empty: any */
  JUDGE_MODELS: list,
  JUDGE_PRICES: modelPrices,
  JUDGE_LIMITS: judgeLimits,
  JUDGE_TEMPERATURE: numeric.pipe(z.number().min(0).max(2)).optional(),
  JUDGE_MAX_OUTPUT_TOKENS: integer(4_000, 64, 100_000),
  OPENAI_COMPATIBLE_BASE_URL: z.url({ protocol: /^https?$/ }).default("https://api.openai.com/v1"),
  OPENAI_COMPATIBLE_API_KEY: z.string().min(1).optional(),
  OPENAI_COMPATIBLE_MODEL: modelName.optional(),
  ANTHROPIC_BASE_URL: z.url({ protocol: /^https?$/ }).default("https://api.anthropic.com/v1"),
  ANTHROPIC_API_KEY: z.string().min(1).optional(),
  ANTHROPIC_MODEL: modelName.optional(),
  /** `off` where the binding is declared but cannot be used, as on a machine that is not logged in to Cloudflare */
  WORKERS_AI: z.enum(["on", "off"]).default("on"),
  WORKERS_AI_MODEL: modelName.optional(),
  /** id of an AI Gateway that the binding's requests go through */
  WORKERS_AI_GATEWAY: z.string().min(1).max(64).optional(),
  /** for an authenticated AI Gateway in front of `openai-compatible` or `anthropic` */
  AI_GATEWAY_TOKEN: z.string().min(1).optional(),
  AI: aiBinding,
  OFFLINE_JUDGE_SEED: integer(1, 0, Number.MAX_SAFE_INTEGER),
  LLM_PROVIDER_SERVICE_URL: optionalUrl,
  LLM_PROVIDER_SERVICE_TOKEN: z.string().min(1).optional(),
  DEFAULT_LLM_PROVIDER: z.string().min(1).max(100).default("openai"),
  DEFAULT_LLM_MODEL: z.string().min(1).max(200).default("gpt-5.1"),
  DEFAULT_LLM_TEMPERATURE: number(0.1, 0, 2),
  LLM_REQUEST_TIMEOUT_SECONDS: integer(60, 1, 300),
  CONTENT_SERVICE_URL: optionalUrl,
  CONTENT_SERVICE_TOKEN: z.string().min(1).optional(),
  CONTENT_REQUEST_TIMEOUT_SECONDS: integer(30, 1, 300),

  KAFKA_BRIDGE_URL: optionalUrl,
  KAFKA_BRIDGE_DIALECT: z.enum(BRIDGE_DIALECTS).default("confluent-v2"),
  /** `binary` puts exactly the key's text into Kafka; `json` is readable on the way, but quotes the key in v2 dialects */
  KAFKA_BRIDGE_RECORD_FORMAT: z.enum(["binary", "json"]).default("binary"),
  /** the whole value of the Authorization header, such as `Basic …` or `Bearer …` */
  KAFKA_BRIDGE_AUTHORIZATION: z.string().min(1).optional(),
  /** a Cloudflare Access service token, for a bridge behind Access; both halves or none */
  KAFKA_BRIDGE_ACCESS_CLIENT_ID: z.string().min(1).optional(),
  KAFKA_BRIDGE_ACCESS_CLIENT_SECRET: z.string().min(1).optional(),
  KAFKA_BRIDGE_TIMEOUT_SECONDS: integer(130, 1, 300),
  /** the longest pause before an event is tried again, whatever the bridge or the fault suggests */
  KAFKA_BRIDGE_MAX_RETRY_SECONDS: integer(1_800, 1, 3_000),
  /** topics to read through the bridge's consumer API; none switches that off */
  KAFKA_SOURCE_TOPICS: list.pipe(z.array(topicName).max(20)),
  KAFKA_SOURCE_GROUP: topicName.default("cj-edge"),
  /** where to read, when it is not where events are produced */
  KAFKA_SOURCE_URL: optionalUrl,
  KAFKA_SOURCE_DIALECT: z.enum(SOURCE_DIALECTS).optional(),
  KAFKA_SOURCE_POLL_SECONDS: integer(5, 1, 120),
  TOPIC_PREFIX: z.string().max(100).default("huleedu."),
  EVENT_TYPE_PREFIX: z.string().max(100).default(""),

  COMPLETION_THRESHOLD_PCT: number(95, 1, 100),
  MIN_SUCCESS_RATE_THRESHOLD: number(0.8, 0, 1),
  RECOVERY_THRESHOLD_PCT: number(80, 1, 100),
  BATCH_TIMEOUT_HOURS: number(4, 0.01, 168),
  MAX_BATCH_HOURS: number(72, 0.01, 720),
  MAX_PAIRWISE_COMPARISONS: integer(120, 1, 32_768),
  MAX_RETRY_ATTEMPTS: integer(3, 0, 15),
  STRAGGLER_GRACE_SECONDS: number(300, 0, 86_400),
  JUDGEMENT_TIMEOUT_MINUTES: number(30, 0.05, 1_440),
  HUMAN_LEASE_MINUTES: number(15, 1, 1_440),
  HUMAN_WAIT_HOURS: number(168, 0, 720),
  MAX_IN_FLIGHT: integer(500, 1, 32_768),
  /** where the platform keeps the objects and their alarms; it belongs to their identity and cannot be changed later */
  JURISDICTION: z.enum(["eu", "us", "fedramp"]).optional(),
  RETENTION_DAYS: number(30, 1, 3_650),

  PAIRING_STRATEGY: z.enum(["auto", "all_pairs", "balanced_rounds", "adaptive"]).default("auto"),
  BALANCED_ROUNDS: integer(5, 2, 20),
  RANDOM_SHARE: number(0.15, 0, 1),
  /** of batches that adapt; a batch that is planned as a whole repeats pairs only by its own request */
  SWAP_SHARE: number(0.1, 0, 0.5),
  MIN_COMPARISONS_PER_ESSAY: integer(6, 1, 1_999),
  /** without it no batch stops by reliability unless it asks to */
  TARGET_RELIABILITY: optionalNumber(0.01, 1),
  /** logits, the original service's name; without it no batch stops by stability unless it asks to */
  SCORE_STABILITY_THRESHOLD: optionalNumber(0.001, 10),
  MIN_COMPARISONS_FOR_STABILITY_CHECK: integer(12, 1, 32_768),
});

/** What single variables cannot know: a bridge's URL must fit its dialect, and half a service token opens nothing. */
const schema = variables.superRefine((settings, context) => {
  const { KAFKA_BRIDGE_DIALECT: dialect, KAFKA_BRIDGE_URL: url } = settings;
  const isUrl = url !== undefined && optionalUrl.safeParse(url).success;
  const urlProblem = isUrl ? bridgeUrlProblem(dialect, url) : null;
  if (urlProblem !== null)
    context.addIssue({ code: "custom", path: ["KAFKA_BRIDGE_URL"], message: urlProblem });
  if (settings.JURISDICTION !== undefined && settings.ENVIRONMENT === "development") {
    const message = "expected none in development: the runtime on one's own machine knows no jurisdictions";
    context.addIssue({ code: "custom", path: ["JURISDICTION"], message });
  }
  for (const problem of sourceProblems(settings)) context.addIssue({ code: "custom", ...problem });
  const { KAFKA_BRIDGE_ACCESS_CLIENT_ID: id, KAFKA_BRIDGE_ACCESS_CLIENT_SECRET: secret } = settings;
  if ((id === undefined) === (secret === undefined)) return;
  const missing = id === undefined ? "KAFKA_BRIDGE_ACCESS_CLIENT_ID" : "KAFKA_BRIDGE_ACCESS_CLIENT_SECRET";
  const message = "expected both halves of the Access service token, or neither";
  context.addIssue({ code: "custom", path: [missing], message });
});

export type Settings = z.infer<typeof schema>;

/** What is read through a bridge's consumer API, and where. */
export interface Source {
  readonly url: string;
  readonly dialect: SourceDialectName;
  readonly group: string;
  readonly topics: readonly string[];
}

/** @returns null when no topic is to be read */
export function sourceOf(settings: z.infer<typeof variables>): Source | null {
  const { KAFKA_SOURCE_TOPICS: topics, KAFKA_SOURCE_GROUP: group } = settings;
  const url = settings.KAFKA_SOURCE_URL ?? settings.KAFKA_BRIDGE_URL;
  const dialect = sourceDialectOf(settings);
  return topics.length === 0 || url === undefined || dialect === null
    ? null
    : { url, dialect, group, topics };
}

function sourceDialectOf(settings: z.infer<typeof variables>): SourceDialectName | null {
  const { KAFKA_SOURCE_DIALECT: own, KAFKA_BRIDGE_DIALECT: bridge } = settings;
  return own ?? SOURCE_DIALECTS.find((dialect) => dialect === bridge) ?? null;
}

function sourceProblems(settings: z.infer<typeof variables>): { path: string[]; message: string }[] {
  if (settings.KAFKA_SOURCE_TOPICS.length === 0) return [];
  const dialect = sourceDialectOf(settings);
  if (dialect === null) {
    const message = `expected ${SOURCE_DIALECTS.join(" or ")}: topics cannot be read by ${settings.KAFKA_BRIDGE_DIALECT}`;
    return [{ path: ["KAFKA_SOURCE_DIALECT"], message }];
  }
  const url = settings.KAFKA_SOURCE_URL ?? settings.KAFKA_BRIDGE_URL;
  const problem =
    url === undefined ? "expected a bridge to read the topics from" : bridgeUrlProblem(dialect, url);
  return problem === null ? [] : [{ path: ["KAFKA_SOURCE_URL"], message: problem }];
}

/** A setting that cannot be used: which one, and what is expected. Its value is not repeated, it may be a secret. */
export interface SettingProblem {
  readonly name: string;
  readonly message: string;
}

export type SettingsResult =
  | { readonly kind: "valid"; readonly settings: Settings }
  | { readonly kind: "invalid"; readonly problems: readonly SettingProblem[] };

/** Parses the environment's variables and secrets. Blank text counts as not set. */
export function parseSettings(env: object): SettingsResult {
  const present = Object.fromEntries(
    Object.entries(env).filter(([, value]) => typeof value !== "string" || value.trim() !== ""),
  );
  const isDevelopment = present["ENVIRONMENT"] === "development";
  const parsed = schema.safeParse(
    isDevelopment ? { COMPARISON_ID_KEY: DEVELOPMENT_KEY, ...present } : present,
  );
  if (parsed.success) return { kind: "valid", settings: parsed.data };
  return {
    kind: "invalid",
    problems: parsed.error.issues.map(({ path, message }) => ({
      name: String(path.at(0) ?? "environment"),
      message,
    })),
  };
}

const parsedByEnv = new WeakMap<object, SettingsResult>();

/** {@link parseSettings}, once per isolate and environment. */
export function settingsOf(env: object): SettingsResult {
  const known = parsedByEnv.get(env);
  if (known !== undefined) return known;
  const result = parseSettings(env);
  parsedByEnv.set(env, result);
  return result;
}

/** Thrown by what cannot run with a bad environment; the message names every bad variable. */
export class MisconfiguredError extends Error {
  override readonly name = "MisconfiguredError";
  readonly problems: readonly SettingProblem[];

  constructor(problems: readonly SettingProblem[]) {
    super(problems.map(({ name, message }) => `${name}: ${message}`).join("; "));
    this.problems = problems;
  }
}

/** @throws MisconfiguredError */
export function requireSettings(env: object): Settings {
  const result = settingsOf(env);
  if (result.kind === "valid") return result.settings;
  throw new MisconfiguredError(result.problems);
}

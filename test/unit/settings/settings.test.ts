import { describe, expect, it } from "vitest";
import {
  MisconfiguredError,
  parseSettings,
  requireSettings,
  type SettingProblem,
  type Settings,
  settingsOf,
  sourceOf,
} from "../../../src/settings/settings.ts";

const KEY = "a secret of enough characters";
const HASH = "0123456789abcdef".repeat(4);

function valid(env: object): Settings {
  const result = parseSettings({ COMPARISON_ID_KEY: KEY, ...env });
  if (result.kind === "invalid") throw new Error(JSON.stringify(result.problems));
  return result.settings;
}

function problems(env: object): readonly SettingProblem[] {
  const result = parseSettings({ COMPARISON_ID_KEY: KEY, ...env });
  return result.kind === "valid" ? [] : result.problems;
}

const namesOf = (found: readonly SettingProblem[]) => found.map(({ name }) => name);

/** Every numeric variable: default, smallest and largest value, and whether it must be whole. */
const NUMBERS = [
  { name: "COMPLETION_THRESHOLD_PCT", fallback: 95, min: 1, max: 100, whole: false },
  { name: "MIN_SUCCESS_RATE_THRESHOLD", fallback: 0.8, min: 0, max: 1, whole: false },
  { name: "RECOVERY_THRESHOLD_PCT", fallback: 80, min: 1, max: 100, whole: false },
  { name: "BATCH_TIMEOUT_HOURS", fallback: 4, min: 0.01, max: 168, whole: false },
  { name: "MAX_BATCH_HOURS", fallback: 72, min: 0.01, max: 720, whole: false },
  { name: "MAX_PAIRWISE_COMPARISONS", fallback: 120, min: 1, max: 32_768, whole: true },
  { name: "MAX_RETRY_ATTEMPTS", fallback: 3, min: 0, max: 15, whole: true },
  { name: "STRAGGLER_GRACE_SECONDS", fallback: 300, min: 0, max: 86_400, whole: false },
  { name: "JUDGEMENT_TIMEOUT_MINUTES", fallback: 30, min: 0.05, max: 1_440, whole: false },
  { name: "HUMAN_LEASE_MINUTES", fallback: 15, min: 1, max: 1_440, whole: false },
  { name: "HUMAN_WAIT_HOURS", fallback: 168, min: 0, max: 720, whole: false },
  { name: "MAX_IN_FLIGHT", fallback: 500, min: 1, max: 32_768, whole: true },
  { name: "RETENTION_DAYS", fallback: 30, min: 1, max: 3_650, whole: false },
  { name: "BALANCED_ROUNDS", fallback: 5, min: 2, max: 20, whole: true },
  { name: "RANDOM_SHARE", fallback: 0.15, min: 0, max: 1, whole: false },
  { name: "SWAP_SHARE", fallback: 0.1, min: 0, max: 0.5, whole: false },
  { name: "MIN_COMPARISONS_PER_ESSAY", fallback: 6, min: 1, max: 1_999, whole: true },
  { name: "TARGET_RELIABILITY", fallback: undefined, min: 0.01, max: 1, whole: false },
  { name: "SCORE_STABILITY_THRESHOLD", fallback: undefined, min: 0.001, max: 10, whole: false },
  { name: "MIN_COMPARISONS_FOR_STABILITY_CHECK", fallback: 12, min: 1, max: 32_768, whole: true },
  { name: "DEFAULT_LLM_TEMPERATURE", fallback: 0.1, min: 0, max: 2, whole: false },
  { name: "JUDGE_MAX_OUTPUT_TOKENS", fallback: 4_000, min: 64, max: 100_000, whole: true },
  { name: "LLM_REQUEST_TIMEOUT_SECONDS", fallback: 60, min: 1, max: 300, whole: true },
  { name: "CONTENT_REQUEST_TIMEOUT_SECONDS", fallback: 30, min: 1, max: 300, whole: true },
  { name: "KAFKA_BRIDGE_TIMEOUT_SECONDS", fallback: 130, min: 1, max: 300, whole: true },
  { name: "KAFKA_BRIDGE_MAX_RETRY_SECONDS", fallback: 1_800, min: 1, max: 3_000, whole: true },
  { name: "KAFKA_SOURCE_POLL_SECONDS", fallback: 5, min: 1, max: 120, whole: true },
  { name: "OFFLINE_JUDGE_SEED", fallback: 1, min: 0, max: Number.MAX_SAFE_INTEGER, whole: true },
] as const satisfies readonly { readonly name: keyof Settings; [rest: string]: unknown }[];

const URLS = [
  "LLM_PROVIDER_SERVICE_URL",
  "CONTENT_SERVICE_URL",
  "KAFKA_BRIDGE_URL",
  "KAFKA_SOURCE_URL",
] as const;

describe("defaults", () => {
  it("are those of the architecture, and all of them", () => {
    expect(parseSettings({ COMPARISON_ID_KEY: KEY })).toEqual({
      kind: "valid",
      settings: {
        ...Object.fromEntries(NUMBERS.map(({ name, fallback }) => [name, fallback])),
        ENVIRONMENT: "production",
        API_KEYS: [],
        CALLBACK_SIGNING_SECRETS: [],
        COMPARISON_ID_KEY: KEY,
        PAIRING_STRATEGY: "auto",
        DEFAULT_JUDGE: "provider-service",
        JUDGE_MODELS: [],
        JUDGE_PRICES: {},
        JUDGE_LIMITS: {},
        OPENAI_COMPATIBLE_BASE_URL: "https://api.openai.com/v1",
        ANTHROPIC_BASE_URL: "https://api.anthropic.com/v1",
        WORKERS_AI: "on",
        DEFAULT_LLM_PROVIDER: "openai",
        DEFAULT_LLM_MODEL: "gpt-5.1",
        KAFKA_BRIDGE_DIALECT: "confluent-v2",
        KAFKA_BRIDGE_RECORD_FORMAT: "binary",
        KAFKA_SOURCE_TOPICS: [],
        KAFKA_SOURCE_GROUP: "cj-edge",
        TOPIC_PREFIX: "huleedu.",
        EVENT_TYPE_PREFIX: "",
      },
    });
  });

  it("are used for empty text, which counts as not set", () => {
    const empty = Object.fromEntries([...NUMBERS.map(({ name }) => name), ...URLS].map((name) => [name, ""]));
    expect(valid({ ...empty, API_KEYS: "", ENVIRONMENT: "" })).toEqual(valid({}));
  });

  it.each(NUMBERS)("are used for blank text in $name, never a zero", ({ name }) => {
    expect(valid({ [name]: "  " })[name]).toBe(valid({})[name]);
  });

  it.each(NUMBERS)("are not replaced by what is no number in $name", ({ name }) => {
    for (const value of [null, true, "many", [1]])
      expect(namesOf(problems({ [name]: value }))).toEqual([name]);
  });

  it("are not changed by what is no setting at all", () => {
    expect(valid({ HOME: "/root", ASSESSMENT_BATCH: {}, DB: {} })).toEqual(valid({}));
  });
});

describe("KAFKA_BRIDGE_URL", () => {
  it.each([
    ["https://user:password@bridge.example.org", "confluent-v2"],
    ["https://bridge.example.org/?topic=x", "strimzi"],
    ["https://bridge.example.org", "confluent-v3"],
  ])("must fit the dialect: %s is no address for %s", (KAFKA_BRIDGE_URL, KAFKA_BRIDGE_DIALECT) => {
    expect(namesOf(problems({ KAFKA_BRIDGE_URL, KAFKA_BRIDGE_DIALECT }))).toEqual(["KAFKA_BRIDGE_URL"]);
  });
});

describe.each(NUMBERS)("$name", ({ name, min, max, whole }) => {
  it("is read from text and from a number", () => {
    expect(valid({ [name]: String(max) })[name]).toBe(max);
    expect(valid({ [name]: max })[name]).toBe(max);
  });

  it(`accepts ${min} and ${max}, and nothing beyond`, () => {
    expect(valid({ [name]: String(min) })[name]).toBe(min);
    expect(namesOf(problems({ [name]: String(min - 1) }))).toEqual([name]);
    expect(namesOf(problems({ [name]: String(max * 1.01 + 1) }))).toContain(name);
  });

  it("refuses text that is no number", () => {
    for (const text of ["twelve", "NaN", "Infinity", "1,5", "3 h"])
      expect(namesOf(problems({ [name]: text })), text).toContain(name);
  });

  it("refuses what is neither text nor number", () => {
    for (const value of [null, true, [], {}])
      expect(namesOf(problems({ [name]: value })), String(value)).toEqual([name]);
  });

  it(whole ? "must be whole" : "may be broken", () => {
    const found = namesOf(problems({ [name]: String(max - 0.5 > min ? min + 0.5 : min) }));
    expect(found).toEqual(whole ? [name] : []);
  });
});

describe("a bad value", () => {
  it.each([
    ["ENVIRONMENT", "prod-VALUE"],
    ["DEFAULT_JUDGE", "VALUE"],
    ["KAFKA_BRIDGE_DIALECT", "VALUE"],
    ["KAFKA_BRIDGE_RECORD_FORMAT", "VALUE"],
    ["COMPARISON_ID_KEY", "VALUE"],
    ["COMPARISON_ID_KEY_PREVIOUS", "VALUE"],
    ["LLM_PROVIDER_SERVICE_URL", "VALUE"],
    ["CONTENT_SERVICE_URL", "ftp://VALUE"],
    ["KAFKA_BRIDGE_URL", "javascript:VALUE"],
    ["API_KEYS", "VALUE"],
    ["API_KEYS", JSON.stringify([{ name: "VALUE", sha256: "VALUE", scopes: ["VALUE"] }])],
    ["API_KEYS", JSON.stringify({ VALUE: "VALUE" })],
    ["MAX_RETRY_ATTEMPTS", "VALUE"],
    ["COMPLETION_THRESHOLD_PCT", "9999999"],
    ["DEFAULT_LLM_PROVIDER", "VALUE".repeat(100)],
    ["TOPIC_PREFIX", "VALUE".repeat(100)],
  ])("of %s is reported with its name and never repeated", (name, value) => {
    const found = problems({ [name]: value });
    expect(namesOf(found)).toEqual([name]);
    expect(found.at(0)?.message).not.toBe("");
    expect(JSON.stringify(found)).not.toContain("VALUE");
    expect(JSON.stringify(found)).not.toContain("9999999");
  });

  it("is reported together with all the others", () => {
    const found = problems({ ENVIRONMENT: "moon", MAX_RETRY_ATTEMPTS: "-1", KAFKA_BRIDGE_URL: "nowhere" });
    expect(namesOf(found).sort()).toEqual(["ENVIRONMENT", "KAFKA_BRIDGE_URL", "MAX_RETRY_ATTEMPTS"]);
  });

  it("says what is expected", () => {
    expect(problems({ ENVIRONMENT: "moon" }).at(0)?.message).toContain("production");
    expect(problems({ MAX_RETRY_ATTEMPTS: "16" }).at(0)?.message).toContain("15");
  });
});

describe("API_KEYS", () => {
  const key = { name: "school-1", sha256: HASH, scopes: ["batches", "callbacks"] };

  it("is a JSON array of names, hashes and scopes", () => {
    expect(valid({ API_KEYS: JSON.stringify([key]) }).API_KEYS).toEqual([key]);
  });

  it.each([
    ["no JSON", "school-1"],
    ["no array", JSON.stringify(key)],
    ["a name with capitals", JSON.stringify([{ ...key, name: "School" }])],
    ["a name that begins with a hyphen", JSON.stringify([{ ...key, name: "-school" }])],
    ["a name of 64 characters", JSON.stringify([{ ...key, name: "s".repeat(64) }])],
    ["a key instead of its hash", JSON.stringify([{ ...key, sha256: "my key in clear text" }])],
    ["a hash in capitals", JSON.stringify([{ ...key, sha256: HASH.toUpperCase() }])],
    ["no scope", JSON.stringify([{ ...key, scopes: [] }])],
    ["an unknown scope", JSON.stringify([{ ...key, scopes: ["everything"] }])],
    ["more than 100 keys", JSON.stringify(Array.from({ length: 101 }, () => key))],
  ])("refuses %s", (_, text) => {
    const [problem] = problems({ API_KEYS: text });
    expect(problem.name).toBe("API_KEYS");
    expect(problem.message).toContain('expected a JSON array of {"name", "sha256", "scopes"}');
    expect(problem.message).not.toContain("clear text");
  });
});

describe("the comparison id key", () => {
  it.each(["production", "staging"])("must be set in %s", (environment) => {
    const result = parseSettings({ ENVIRONMENT: environment });
    expect(result).toMatchObject({
      kind: "invalid",
      problems: [{ name: "COMPARISON_ID_KEY", message: expect.stringContaining("wrangler secret put") }],
    });
  });

  it("must be set when the environment does not say what it is", () => {
    expect(parseSettings({}).kind).toBe("invalid");
    expect(parseSettings({ COMPARISON_ID_KEY: "" }).kind).toBe("invalid");
  });

  it("has a default in development, and only there", () => {
    const result = parseSettings({ ENVIRONMENT: "development" });
    expect(result).toMatchObject({
      settings: { COMPARISON_ID_KEY: "development-only-comparison-id-key" },
    });
  });

  it("is the given one in development as well", () => {
    expect(valid({ ENVIRONMENT: "development" }).COMPARISON_ID_KEY).toBe(KEY);
  });

  it.each([15, 257])("of %i characters is refused", (length) => {
    expect(namesOf(problems({ COMPARISON_ID_KEY: "k".repeat(length) }))).toEqual(["COMPARISON_ID_KEY"]);
  });

  it("is reported as missing although something else is wrong too", () => {
    const result = parseSettings({ MAX_RETRY_ATTEMPTS: "many" });
    expect(result.kind === "invalid" ? namesOf(result.problems).toSorted() : []).toEqual([
      "COMPARISON_ID_KEY",
      "MAX_RETRY_ATTEMPTS",
    ]);
  });
});

describe("CALLBACK_SIGNING_SECRETS", () => {
  it("is a list, separated by commas or white space", () => {
    expect(valid({ CALLBACK_SIGNING_SECRETS: " one, two\nthree,,four " }).CALLBACK_SIGNING_SECRETS).toEqual([
      "one",
      "two",
      "three",
      "four",
    ]);
  });
});

describe.each(URLS)("%s", (name) => {
  it("is optional, and http or https", () => {
    expect(valid({})[name]).toBeUndefined();
    expect(valid({ [name]: "https://example.org/base/" })[name]).toBe("https://example.org/base/");
    expect(valid({ [name]: "http://localhost:8082" })[name]).toBe("http://localhost:8082");
  });
});

describe("the judges' settings", () => {
  it("take prices per million tokens as JSON, by the model's name", () => {
    const prices = { "my-model": { input: 0.5, output: 2 }, "@cf/local/free": { input: 0, output: 0 } };
    expect(valid({ JUDGE_PRICES: JSON.stringify(prices) }).JUDGE_PRICES).toEqual(prices);
  });

  it.each(["free", "[]", '{"m": 3}', '{"m": {"input": 1}}', '{"m": {"input": -1, "output": 1}}'])(
    "refuse prices in another form: %s",
    (JUDGE_PRICES) => {
      const [problem] = problems({ JUDGE_PRICES });
      expect(problem.name).toBe("JUDGE_PRICES");
      expect(problem.message).toContain('{"MODEL": {"input": USD, "output": USD}}');
    },
  );

  it("leave the temperature to the provider unless one is set, and 0 is one", () => {
    expect(valid({}).JUDGE_TEMPERATURE).toBeUndefined();
    expect(valid({ JUDGE_TEMPERATURE: "" }).JUDGE_TEMPERATURE).toBeUndefined();
    expect(valid({ JUDGE_TEMPERATURE: "0" }).JUDGE_TEMPERATURE).toBe(0);
    expect(namesOf(problems({ JUDGE_TEMPERATURE: "2.1" }))).toEqual(["JUDGE_TEMPERATURE"]);
  });

  it("list the models that may judge, separated by commas or white space", () => {
    expect(valid({ JUDGE_MODELS: "a, b\nc" }).JUDGE_MODELS).toEqual(["a", "b", "c"]);
  });

  it("take the binding AI for what can be run, and nothing else", () => {
    const AI = { run: () => {} };
    expect(valid({ AI }).AI).toBe(AI);
    expect(namesOf(problems({ AI: "yes" }))).toEqual(["AI"]);
  });

  it.each(["OPENAI_COMPATIBLE_BASE_URL", "ANTHROPIC_BASE_URL"])("need an address in %s", (name) => {
    expect(namesOf(problems({ [name]: "api.example.org" }))).toEqual([name]);
  });
});

describe("JURISDICTION", () => {
  it.each(["eu", "us", "fedramp"])("may be %s, and is none unless it is set", (JURISDICTION) => {
    expect(valid({ JURISDICTION }).JURISDICTION).toBe(JURISDICTION);
    expect(valid({}).JURISDICTION).toBeUndefined();
  });

  it("is refused where it could not be kept: elsewhere, and on one's own machine", () => {
    expect(namesOf(problems({ JURISDICTION: "mars" }))).toEqual(["JURISDICTION"]);
    const development = parseSettings({ ENVIRONMENT: "development", JURISDICTION: "eu" });
    expect(development).toMatchObject({ kind: "invalid", problems: [{ name: "JURISDICTION" }] });
  });
});

describe("settings of an environment", () => {
  it("are parsed once", () => {
    const env = { COMPARISON_ID_KEY: KEY };
    expect(settingsOf(env)).toBe(settingsOf(env));
    expect(requireSettings(env)).toBe(requireSettings(env));
  });

  it("that cannot be used throw an error that names every bad variable", () => {
    const env = { COMPARISON_ID_KEY: KEY, ENVIRONMENT: "moon", MAX_IN_FLIGHT: "0" };
    expect(() => requireSettings(env)).toThrow(MisconfiguredError);
    expect(() => requireSettings(env)).toThrow(/ENVIRONMENT: .*; MAX_IN_FLIGHT: /);
  });
});

describe("a Cloudflare Access service token", () => {
  const [id, secret] = ["KAFKA_BRIDGE_ACCESS_CLIENT_ID", "KAFKA_BRIDGE_ACCESS_CLIENT_SECRET"] as const;

  it("is taken as a pair", () => {
    expect(valid({ [id]: "an-id.access", [secret]: "a secret" })).toMatchObject({
      [id]: "an-id.access",
      [secret]: "a secret",
    });
  });

  it.each([
    [id, secret],
    [secret, id],
  ])("is refused with only its %s, naming the missing half", (given, missing) => {
    const found = problems({ [given]: "VALUE" });
    expect(namesOf(found)).toEqual([missing]);
    expect(JSON.stringify(found)).not.toContain("VALUE");
  });
});

describe("topics to be read", () => {
  const KAFKA_SOURCE_TOPICS =
    "huleedu.els.cj_assessment.requested.v1, huleedu.llm_provider.comparison_result.v1";
  const bridge = { KAFKA_BRIDGE_URL: "https://bridge.example.org" };

  function sourceIn(variables: Readonly<Record<string, string>>) {
    const parsed = parseSettings({ COMPARISON_ID_KEY: KEY, ...variables });
    if (parsed.kind === "invalid") throw new Error(JSON.stringify(parsed.problems));
    return sourceOf(parsed.settings);
  }

  it("are none unless they are named", () => {
    expect(sourceIn(bridge)).toBeNull();
  });

  it("are read from the bridge to which events go, unless another is named", () => {
    expect(sourceIn({ ...bridge, KAFKA_SOURCE_TOPICS, KAFKA_BRIDGE_DIALECT: "strimzi" })).toEqual({
      url: "https://bridge.example.org",
      dialect: "strimzi",
      group: "cj-edge",
      topics: ["huleedu.els.cj_assessment.requested.v1", "huleedu.llm_provider.comparison_result.v1"],
    });
    const own = { KAFKA_SOURCE_URL: "https://another.example.org", KAFKA_SOURCE_DIALECT: "confluent-v2" };
    expect(
      sourceIn({ ...bridge, ...own, KAFKA_SOURCE_TOPICS, KAFKA_BRIDGE_DIALECT: "strimzi" }),
    ).toMatchObject({
      url: "https://another.example.org",
      dialect: "confluent-v2",
    });
  });

  it.each<[string, Record<string, string>, string]>([
    ["without a bridge", {}, "KAFKA_SOURCE_URL"],
    [
      "from an address with credentials",
      { KAFKA_SOURCE_URL: "https://a:b@bridge.example.org" },
      "KAFKA_SOURCE_URL",
    ],
    [
      "by a protocol that has no consumers",
      { KAFKA_BRIDGE_URL: "https://h/v3/clusters/c", KAFKA_BRIDGE_DIALECT: "confluent-v3" },
      "KAFKA_SOURCE_DIALECT",
    ],
    [
      "under a name that Kafka does not allow",
      { ...bridge, KAFKA_SOURCE_TOPICS: "a topic/b" },
      "KAFKA_SOURCE_TOPICS",
    ],
    [
      "when there are too many",
      { ...bridge, KAFKA_SOURCE_TOPICS: Array(21).fill("t").join() },
      "KAFKA_SOURCE_TOPICS",
    ],
  ])("cannot be read %s", (_name, variables, wrong) => {
    expect(namesOf(problems({ KAFKA_SOURCE_TOPICS, ...variables }))).toContain(wrong);
  });
});

describe("JUDGE_LIMITS", () => {
  it("says by judge how fast it may be asked", () => {
    const limits = {
      anthropic: { requests_per_minute: 50, concurrency: 4 },
      "workers-ai": { concurrency: 2 },
    };
    expect(valid({ JUDGE_LIMITS: JSON.stringify(limits) }).JUDGE_LIMITS).toEqual(limits);
  });

  it.each([
    ["no JSON", "anthropic=50"],
    ["a judge that does not exist", '{"oracle": {"concurrency": 1}}'],
    ["a limit of nothing", '{"anthropic": {}}'],
    ["a limit that lets nobody through", '{"anthropic": {"requests_per_minute": 0}}'],
    ["another word for it", '{"anthropic": {"rpm": 5}}'],
  ])("is refused when it is %s", (_case, JUDGE_LIMITS) => {
    expect(namesOf(problems({ JUDGE_LIMITS }))).toEqual(["JUDGE_LIMITS"]);
  });
});

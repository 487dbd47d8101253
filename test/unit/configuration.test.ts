import { describe, expect, it } from "vitest";
import { unstable_readConfig as readConfig } from "wrangler";
import { z } from "zod";
import { MAX_ATTEMPTS, QUEUES, queueOf } from "../../src/bus/queues.ts";
import { RATE_LIMITS, RATE_PERIOD_SECONDS } from "../../src/http/rate-limit.ts";
import { parseSettings } from "../../src/settings/settings.ts";
import { BATCH_SIZE } from "../simulation/message-queues.ts";

/** The part of the configuration that the code relies on, as wrangler itself reads it. */
const configSchema = z.object({
  name: z.string(),
  definedEnvironments: z.array(z.string()),
  vars: z.record(z.string(), z.string()),
  queues: z.object({
    producers: z.array(z.object({ binding: z.string(), queue: z.string() })),
    consumers: z.array(
      z.object({
        queue: z.string(),
        max_retries: z.number(),
        max_batch_size: z.number(),
        dead_letter_queue: z.string().optional(),
      }),
    ),
  }),
  durable_objects: z.object({ bindings: z.array(z.looseObject({})) }),
  d1_databases: z.array(z.looseObject({ database_name: z.string() })),
  triggers: z.object({ crons: z.array(z.string()) }),
  ratelimits: z.array(
    z.object({
      name: z.string(),
      namespace_id: z.string(),
      simple: z.object({ limit: z.number(), period: z.number() }),
    }),
  ),
});

/** @param environment undefined means the top level */
function configOf(environment: string | undefined) {
  return configSchema.parse(readConfig({ config: "wrangler.toml", env: environment ?? "" }));
}

/** The top level, which is production, and every `[env.…]`. */
const ENVIRONMENTS = [undefined, ...configOf(undefined).definedEnvironments];

/** The largest number of retries that the platform takes. */
const RETRIES_MAX = 100;

describe("wrangler.toml", () => {
  it("has a staging environment beside production", () => {
    expect(ENVIRONMENTS).toEqual([undefined, "staging"]);
  });

  it("gives each environment queues, counters and a database of its own", () => {
    const configs = ENVIRONMENTS.map(configOf);
    const queues = configs.flatMap(({ queues }) => queues.consumers.map(({ queue }) => queue));
    expect(new Set(queues).size).toBe(queues.length);
    const databases = configs.flatMap(({ d1_databases }) => d1_databases.map((d1) => d1.database_name));
    expect(new Set(databases).size).toBe(databases.length);
    expect(new Set(configs.map(({ name }) => name)).size).toBe(configs.length);
    const counters = configs.flatMap(({ ratelimits }) => ratelimits.map((limit) => limit.namespace_id));
    expect(new Set(counters).size).toBe(counters.length);
  });
});

describe.each(ENVIRONMENTS)("the environment %s", (environment) => {
  const config = configOf(environment);
  const consumers = config.queues.consumers;
  const prefix = environment === undefined ? "" : `${environment}-`;

  it("consumes every queue and every dead-letter queue, once", () => {
    expect(consumers.map(({ queue }) => queue).toSorted()).toEqual(
      QUEUES.flatMap((queue) => [`${prefix}${queue}`, `${prefix}${queue}-dlq`]).toSorted(),
    );
  });

  it.each(QUEUES)(
    "retries %s as often as the code counts, and then moves it to its dead-letter queue",
    (queue) => {
      const consumer = consumers.find((candidate) => candidate.queue === `${prefix}${queue}`);
      expect(consumer?.max_retries).toBe(MAX_ATTEMPTS[queue] - 1);
      expect(consumer?.dead_letter_queue).toBe(`${prefix}${queue}-dlq`);
      expect(consumer?.max_batch_size, "in the simulator").toBe(BATCH_SIZE[queue]);
    },
  );

  it("tries dead messages as long as the platform can, for there is no queue behind them", () => {
    for (const { queue, max_retries, dead_letter_queue } of consumers) {
      if (!queueOf(queue)?.dead) continue;
      expect(max_retries).toBe(RETRIES_MAX);
      expect(dead_letter_queue).toBeUndefined();
    }
  });

  it("knows each of its queues by name", () => {
    for (const { queue } of consumers) expect(queueOf(queue)).toBeDefined();
  });

  it("sends to the queues that it consumes", () => {
    expect(Object.fromEntries(config.queues.producers.map(({ binding, queue }) => [binding, queue]))).toEqual(
      {
        INBOUND_QUEUE: `${prefix}cj-inbound`,
        TEXTS_QUEUE: `${prefix}cj-texts`,
        JUDGEMENTS_QUEUE: `${prefix}cj-judgements`,
        EVENTS_QUEUE: `${prefix}cj-events`,
      },
    );
  });

  it("has the objects, the database with its migrations, and the sweep", () => {
    expect(config.durable_objects.bindings).toEqual([
      expect.objectContaining({ name: "ASSESSMENT_BATCH", class_name: "AssessmentBatch" }),
      expect.objectContaining({ name: "KAFKA_SOURCE", class_name: "KafkaSource" }),
      expect.objectContaining({ name: "JUDGE_LIMITER", class_name: "JudgeLimiter" }),
    ]);
    expect(config.d1_databases).toEqual([
      expect.objectContaining({ binding: "DB", migrations_dir: expect.stringMatching(/migrations$/) }),
    ]);
    expect(config.triggers.crons).toHaveLength(1);
  });

  it("limits the requests of a caller as the code says it does", () => {
    expect(config.ratelimits.map(({ name, simple }) => ({ name, ...simple }))).toEqual(
      Object.entries(RATE_LIMITS).map(([scope, limit]) => ({
        name: `RATE_LIMIT_${scope.toUpperCase()}`,
        limit,
        period: RATE_PERIOD_SECONDS,
      })),
    );
  });

  it("says which environment it is", () => {
    expect(config.vars).toMatchObject({ ENVIRONMENT: environment ?? "production" });
  });

  it("sets only variables that the settings know", () => {
    for (const name of Object.keys(config.vars)) {
      // Nothing accepts an object, so a known variable complains about this one.
      const parsed = parseSettings({ ENVIRONMENT: "development", [name]: {} });
      const complaints = parsed.kind === "invalid" ? parsed.problems.map((problem) => problem.name) : [];
      expect(complaints, `${name} is parsed by src/settings`).toContain(name);
    }
  });

  it("sets them to values that are valid and, where they are listed, the documented defaults", () => {
    const { ENVIRONMENT: _, ...vars } = config.vars;
    const key = { COMPARISON_ID_KEY: "a secret of enough characters" };
    const configured = parseSettings({ ...key, ...vars });
    expect(configured).toEqual(parseSettings(key));
    expect(configured.kind).toBe("valid");
  });

  it("holds no secret", () => {
    const secrets = /KEY|SECRET|TOKEN|AUTHORIZATION|PASSWORD/;
    expect(Object.keys(config.vars).filter((name) => secrets.test(name))).toEqual([]);
  });
});

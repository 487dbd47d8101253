/**
 * One simulated life of the service: the production object, outbox, consumers and intake, on storage, queues, D1 and neighbours
 * that fail in every way they can. One seed decides everything that happens.
 */
import { z } from "zod";
import { type Ranker, rankEssays } from "../../src/batch/ranking.ts";
import { consume } from "../../src/bus/consumers.ts";
import { sweep } from "../../src/bus/sweep.ts";
import { requireSettings } from "../../src/settings/settings.ts";
import { rankByWins } from "../fakes/rank-by-wins.ts";
import { type Chance, createChance } from "./chance.ts";
import { checkEverything, type Ending } from "./final-checks.ts";
import { installGlobals, settleMicrotasks } from "./globals.ts";
import { createJudges, type Mood } from "./judges.ts";
import { createLedger } from "./ledger.ts";
import { createMessageQueues, type MessageQueues } from "./message-queues.ts";
import { createNeighbours } from "./neighbours.ts";
import { createObjectHost, type Hosted, type ObjectHost } from "./object-host.ts";
import { createReadModel, type ReadModel } from "./read-model.ts";
import { createTimeline } from "./timeline.ts";
import { startUpstream } from "./upstream.ts";
import { drawMood, drawVariables, drawWeather } from "./weather.ts";
import { type Process, startProcess, type World } from "./world.ts";

export interface SimulationReport {
  readonly seed: number;
  /** what was as it must never be; empty when all is well */
  readonly violations: readonly string[];
  readonly steps: number;
  readonly batches: number;
  readonly endings: Readonly<Record<Ending, number>>;
  /** a number that differs when anything went differently */
  readonly digest: number;
  readonly notes: readonly string[];
}

const NO_ENDINGS = { applied: 0, duplicate: 0, late: 0, orphaned: 0, dead_lettered: 0 } as const;
const START = Date.UTC(2026, 1, 7, 9, 0, 0);
const HOUR_MS = 3_600_000;
const FAULTS_END_MS = 10 * HOUR_MS;
const REST_LOOK_MS = 2 * HOUR_MS;
const HORIZON_MS = 80 * HOUR_MS;
const SWEEP_EVERY_MS = 10 * 60_000;
const STEPS_MAX = 200_000;
const NOTES_MAX = 5_000;

export async function simulate(seed: number): Promise<SimulationReport> {
  const chance = createChance(seed);
  const timeline = createTimeline(START);
  const violations: string[] = [];
  const notes: string[] = [];
  const note = (text: string) => {
    if (notes.length < NOTES_MAX) notes.push(`${new Date(timeline.now()).toISOString()} ${text}`);
  };
  const world: World = {
    seed,
    chance,
    timeline,
    weather: drawWeather(chance, START, FAULTS_END_MS),
    ledger: createLedger(),
    healsAt: START + FAULTS_END_MS,
    note,
    violate(what) {
      violations.push(what);
      note(`VIOLATION: ${what}`);
    },
  };
  const service = buildService(world);
  const restore = installGlobals(world, service.fetch, true);
  try {
    service.start();
    const { steps, digest } = await run(world, service, violations);
    const atRest = violations.length === 0;
    const endings = atRest
      ? checkEverything({ world, host: service.host, readModel: service.readModel.sqlite })
      : NO_ENDINGS;
    return { seed, violations, steps, batches: world.ledger.batches.size, endings, digest, notes };
  } finally {
    restore();
  }
}

interface Service {
  readonly host: ObjectHost;
  readonly queues: MessageQueues;
  readonly readModel: ReadModel;
  readonly fetch: object;
  start(): void;
}

function buildService(world: World): Service {
  const { chance, timeline, ledger } = world;
  const variables = drawVariables(chance);
  const settings = requireSettings(variables);
  const rank = drawRanker(chance);
  const envs = new WeakMap<Process, Env>();
  const envFor = (process: Process): Env => {
    const env = envs.get(process) ?? envOf(process, { variables, hostOf, queuesOf, readModel });
    envs.set(process, env);
    return env;
  };
  const hostOf = () => host;
  const queuesOf = () => queues;
  const readModel = createReadModel(world, hostOf);
  const host = createObjectHost({
    world,
    rank,
    envFor,
    isSwept: (name) => isSwept(readModel, host, name),
  });
  const queues = createMessageQueues({
    world,
    hostOf,
    consume: (batch, process) => consume(batch, envFor(process)),
  });
  const mood: Mood = drawMood(chance);
  const ask = createJudges({ world, mood, settings, queuesOf, envFor });
  const fetch = createNeighbours({
    world,
    onQuestion: ask,
    onRecord(topic, key, value) {
      const { event_id: eventId } = z.looseObject({ event_id: z.string() }).parse(JSON.parse(value));
      ledger.bridge.push({ eventId, topic, key });
      checkCommitted(world, host, eventId);
    },
  });
  let sweeper = startProcess("the sweep");
  const sweepNow = () => {
    if (!sweeper.alive) sweeper = startProcess("the sweep");
    sweep(envFor(sweeper), timeline.now()).catch((error: unknown) =>
      world.note(`the sweep failed: ${String(error)}`),
    );
    timeline.after(SWEEP_EVERY_MS, sweepNow);
  };
  return {
    host,
    queues,
    readModel,
    fetch,
    start() {
      startUpstream({ world, settings, envFor });
      timeline.after(SWEEP_EVERY_MS, sweepNow);
      for (let left = chance.integer(0, 6); left > 0; left--)
        timeline.after(chance.integer(0, FAULTS_END_MS), () => {
          for (const name of host.objects.keys()) host.evict(name);
        });
    },
  };
}

/**
 * The sweep looks after batches that are open or have something to publish, once D1 knows of them. Not after an erased one: D1 may
 * forget it at any moment.
 */
function isSwept(readModel: ReadModel, host: ObjectHost, name: string): boolean {
  const known = readModel.sqlite.all(
    "SELECT 1 FROM batches WHERE batch_id = ? AND next_wake_at IS NOT NULL",
    name,
  );
  const unfinished = host.objects.get(name)?.sqlite.all(
    `SELECT 1 FROM batch WHERE json_extract(life, '$.state') NOT IN ('COMPLETED', 'FAILED', 'CANCELLED')
     UNION ALL SELECT 1 FROM outbox WHERE kind = 'event' AND status IN ('pending', 'queued')
       AND NOT EXISTS (SELECT 1 FROM tombstone)`,
  );
  return known.length > 0 && unfinished !== undefined && unfinished.length > 0;
}

/** Nothing is published that is not in an object's outbox. */
function checkCommitted(world: World, host: ObjectHost, eventId: string): void {
  const known = [...host.objects.values()].some(
    ({ sqlite }) =>
      sqlite.all("SELECT 1 FROM sqlite_master WHERE name = 'outbox'").length > 0 &&
      sqlite.all("SELECT 1 FROM outbox WHERE json_extract(payload, '$.event.eventId') = ?", eventId).length >
        0,
  );
  if (!known) world.violate(`event ${eventId} was published, and no outbox has it`);
}

async function run(world: World, service: Service, violations: readonly string[]) {
  const { timeline } = world;
  let steps = 0;
  let digest = 0;
  let lookAt = world.healsAt;
  await settleMicrotasks();
  while (violations.length === 0) {
    if (timeline.now() > lookAt) {
      if (atRest(world, service)) break;
      lookAt = timeline.now() + REST_LOOK_MS;
    }
    if (steps >= STEPS_MAX || !timeline.step(START + HORIZON_MS)) {
      world.violate(`no rest after ${steps} steps: ${unrest(world, service)}`);
      break;
    }
    await settleMicrotasks();
    service.host.checkTouched();
    steps += 1;
    digest = (Math.imul(digest, 31) + (timeline.now() % 1_000_003)) | 0;
  }
  return { steps, digest };
}

function atRest(world: World, service: Service): boolean {
  return unrest(world, service) === "";
}

function unrest({ ledger }: World, { host, queues }: Service): string {
  const reasons = [...ledger.insisting.values()];
  if (queues.waiting() > 0) reasons.push(`${queues.waiting()} messages`);
  for (const hosted of host.objects.values())
    if (hasWork(hosted)) reasons.push(`${hosted.name} has work to do`);
  return reasons.slice(0, 5).join(", ");
}

function hasWork({ sqlite, alarmRunning }: Hosted): boolean {
  if (alarmRunning) return true;
  if (sqlite.all("SELECT 1 FROM sqlite_master WHERE name = 'outbox'").length === 0) return false;
  const waiting = sqlite.all("SELECT 1 FROM outbox WHERE next_attempt_at IS NOT NULL");
  const open = sqlite.all(
    "SELECT 1 FROM batch WHERE json_extract(life, '$.state') NOT IN ('COMPLETED', 'FAILED', 'CANCELLED')",
  );
  return waiting.length + open.length > 0;
}

interface EnvParts {
  readonly variables: Readonly<Record<string, string>>;
  hostOf(): ObjectHost;
  queuesOf(): MessageQueues;
  readonly readModel: ReadModel;
}

/** The bindings as one process sees them: when it is dead, nothing answers it any more. */
function envOf(process: Process, { variables, hostOf, queuesOf, readModel }: EnvParts): Env {
  const bindings = {
    ...variables,
    ASSESSMENT_BATCH: {
      getByName: (name: string) =>
        new Proxy(
          {},
          {
            get:
              (_target, method) =>
              (...args: unknown[]) =>
                hostOf().call(process, name, String(method), args),
          },
        ),
    },
    DB: readModel.databaseFor(process),
    INBOUND_QUEUE: queuesOf().producerFor(process, "cj-inbound"),
    TEXTS_QUEUE: queuesOf().producerFor(process, "cj-texts"),
    JUDGEMENTS_QUEUE: queuesOf().producerFor(process, "cj-judgements"),
    EVENTS_QUEUE: queuesOf().producerFor(process, "cj-events"),
  };
  const env: Env = Object.create(null, Object.getOwnPropertyDescriptors(bindings));
  return env;
}

/** Most runs rank quickly; some as production does; in some, scoring fails a few times or for good. */
function drawRanker(chance: Chance): Ranker {
  const kind = chance.next();
  if (kind < 0.08) return rankEssays;
  if (kind < 0.8) return rankByWins;
  let failures = chance.integer(1, 12);
  return (input) => {
    failures -= 1;
    if (failures >= 0) throw new Error("scoring failed on purpose");
    return rankByWins(input);
  };
}

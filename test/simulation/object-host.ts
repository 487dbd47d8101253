/**
 * Where objects live: the production `AssessmentBatch` on its own SQLite, with an alarm. An object can die at any
 * transaction and at any answer it waits for; what was committed is what the next incarnation finds.
 */
import type { Ranker } from "../../src/batch/ranking.ts";
import { AssessmentBatch } from "../../src/objects/assessment-batch.ts";
import { checkCommit, checkWakeUp } from "./object-checks.ts";
import { type ObjectSql, objectSql, openSqlite, type Sqlite } from "./sqlite.ts";
import { kill, LostCallError, type Process, startProcess, strikes, type World } from "./world.ts";

interface Incarnation {
  readonly process: Process;
  readonly object: AssessmentBatch;
  readonly ready: Promise<void>;
}

export interface Hosted {
  readonly name: string;
  readonly sqlite: Sqlite;
  incarnation: Incarnation | null;
  alarm: number | null;
  alarmRunning: boolean;
  /** the platform lost the alarm, and nobody has set one since */
  alarmForgotten: boolean;
  /** counts settings of the alarm: an older one must not go off */
  alarmToken: number;
  /** the newest outbox row that was committed */
  seq: number;
  /** something was committed, or the alarm moved, in this step */
  touched: boolean;
}

interface AlarmBefore {
  readonly alarm: number | null;
  readonly forgotten: boolean;
}

export interface ObjectHost {
  readonly objects: ReadonlyMap<string, Hosted>;
  call(caller: Process, name: string, method: string, args: readonly unknown[]): Promise<unknown>;
  /** Drops an object from memory, whatever it is doing. */
  evict(name: string): void;
  /** Checks every object that was touched since the last call. */
  checkTouched(): void;
}

export interface ObjectHostOptions {
  readonly world: World;
  readonly rank: Ranker;
  envFor(process: Process): object;
  /** whether the sweep could find this batch, should its alarm be forgotten */
  isSwept(name: string): boolean;
}

export function createObjectHost({ world, rank, envFor, isSwept }: ObjectHostOptions): ObjectHost {
  const { timeline, chance, weather } = world;
  const objects = new Map<string, Hosted>();

  const hostedOf = (name: string): Hosted => {
    const known = objects.get(name);
    if (known !== undefined) return known;
    const hosted: Hosted = {
      name,
      sqlite: openSqlite(),
      incarnation: null,
      alarm: null,
      alarmRunning: false,
      alarmForgotten: false,
      alarmToken: 0,
      seq: 0,
      touched: false,
    };
    objects.set(name, hosted);
    return hosted;
  };

  const setAlarm = (hosted: Hosted, at: number | null): void => {
    hosted.alarm = at;
    hosted.alarmToken += 1;
    hosted.touched = true;
    if (at === null) return;
    hosted.alarmForgotten = false;
    const token = hosted.alarmToken;
    const lateMs = chance.happens(0.05) ? chance.integer(0, 60_000) : chance.integer(0, 500);
    timeline.after(at - timeline.now() + lateMs, () => {
      if (hosted.alarmToken === token) goOff(hosted);
    });
  };

  const goOff = (hosted: Hosted): void => {
    if (hosted.alarmRunning) {
      setAlarm(hosted, timeline.now() + 50);
      return;
    }
    hosted.alarm = null;
    hosted.touched = true;
    if (isSwept(hosted.name) && strikes(world, weather.forgottenAlarm)) {
      world.note(`the platform forgets the alarm of ${hosted.name}`);
      hosted.alarmForgotten = true;
      return;
    }
    runAlarm(hosted);
  };

  const runAlarm = (hosted: Hosted): void => {
    hosted.alarmRunning = true;
    const { process, object, ready } = wake(hosted);
    const end = () => {
      hosted.alarmRunning = false;
      hosted.touched = true;
    };
    process.onDeath.push(() => {
      if (!hosted.alarmRunning) return;
      end();
      // An alarm is delivered at least once: its handler died, so it comes again.
      if (hosted.alarm === null) setAlarm(hosted, timeline.now() + chance.integer(1_000, 5_000));
    });
    ready
      .then(() => object.alarm())
      .then(
        () => {
          if (!process.alive) return;
          end();
          if (strikes(world, weather.duplicateAlarm)) timeline.after(500, () => again(hosted));
        },
        (error: unknown) => {
          if (process.alive) world.violate(`the alarm of ${hosted.name} threw: ${String(error)}`);
        },
      );
  };

  const again = (hosted: Hosted): void => {
    if (!hosted.alarmRunning) runAlarm(hosted);
  };

  const wake = (hosted: Hosted): Incarnation => {
    if (hosted.incarnation !== null) return hosted.incarnation;
    const process = startProcess(`object ${hosted.name}`);
    process.onDeath.push(() => {
      hosted.incarnation = null;
    });
    let ready: Promise<void> = Promise.resolve();
    const context = {
      storage: storageOf(hosted, process),
      blockConcurrencyWhile(work: () => Promise<void>) {
        ready = work();
        return ready;
      },
      waitUntil(work: Promise<unknown>) {
        work.catch((error: unknown) => {
          if (process.alive) world.violate(`${process.name} left a promise rejected: ${String(error)}`);
        });
      },
    };
    const object: AssessmentBatch = Reflect.construct(AssessmentBatch, [context, envFor(process)]);
    object.rank = rank;
    const incarnation = { process, object, ready };
    hosted.incarnation = incarnation;
    return incarnation;
  };

  const storageOf = (hosted: Hosted, process: Process) => {
    const { database } = hosted.sqlite;
    const sql = objectSql(hosted.sqlite);
    const written: number[] = [];
    const requireLife = () => {
      if (!process.alive) throw new Error(`${process.name} is dead`);
    };
    const rollBack = ({ alarm, forgotten }: AlarmBefore) => {
      database.exec("ROLLBACK");
      written.length = 0;
      if (hosted.alarm !== alarm) setAlarm(hosted, alarm);
      hosted.alarmForgotten = forgotten;
    };
    const commit = () => {
      database.exec("COMMIT");
      checkCommit(world, hosted, written);
      written.length = 0;
      hosted.touched = true;
    };
    const watched: ObjectSql = {
      exec(query, ...bindings) {
        requireLife();
        if (query.startsWith("INSERT INTO outbox")) written.push(Number(bindings[0]));
        return sql.exec(query, ...bindings);
      },
    };
    return {
      sql: watched,
      transactionSync<Result>(work: () => Result): Result {
        requireLife();
        const before = { alarm: hosted.alarm, forgotten: hosted.alarmForgotten };
        database.exec("BEGIN");
        let result: Result;
        try {
          result = work();
        } catch (error) {
          rollBack(before);
          throw error;
        }
        if (!strikes(world, weather.crashAtCommit)) {
          commit();
          return result;
        }
        const survives = chance.happens(0.5);
        world.note(`${process.name} dies ${survives ? "after" : "before"} a commit`);
        if (survives) commit();
        else rollBack(before);
        kill(process);
        throw new Error(`${process.name} died`);
      },
      getAlarm: async () => hosted.alarm,
      setAlarm: async (at: number) => {
        requireLife();
        setAlarm(hosted, at);
      },
    };
  };

  return {
    objects,
    call: (caller, name, method, args) =>
      new Promise((resolve, reject) => {
        if (!caller.alive) return;
        const sent = structuredClone(args);
        let over = false;
        const answer = (settle: () => void) => {
          if (over) return;
          over = true;
          timeline.after(chance.integer(1, 20), () => {
            if (strikes(world, weather.crashWhileWaiting)) kill(caller);
            if (caller.alive) settle();
          });
        };
        const lose = (what: string) =>
          answer(() => reject(new LostCallError(what, world.chance.happens(0.7))));
        timeline.after(chance.integer(1, 20), () => {
          if (strikes(world, weather.lostRequest)) return lose(`${method} never arrived`);
          const { process, object, ready } = wake(hostedOf(name));
          process.onDeath.push(() => lose(`the object died during ${method}`));
          ready
            .then(() => Reflect.apply(Reflect.get(object, method), object, sent))
            .then(
              (reply: unknown) => {
                if (!process.alive) return;
                observe(world, name, method, sent, reply);
                if (strikes(world, weather.lostAnswer)) lose(`the answer to ${method} was lost`);
                else answer(() => resolve(structuredClone(reply)));
              },
              (error: unknown) => {
                if (process.alive) world.violate(`${method} of ${name} threw: ${String(error)}`);
              },
            );
        });
      }),
    evict(name) {
      const process = objects.get(name)?.incarnation?.process;
      if (process !== undefined) kill(process);
    },
    checkTouched() {
      for (const hosted of objects.values()) {
        if (!hosted.touched) continue;
        hosted.touched = false;
        checkWakeUp(world, hosted);
      }
    },
  };
}

/** What an object answered about callbacks is committed: it is noted even when the caller never hears of it. */
function observe(world: World, name: string, method: string, args: readonly unknown[], reply: unknown): void {
  if (method !== "recordVerdicts" || !Array.isArray(reply)) return;
  const [callbacks] = args;
  if (!Array.isArray(callbacks)) return;
  for (const comparison of world.ledger.recordOutcomes(name, callbacks, reply))
    world.violate(`${name}: a second verdict on comparison ${comparison} was applied`);
}

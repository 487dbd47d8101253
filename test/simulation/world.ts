import type { Chance } from "./chance.ts";
import type { Ledger } from "./ledger.ts";
import type { Timeline } from "./timeline.ts";

/** How often things go wrong: probabilities per occasion, unless said otherwise. Drawn from the seed. */
export interface Weather {
  /** an object dies just before or just after one of its transactions is committed */
  readonly crashAtCommit: number;
  /** an object, consumer or caller dies while it waits for an answer */
  readonly crashWhileWaiting: number;
  /** a call never arrives */
  readonly lostRequest: number;
  /** a call is carried out, and its answer is lost */
  readonly lostAnswer: number;
  /** an answer comes after minutes, when nobody should wait for it any more */
  readonly slowAnswer: number;
  /** a write to D1 is reported as failed and lands later */
  readonly landsLater: number;
  readonly duplicateMessage: number;
  /** a message comes again although it was acknowledged */
  readonly lostAcknowledgement: number;
  /** an alarm goes off twice */
  readonly duplicateAlarm: number;
  /** the platform forgets an alarm; the sweep must find it */
  readonly forgottenAlarm: number;
  /** times at which a neighbour is away */
  readonly outages: Readonly<Record<Neighbour, readonly Outage[]>>;
}

export type Neighbour = "bridge" | "judge" | "content" | "d1" | "queues";

export interface Outage {
  readonly from: number;
  readonly to: number;
}

export interface World {
  readonly seed: number;
  readonly chance: Chance;
  readonly timeline: Timeline;
  readonly weather: Weather;
  readonly ledger: Ledger;
  /** after this moment nothing goes wrong any more */
  readonly healsAt: number;
  note(text: string): void;
  /** Says that something is as it must never be; the run ends after this step. */
  violate(what: string): void;
}

/** A running process: an incarnation of an object, one run of a consumer, a caller. Dead ones hear nothing any more. */
export interface Process {
  readonly name: string;
  alive: boolean;
  onDeath: (() => void)[];
}

export function startProcess(name: string): Process {
  return { name, alive: true, onDeath: [] };
}

export function kill(process: Process): void {
  if (!process.alive) return;
  process.alive = false;
  for (const tell of process.onDeath) tell();
}

/** Whether something goes wrong now. */
export function strikes(world: World, probability: number): boolean {
  return world.timeline.now() < world.healsAt && world.chance.happens(probability);
}

export function isAway(world: World, neighbour: Neighbour): boolean {
  const now = world.timeline.now();
  return world.weather.outages[neighbour].some(({ from, to }) => now >= from && now < to);
}

/** An error as the platform throws it when a call was lost. */
export class LostCallError extends Error {
  override readonly name = "LostCallError";
  readonly retryable: boolean;

  constructor(message: string, retryable: boolean) {
    super(message);
    this.retryable = retryable;
  }
}

/**
 * One call over a wire: it takes effect a while after it was made and is answered a while after that. It may be lost on the
 * way there (no effect), on the way back (effect, and an error), and its caller may die waiting (effect, no continuation).
 */
export function overTheWire<Reply>(
  world: World,
  caller: Process,
  neighbour: Neighbour,
  effect: () => Reply,
  landsLater: number = 0,
): Promise<Reply> {
  const { timeline, chance, weather } = world;
  return new Promise((resolve, reject) => {
    if (!caller.alive) return;
    const answer = (settle: () => void) =>
      timeline.after(
        strikes(world, weather.slowAnswer) ? chance.integer(30_000, 1_800_000) : chance.integer(1, 40),
        () => {
          if (strikes(world, weather.crashWhileWaiting)) {
            world.note(`${caller.name} dies waiting for ${neighbour}`);
            kill(caller);
          }
          if (caller.alive) settle();
        },
      );
    timeline.after(chance.integer(1, 40), () => {
      if (isAway(world, neighbour) || strikes(world, weather.lostRequest)) {
        answer(() => reject(new LostCallError(`${neighbour} is away`, false)));
        return;
      }
      if (landsLater > 0 && strikes(world, landsLater)) {
        world.note(`a write to ${neighbour} lands later`);
        timeline.after(chance.integer(1_000, 600_000), () => void attempt(effect));
        answer(() => reject(new LostCallError(`${neighbour} timed out`, false)));
        return;
      }
      const result = attempt(effect);
      if (result.kind === "failed") answer(() => reject(result.error));
      else if (strikes(world, weather.lostAnswer))
        answer(() => reject(new LostCallError(`the answer of ${neighbour} was lost`, false)));
      else answer(() => resolve(result.reply));
    });
  });
}

type Attempt<Reply> =
  | { readonly kind: "done"; readonly reply: Reply }
  | { readonly kind: "failed"; readonly error: unknown };

function attempt<Reply>(effect: () => Reply): Attempt<Reply> {
  try {
    return { kind: "done", reply: effect() };
  } catch (error) {
    return { kind: "failed", error };
  }
}

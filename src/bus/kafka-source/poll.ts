import { z } from "zod";
import { pauseSeconds } from "../queues.ts";
import type { ReceivedRecord } from "../split-records.ts";
import type { BridgeConsumer, Reply } from "./bridge-consumer.ts";

/**
 * Our consumer instance at the bridge.
 * - `joining`: it may or may not exist yet;
 * - `idle`: its position is what the group has committed;
 * - `reading`: a fetch was begun, and what came of it is not committed;
 * - `leaving`: it is to be removed.
 *
 * Only an idle one is read from. Any other is removed and replaced, and its successor begins where the group has committed:
 * that is how a lost answer, an eviction and a rebalance cost nothing but records that come twice.
 */
const instanceSchema = z.object({
  name: z.string(),
  phase: z.enum(["joining", "idle", "reading", "leaving"]),
  subscription: z.string(),
  /** tries to remove it */
  removals: z.int(),
});
export type ConsumerInstance = z.infer<typeof instanceSchema>;

/** What a source remembers between two polls. */
export const sourceStateSchema = z.object({
  instance: instanceSchema.nullable(),
  /** polls in a row that failed */
  failures: z.int(),
  /** polls in a row that brought nothing */
  quietPolls: z.int(),
  /** records taken so far */
  records: z.int(),
  /** epoch milliseconds of the last poll that succeeded */
  polledAt: z.int().nullable(),
  /** why the last poll failed */
  problem: z.string().nullable(),
});
export type SourceState = z.infer<typeof sourceStateSchema>;

export const NEW_SOURCE: SourceState = {
  instance: null,
  failures: 0,
  quietPolls: 0,
  records: 0,
  polledAt: null,
  problem: null,
};

export interface PollContext {
  readonly consumer: BridgeConsumer;
  /** Keeps the state durably before anything else leaves the object. */
  readonly save: (state: SourceState) => void;
  /** Hands records over. @throws when they are not durably somewhere */
  readonly take: (records: readonly ReceivedRecord[]) => Promise<void>;
  readonly newName: () => string;
  readonly now: () => number;
  /** in [0, 1) */
  readonly jitter: () => number;
  /** The longest pause between two polls that bring nothing. */
  readonly pollSeconds: number;
}

/** Tries to remove an instance; then it is left to the bridge, which removes idle ones itself. */
const REMOVALS_MAX = 3;
/** The longest pause after a failure, whatever the bridge asks for. */
const PAUSE_MAX_SECONDS = 300;

/**
 * One poll: removes an instance that cannot be trusted, joins if there is none, reads, hands over, commits.
 *
 * @returns milliseconds until the next poll
 */
export async function pollOnce(context: PollContext, state: SourceState): Promise<number> {
  const left = await leaveUnlessIdle(context, state);
  if (left.kind === "stopped") return left.waitMs;
  const joined = left.state.instance === null ? await join(context, left.state) : left;
  if (joined.kind === "stopped") return joined.waitMs;
  return read(context, joined.state);
}

/** How far a step has come: on with this state, or no further in this poll. */
type Step =
  | { readonly kind: "on"; readonly state: SourceState }
  | { readonly kind: "stopped"; readonly waitMs: number };

async function leaveUnlessIdle(context: PollContext, state: SourceState): Promise<Step> {
  const { instance } = state;
  if (instance === null) return { kind: "on", state };
  if (instance.phase === "idle" && instance.subscription === context.consumer.subscription)
    return { kind: "on", state };
  const reply = await context.consumer.remove(instance.name);
  const removals = instance.removals + 1;
  if (reply.kind === "failed" && removals < REMOVALS_MAX) {
    const leaving: ConsumerInstance = { ...instance, phase: "leaving", removals };
    return stop(context, { ...state, instance: leaving }, "leaving", reply);
  }
  return keep(context, { ...state, instance: null });
}

async function join(context: PollContext, state: SourceState): Promise<Step> {
  const { consumer } = context;
  const name = context.newName();
  const instance = { name, subscription: consumer.subscription, removals: 0 };
  const joining: SourceState = { ...state, instance: { ...instance, phase: "joining" } };
  // The name is kept before the bridge hears it: an instance whose answer is lost can still be removed.
  context.save(joining);
  const created = await consumer.create(name);
  if (created.kind !== "done") return stop(context, joining, "joining", created);
  const subscribed = await consumer.subscribe(name);
  if (subscribed.kind !== "done") return stop(context, joining, "subscribing", subscribed);
  return keep(context, { ...state, instance: { ...instance, phase: "idle" } });
}

async function read(context: PollContext, state: SourceState): Promise<number> {
  const { consumer, save } = context;
  const { instance } = state;
  if (instance === null) throw new Error("a source reads without a consumer instance");
  const reading: SourceState = { ...state, instance: { ...instance, phase: "reading" } };
  save(reading);
  const fetched = await consumer.fetch(instance.name);
  if (fetched.kind !== "done") return stop(context, reading, "reading", fetched).waitMs;
  const records = fetched.value;
  const well = { ...state, failures: 0, problem: null, polledAt: context.now() };
  if (records.length === 0) {
    const quietPolls = state.quietPolls + 1;
    save({ ...well, quietPolls });
    return Math.min(quietPolls, context.pollSeconds) * 1_000;
  }
  const taken = await takeAll(context, records);
  if (taken.kind !== "done") return stop(context, reading, "handing over", taken).waitMs;
  const committed = await consumer.commit(instance.name, records);
  if (committed.kind !== "done") return stop(context, reading, "committing", committed).waitMs;
  const phase = consumer.mayHaveLeftOut(records) ? "leaving" : "idle";
  const total = state.records + records.length;
  save({ ...well, quietPolls: 0, records: total, instance: { ...instance, phase } });
  return 0;
}

async function takeAll(
  context: PollContext,
  records: readonly { readonly received: ReceivedRecord }[],
): Promise<Reply<null>> {
  try {
    await context.take(records.map(({ received }) => received));
    return { kind: "done", value: null };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: "failed", reason, retryAfterSeconds: null };
  }
}

function keep(context: PollContext, state: SourceState): Step {
  context.save(state);
  return { kind: "on", state };
}

/** Ends a poll that failed. Whatever the instance has read is left to its successor. */
function stop(
  context: PollContext,
  state: SourceState,
  step: string,
  reply: Exclude<Reply<unknown>, { kind: "done" }>,
): Extract<Step, { kind: "stopped" }> {
  const failures = state.failures + 1;
  const instance: ConsumerInstance | null =
    state.instance === null ? null : { ...state.instance, phase: "leaving" };
  context.save({ ...state, instance, failures, problem: `${step}: ${reply.reason}` });
  const asked = reply.kind === "failed" ? (reply.retryAfterSeconds ?? 0) : 0;
  return {
    kind: "stopped",
    waitMs: pauseSeconds(failures, context.jitter(), asked, PAUSE_MAX_SECONDS) * 1_000,
  };
}

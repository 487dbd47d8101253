import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  backToThePresent,
  better,
  type ComparisonJson,
  call,
  callbackFor,
  describeInAndOutOfMemory,
  eventually,
  fireAlarm,
  judge,
  openBatch,
  postCallback,
  questionsWith,
  readBatch,
  readComparisons,
  travelHours,
  untilPublished,
} from "./harness.ts";

afterEach(backToThePresent);

const STRATEGIES = ["auto", "all_pairs", "balanced_rounds", "adaptive"] as const;

const pairingView = z.looseObject({
  pairing: z.object({
    seed: z.number(),
    strategy: z.string().nullable(),
    opening: z.number().nullable(),
    asked: z.record(z.string(), z.number()),
    latest_fit: z.object({ verdicts: z.number(), reliability: z.number(), decisive: z.boolean() }).nullable(),
  }),
  total_comparisons: z.number(),
  stop_reason: z.string().nullable(),
});

async function readPairing(batchId: string) {
  return pairingView.parse(await (await call(`/v1/batches/${batchId}`)).json());
}

async function waitingIn(batchId: string): Promise<ComparisonJson[]> {
  return (await readComparisons(batchId)).filter(
    ({ status }) => status === "planned" || status === "dispatched",
  );
}

/** Judges whatever is asked until nothing is. */
async function judgeEverything(batchId: string): Promise<void> {
  for (;;) {
    const waiting = await waitingIn(batchId);
    if (waiting.length === 0) return;
    await judge(waiting);
  }
}

describeInAndOutOfMemory(() => {
  describe.each(STRATEGIES)("under %s", (pairing) => {
    it("P4 a small batch ends at once with its last verdict", async () => {
      const batchId = await openBatch({ essays: 5, config: { pairing, completion_threshold_pct: 100 } });
      for (;;) {
        const { completed_comparisons: judged, total_comparisons: total } = await readBatch(batchId);
        const waiting = await waitingIn(batchId);
        expect(waiting.length).toBeGreaterThan(0);
        await judge(judged + 1 < total ? waiting.slice(0, total - judged - 1) : waiting);
        const batch = await readBatch(batchId);
        if (judged + 1 < total) expect(batch.state).not.toBe("COMPLETED");
        else expect(batch.state).toBe("COMPLETED");
        if (judged + 1 === total) return;
      }
    });

    it("P4 a small batch ends at once although one comparison failed for good", async () => {
      const batchId = await openBatch({ essays: 4, config: { pairing, max_retry_attempts: 0 } });
      const [first] = await readComparisons(batchId);
      await postCallback(callbackFor(first.correlation_id, { errorCode: "LLM_CONTENT_TOO_LONG" }));
      await judgeEverything(batchId);
      expect(await readBatch(batchId)).toMatchObject({ state: "COMPLETED", failed_comparisons: 1 });
    });
  });

  it.each([
    // Waves of whole rounds while fewer than MAX_IN_FLIGHT, 500, are out.
    { pairing: "all_pairs", essays: 100, budget: 4_950, judged: 0, last: 12, wave: 50 },
    { pairing: "balanced_rounds", essays: 100, budget: 1_000, judged: 0, last: 12, wave: 50 },
    // After five rounds of twelve, waves of half a round when half a round is free.
    { pairing: "auto", essays: 24, budget: 120, judged: 48, last: 6, wave: 6 },
    { pairing: "adaptive", essays: 24, budget: 120, judged: 48, last: 6, wave: 6 },
  ])("P7 the last callbacks of a wave start exactly one next wave under $pairing", async (given) => {
    const { pairing, essays, budget, judged, last, wave } = given;
    const batchId = await openBatch({ essays, config: { pairing, max_comparisons: budget } });
    const opening = await readComparisons(batchId);
    await judge(opening.slice(0, judged));
    expect(await readComparisons(batchId)).toHaveLength(opening.length);
    const callbacks = opening
      .slice(judged, judged + last)
      .map((each) => callbackFor(each.correlation_id, { winner: better(each) }));
    await Promise.all([...callbacks, ...callbacks].map(postCallback));
    expect(await readBatch(batchId)).toMatchObject({ wave: 2, completed_comparisons: judged + last });
    expect(await readComparisons(batchId)).toHaveLength(opening.length + wave);
  });

  describe("a batch that adapts", () => {
    it("tells why each pair was asked, how pairs are chosen, and that its reliability stands all the same", async () => {
      const batchId = await openBatch({ essays: 8, config: { pairing: "adaptive", max_comparisons: 40 } });
      expect(await readPairing(batchId)).toMatchObject({
        pairing: {
          strategy: "adaptive",
          opening: 20,
          asked: { balanced: 20, adaptive: 0, random: 0, swap: 0 },
          latest_fit: null,
        },
      });
      await judgeEverything(batchId);

      const origins = Map.groupBy(await readComparisons(batchId), ({ origin }) => String(origin));
      const { pairing } = await readPairing(batchId);
      expect(origins.get("adaptive")?.length).toBeGreaterThan(5);
      expect(origins.get("random")?.length).toBeGreaterThan(0);
      for (const [origin, asked] of origins) expect(pairing.asked[origin]).toBe(asked.length);
      expect(pairing.latest_fit?.verdicts).toBeGreaterThanOrEqual(20);

      const results = await (await call(`/v1/batches/${batchId}/results`)).json();
      expect(results).toMatchObject({
        reliability: { pairs_chosen_adaptively: true },
        model: {
          pairs: expect.arrayContaining([expect.objectContaining({ origin: "random" })]),
          random_pairs_foretold: { verdicts: origins.get("random")?.length },
        },
      });
    });

    it("stops at its target for reliability, says so, and counts what is still in flight", async () => {
      const config = { pairing: "adaptive", max_comparisons: 56, target_reliability: 0.3 };
      const batchId = await openBatch({ essays: 8, config: { ...config, min_comparisons_per_essay: 5 } });
      for (;;) {
        const [next] = await waitingIn(batchId);
        if (next === undefined || (await readBatch(batchId)).state === "SCORING") break;
        // Without an error now and then nothing would tell how far apart the essays are, and no rule may go by that.
        const winner = next.number % 4 === 3 ? "Essay B" : better(next);
        await postCallback(callbackFor(next.correlation_id, { winner }));
      }
      const stopped = await readBatch(batchId);
      expect(stopped.state).toBe("SCORING");
      expect(stopped.pending_comparisons).toBeGreaterThan(0);
      expect(stopped.total_comparisons).toBe(stopped.completed_comparisons + stopped.pending_comparisons);
      await judge((await waitingIn(batchId)).slice(0, 1));
      travelHours(0.1);
      await fireAlarm(batchId);
      backToThePresent();

      const batch = await readBatch(batchId);
      expect(batch).toMatchObject({
        state: "COMPLETED",
        stop_reason: "target_reliability_reached",
        completed_comparisons: stopped.completed_comparisons + 1,
        total_comparisons: stopped.total_comparisons,
      });
      const published = await untilPublished(batch.bos_batch_id);
      const result = published.find(({ topic }) => topic.endsWith("assessment.result.published.v1"));
      expect(result?.envelope.data).toMatchObject({
        assessment_metadata: { stop_reason: "target_reliability_reached" },
      });
    });
  });
});

it.each(STRATEGIES)(
  "P19 prompts carry no essay ids under %s, in whichever wave",
  { timeout: 60_000 },
  async (pairing) => {
    const mark = crypto.randomUUID();
    const essays = [1, 2, 3, 4].map((k) => ({
      essay_id: `ANCHOR_${k}_SECRET`,
      text: `Essay ${k}, ${mark}.`,
    }));
    const batchId = await openBatch({ essays, judge: "provider-service", config: { pairing } });
    await eventually(async () => {
      const dispatched = (await waitingIn(batchId)).filter(({ status }) => status === "dispatched");
      await judge(dispatched);
      return (await readBatch(batchId)).state === "COMPLETED" ? true : undefined;
    }, 40_000);
    const asked = await questionsWith(mark);
    expect(asked).toHaveLength((await readBatch(batchId)).completed_comparisons);
    for (const { metadata: _beside, ...shown } of asked)
      expect(JSON.stringify(shown)).not.toContain("ANCHOR");
  },
);

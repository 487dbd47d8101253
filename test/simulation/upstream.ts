/** Upstream systems: they request assessments, deliver requests again, contradict themselves, cancel and erase. */
import { deriveBatchId } from "../../src/batch/batch-id.ts";
import { receiveEvents } from "../../src/bus/event-intake.ts";
import { callBatch } from "../../src/objects/batch-client.ts";
import type { Settings } from "../../src/settings/settings.ts";
import { insist } from "./senders.ts";
import type { Process, World } from "./world.ts";

const HOUR_MS = 3_600_000;

export interface UpstreamOptions {
  readonly world: World;
  readonly settings: Settings;
  envFor(process: Process): Env;
}

/** Requests one to three batches and does to them what upstream systems do. */
export function startUpstream({ world, settings, envFor }: UpstreamOptions): void {
  const { chance, timeline, ledger } = world;
  const batches = chance.pick([1, 1, 1, 2, 3]);
  for (let batch = 0; batch < batches; batch++) {
    const request = requestOf(world, batch);
    const open = (essays: readonly object[]) => {
      const text = () => JSON.stringify(envelopeOf(request, essays));
      insist(world, `request ${request.bosBatchId}`, async (process) => {
        await receiveEvents(envFor(process), settings, [{ text: text() }]);
      });
    };
    const batchId = deriveBatchId({
      source: "kafka",
      bosBatchId: request.bosBatchId,
      correlationId: request.correlationId,
    });
    void batchId.then((id) => {
      const entry = { batchId: id, bosBatchId: request.bosBatchId, cancelled: false, erased: false };
      ledger.batches.set(id, entry);
      const openAt = chance.integer(0, 1_800_000);
      timeline.after(openAt, () => open(request.essays));
      while (chance.happens(0.3))
        timeline.after(openAt + chance.integer(0, 2 * HOUR_MS), () => open(request.essays));
      // A different request under the same identity must change nothing, whenever it comes.
      if (chance.happens(0.1))
        timeline.after(openAt + chance.integer(3_600_000, 2 * HOUR_MS), () =>
          open([...request.essays, extra]),
        );
      if (chance.happens(0.08))
        timeline.after(openAt + chance.integer(60_000, 4 * HOUR_MS), () => {
          entry.cancelled = true;
          insist(world, `cancel ${id}`, async (process) => {
            await callBatch(envFor(process), id, (object) => object.cancelBatch());
          });
        });
      // Many erasures come right after a mistaken request, while its first picture may still be on its way to D1.
      if (chance.happens(0.08))
        timeline.after(openAt + chance.integer(1_000, chance.pick([60_000, 6 * HOUR_MS])), () => {
          insist(world, `erase ${id}`, async (process) => {
            entry.erased =
              (await callBatch(envFor(process), id, (object) => object.eraseBatch())) || entry.erased;
          });
        });
    });
  }
}

const extra = { essay_id: "essay-extra", text_content: "One more." };

interface Request {
  readonly bosBatchId: string;
  readonly correlationId: string;
  readonly essays: readonly object[];
  readonly maxComparisons: number | null;
}

function requestOf({ chance, seed }: World, batch: number): Request {
  const count = chance.pick([1, 2, 3, 4, 4, 5, 5, 6, 7]);
  const byReference = chance.happens(0.25);
  const essays = Array.from({ length: count }, (_, number) => {
    const gone = chance.happens(0.1) ? "gone" : "here";
    const essay_id = `essay-${number}`;
    return byReference
      ? { essay_id, text_storage_id: `${gone}-${number}` }
      : { essay_id, text_content: `Text of essay ${number}.` };
  });
  return {
    bosBatchId: `bos-${seed}-${batch}`,
    correlationId: `c0ffee00-0000-4000-8000-${String(batch).padStart(12, "0")}`,
    essays,
    maxComparisons: chance.happens(0.3) ? chance.integer(3, 20) : null,
  };
}

let deliveries = 0;

function envelopeOf(request: Request, essays: readonly object[]) {
  deliveries += 1;
  return {
    // Relays make a new event id at every attempt.
    event_id: `10000000-0000-4000-8000-${String(deliveries % 1e12).padStart(12, "0")}`,
    event_type: "huleedu.els.cj_assessment.requested.v1",
    event_timestamp: new Date().toISOString(),
    source_service: "essay_lifecycle_service",
    schema_version: 1,
    correlation_id: request.correlationId,
    metadata: request.maxComparisons === null ? null : { max_comparisons: request.maxComparisons },
    data: {
      event_name: "els.cj_assessment.requested",
      entity_id: request.bosBatchId,
      entity_type: "batch",
      system_metadata: { entity_id: request.bosBatchId, entity_type: "batch" },
      essays_for_cj: essays,
      language: "en",
      course_code: "ENG5",
      user_id: "teacher-42",
      org_id: "school-7",
    },
  };
}

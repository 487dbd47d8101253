/** Both sides of the benchmark behind the same three ways in. */
import { applyCallbacks } from "../../src/bus/callback-intake.ts";
import { consume } from "../../src/bus/consumers.ts";
import { readRecord, readRecordText } from "../../src/bus/inbound-record.ts";
import type { LlmComparisonResult } from "../../src/contracts/comparison-result.ts";
import { createApp } from "../../src/http/app.ts";
import { AssessmentBatch as ProductionBatch } from "../../src/objects/assessment-batch.ts";
import { requireSettings } from "../../src/settings/settings.ts";
import { type BareVerdicts, bareVerdictOf } from "./bare-verdicts.ts";
import { countRowsWritten } from "./rows-written.ts";

export { BareVerdicts } from "./bare-verdicts.ts";

/** The object of production, with its rows counted. */
export class AssessmentBatch extends ProductionBatch {
  readonly #rowsWritten: () => number;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#rowsWritten = countRowsWritten(ctx.storage.sql);
  }

  async rowsWritten(): Promise<number> {
    return this.#rowsWritten();
  }
}

interface BenchEnv extends Env {
  readonly COUNTED_BATCH: DurableObjectNamespace<AssessmentBatch>;
  readonly BARE_VERDICTS: DurableObjectNamespace<BareVerdicts>;
  readonly BARE_QUEUE: Queue;
}

const BARE_OBJECT = "bare";
const ARRAY = 100;
const app = createApp();

export default {
  async fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url);
    const bare = env.BARE_VERDICTS.getByName(searchParams.get("object") ?? BARE_OBJECT);
    switch (pathname) {
      case "/bench/bare/issue":
        await bare.issue(Number(searchParams.get("count")));
        return new Response();
      case "/bench/bare/recorded":
        return Response.json({ recorded: await bare.recorded() });
      case "/bench/bare/rows":
        return Response.json({ rows: await bare.rowsWritten() });
      case "/bench/ours/rows":
        return Response.json({
          rows: await env.COUNTED_BATCH.getByName(searchParams.get("object") ?? "").rowsWritten(),
        });
      case "/bench/ours/rpc":
        for (const results of arraysIn(await request.text()))
          await applyCallbacks(env, requireSettings(env), results);
        return new Response();
      case "/bench/bare/rpc":
        for (const results of arraysIn(await request.text())) await bare.record(results.map(bareVerdictOf));
        return new Response();
      case "/bench/ours/queue":
        for (const results of arraysIn(await request.text()))
          await env.INBOUND_QUEUE.sendBatch(results.map((body) => ({ body })));
        return new Response();
      case "/bench/bare/queue":
        for (const results of arraysIn(await request.text()))
          await env.BARE_QUEUE.sendBatch(results.map((body) => ({ body: { ...body, trace_id: bare.name } })));
        return new Response();
      case "/bench/bare/callbacks":
        return Response.json({ outcome: await bare.record([bareVerdictOf(resultIn(await request.text()))]) });
      default:
        return app.fetch(request, env, ctx);
    }
  },
  async queue(batch, env) {
    if (batch.queue !== "bare-inbound") return consume(batch, env);
    const results = batch.messages.map(({ body }) => parsed(readRecord(body)));
    const byObject = Map.groupBy(results, ({ trace_id }) => trace_id ?? BARE_OBJECT);
    for (const [name, some] of byObject)
      await env.BARE_VERDICTS.getByName(name).record(some.map(bareVerdictOf));
  },
} satisfies ExportedHandler<BenchEnv>;

function arraysIn(text: string): LlmComparisonResult[][] {
  const results = text.split("\n").map(resultIn);
  return Array.from({ length: Math.ceil(results.length / ARRAY) }, (_, at) =>
    results.slice(at * ARRAY, (at + 1) * ARRAY),
  );
}

function resultIn(text: string): LlmComparisonResult {
  return parsed(readRecordText(text));
}

function parsed(record: ReturnType<typeof readRecord>): LlmComparisonResult {
  if (record.kind !== "comparison_result") throw new Error(`the benchmark sent ${record.kind}`);
  return record.result;
}

/** Entry point of the Worker: hands requests, queue messages and cron ticks to their rooms, and exports the objects. */
import { consume } from "./bus/consumers.ts";
import { sweep } from "./bus/sweep.ts";
import { createApp } from "./http/app.ts";

export { KafkaSource } from "./bus/kafka-source/kafka-source.ts";
export { AssessmentBatch } from "./objects/assessment-batch.ts";
export { JudgeLimiter } from "./objects/judge-limiter.ts";

const app = createApp();

export default {
  fetch: (request, env, ctx) => app.fetch(request, env, ctx),
  queue: (batch, env) => consume(batch, env),
  async scheduled(controller, env) {
    await sweep(env, controller.scheduledTime);
  },
} satisfies ExportedHandler<Env>;

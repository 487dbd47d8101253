/** The Worker with a leak, which the soak must notice: each request leaves a kilobyte behind. */
import worker from "../../src/worker.ts";

export * from "../../src/worker.ts";

const LEAK_BYTES = 1_024;
const kept: Uint8Array[] = [];

export default {
  ...worker,
  fetch(request, env, ctx) {
    // Filled, because memory that nobody has touched is not resident.
    kept.push(new Uint8Array(LEAK_BYTES).fill(1));
    return worker.fetch(request, env, ctx);
  },
} satisfies ExportedHandler<Env>;

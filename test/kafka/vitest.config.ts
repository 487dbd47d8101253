import { defineConfig } from "vitest/config";

/** The tests on a real broker; `npm run test:kafka` finds what they need and starts them. */
export default defineConfig({
  test: {
    name: "kafka",
    include: ["test/kafka/**/*.test.ts"],
    environment: "node",
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 600_000,
    teardownTimeout: 30_000,
  },
});

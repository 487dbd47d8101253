import { join } from "node:path";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/** The pure and the bus code must be covered: docs/testing.md. */
const COVERED = ["batch", "scoring", "pairing", "objects", "bus", "contracts"];

const SLOW = ["test/e2e/crash.test.ts", "test/simulation/mutants.test.ts"];

/** Miniflare's brand on the address to which it sends what a remote binding is asked. */
function remoteProxy(url: string) {
  return Object.assign(new URL(url), { __brand: "RemoteProxyConnectionString" } as const);
}

/**
 * Projects: pure code in plain Node, the real Worker (objects, D1, queues) in workerd, and the command line from the
 * outside. Files of the workerd project run one after the other: they share the fakes of test/fakes.
 */
export default defineConfig({
  test: {
    projects: [
      // Pure code keeps no state between files, so they may share a process.
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          environment: "node",
          isolate: false,
          testTimeout: 60_000,
        },
      },
      {
        // The production object in plain Node, on storage, queues and neighbours that fail.
        resolve: {
          alias: { "cloudflare:workers": join(import.meta.dirname, "test/simulation/cloudflare-workers.ts") },
        },
        test: {
          name: "simulation",
          include: ["test/simulation/**/*.test.ts"],
          exclude: SLOW,
          environment: "node",
          testTimeout: 180_000,
        },
      },
      {
        plugins: [
          cloudflareTest(async ({ inject }) => ({
            wrangler: { configPath: "./wrangler.toml" },
            verbose: false,
            // Nothing of the tests may look for a Cloudflare account; the AI binding is pointed at the fake below.
            remoteBindings: false,
            miniflare: {
              ai: { binding: "AI", remoteProxyConnectionString: remoteProxy(inject("languageModelsUrl")) },
              bindings: {
                ENVIRONMENT: "development",
                DEFAULT_JUDGE: "external",
                KAFKA_BRIDGE_URL: inject("bridgeUrl"),
                // Read only from when a test's sweep starts it; nothing else comes on these topics.
                KAFKA_SOURCE_TOPICS: "test.requests,test.callbacks",
                KAFKA_SOURCE_POLL_SECONDS: "1",
                LLM_PROVIDER_SERVICE_URL: `${inject("upstreamUrl")}/llm`,
                CONTENT_SERVICE_URL: `${inject("upstreamUrl")}/content`,
                OPENAI_COMPATIBLE_BASE_URL: `${inject("languageModelsUrl")}/openai/v1`,
                OPENAI_COMPATIBLE_API_KEY: "test-key",
                OPENAI_COMPATIBLE_MODEL: "honest",
                ANTHROPIC_BASE_URL: `${inject("languageModelsUrl")}/anthropic/v1`,
                ANTHROPIC_API_KEY: "test-key",
                ANTHROPIC_MODEL: "honest",
                WORKERS_AI_MODEL: "@cf/fake/honest",
                TEST_MIGRATIONS: await readD1Migrations("./migrations"),
              },
            },
          })),
        ],
        test: {
          name: "workers",
          include: ["test/integration/**/*.test.ts"],
          globalSetup: ["./test/integration/fakes.setup.ts"],
          setupFiles: ["./test/integration/migrate.ts"],
          fileParallelism: false,
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          exclude: SLOW,
          environment: "node",
          fileParallelism: false,
          testTimeout: 180_000,
        },
      },
      {
        // Minutes long, so a command of its own: `npm run test:faults`. CI runs it too.
        test: {
          name: "faults",
          include: SLOW,
          environment: "node",
          fileParallelism: false,
          testTimeout: 600_000,
        },
      },
    ],
    coverage: {
      provider: "istanbul",
      include: COVERED.map((folder) => `src/${folder}/**/*.ts`),
      reporter: ["text-summary", "json-summary"],
      thresholds: Object.fromEntries(COVERED.map((folder) => [`src/${folder}/**/*.ts`, { statements: 95 }])),
    },
  },
});

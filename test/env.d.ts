declare namespace Cloudflare {
  interface Env {
    /** The D1 migrations, handed over by vitest.config.ts. */
    TEST_MIGRATIONS: import("cloudflare:test").D1Migration[];
  }
}

import { defineConfig } from "drizzle-kit";

export default defineConfig({
  dialect: "sqlite",
  schema: "./src/results/tables.ts",
  out: "./migrations",
});

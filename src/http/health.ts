import { createRoute } from "@hono/zod-openapi";
import { sql } from "drizzle-orm";
import packageManifest from "../../package.json" with { type: "json" };
import { readSourceStatus } from "../bus/kafka-source/source-status.ts";
import { healthSchema, livenessSchema, readinessSchema } from "../contracts/api/health.ts";
import { toWireDatetime } from "../contracts/datetime.ts";
import { errorFields, log } from "../observability/logger.ts";
import { openDatabase } from "../results/database.ts";
import { type SettingsResult, settingsOf } from "../settings/settings.ts";
import type { App } from "./app-env.ts";

const SERVICE = "cj-edge";

const healthRoute = createRoute({
  method: "get",
  path: "/healthz",
  operationId: "readHealth",
  summary: "Health of the service and of what it depends on",
  tags: ["Operation"],
  security: [],
  responses: {
    200: { description: "Healthy.", content: { "application/json": { schema: healthSchema } } },
    503: { description: "Unhealthy.", content: { "application/json": { schema: healthSchema } } },
  },
});

const LIVENESS_PATHS = { readLiveness: "/healthz/live", readLivenessShort: "/live" } as const;
const READINESS_PATHS = { readReadiness: "/healthz/ready", readReadinessShort: "/ready" } as const;

const livenessRoute = (operationId: keyof typeof LIVENESS_PATHS) =>
  createRoute({
    method: "get",
    path: LIVENESS_PATHS[operationId],
    operationId,
    summary: "Whether the Worker runs",
    tags: ["Operation"],
    security: [],
    responses: {
      200: { description: "It runs.", content: { "application/json": { schema: livenessSchema } } },
    },
  });

const readinessRoute = (operationId: keyof typeof READINESS_PATHS) =>
  createRoute({
    method: "get",
    path: READINESS_PATHS[operationId],
    operationId,
    summary: "Whether the service can do its work",
    description:
      "Ready means that every setting is valid and the database answers. The message names what is not.",
    tags: ["Operation"],
    security: [],
    responses: {
      200: { description: "Ready.", content: { "application/json": { schema: readinessSchema } } },
      503: { description: "Not ready.", content: { "application/json": { schema: readinessSchema } } },
    },
  });

export function health(app: App): void {
  app.openapi(healthRoute, async (c) => {
    const database = await databaseAnswers(c.env);
    const source = await sourceHealth(c.env);
    const body = {
      service: SERVICE,
      message: database ? "The service and its database answer." : "The database does not answer.",
      version: packageManifest.version,
      checks: { service_responsive: true, dependencies_available: database },
      environment: environmentOf(settingsOf(c.env)),
    };
    return database
      ? c.json(
          { ...body, status: "healthy", dependencies: { database: { status: "healthy" }, ...source } },
          200,
        )
      : c.json(
          { ...body, status: "unhealthy", dependencies: { database: { status: "unhealthy" }, ...source } },
          503,
        );
  });
  for (const operationId of ["readLiveness", "readLivenessShort"] as const) {
    app.openapi(livenessRoute(operationId), (c) =>
      c.json({ status: "alive", service: SERVICE, message: "The Worker runs." }, 200),
    );
  }
  for (const operationId of ["readReadiness", "readReadinessShort"] as const) {
    app.openapi(readinessRoute(operationId), async (c) => {
      const settings = settingsOf(c.env);
      const checks = { settings: settings.kind === "valid", database: await databaseAnswers(c.env) };
      const message = readinessMessage(settings, checks.database);
      return checks.settings && checks.database
        ? c.json({ status: "ready", service: SERVICE, checks, message }, 200)
        : c.json({ status: "not_ready", service: SERVICE, checks, message }, 503);
    });
  }
}

/** Asks for the table that everything reads, so that a database without its migrations does not pass. */
async function databaseAnswers(env: Env): Promise<boolean> {
  try {
    await openDatabase(env.DB).run(sql`SELECT 1 FROM batches LIMIT 1`);
    return true;
  } catch (error) {
    log("error", "database_unreachable", errorFields(error));
    return false;
  }
}

/** A topic that cannot be read waits in Kafka, while everything else goes on: it is told, and no more. */
async function sourceHealth(env: Env) {
  const settings = settingsOf(env);
  const source = settings.kind === "valid" ? await readSourceStatus(env, settings.settings) : null;
  if (source === null) return {};
  const polled = source.polledAt === null ? "not yet" : toWireDatetime(source.polledAt);
  const message = source.problem ?? `Topics are read; last poll: ${polled}.`;
  return { kafka_source: { status: source.well ? "healthy" : "unhealthy", message } as const };
}

function environmentOf(settings: SettingsResult): string {
  return settings.kind === "valid" ? settings.settings.ENVIRONMENT : "unknown";
}

function readinessMessage(settings: SettingsResult, database: boolean): string {
  const faults =
    settings.kind === "valid" ? [] : settings.problems.map(({ name, message }) => `${name}: ${message}`);
  if (!database) faults.push("the database does not answer, or its migrations are missing");
  return faults.length === 0 ? "The service is ready." : faults.join("; ");
}

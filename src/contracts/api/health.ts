import { z } from "@hono/zod-openapi";

/** The bodies of the original service's health routes, for the probes that read them. */
export const healthSchema = z
  .object({
    service: z.string(),
    status: z.enum(["healthy", "unhealthy"]),
    message: z.string(),
    version: z.string(),
    checks: z.object({ service_responsive: z.boolean(), dependencies_available: z.boolean() }),
    dependencies: z.object({
      database: z.object({ status: z.enum(["healthy", "unhealthy"]) }),
      kafka_source: z
        .object({ status: z.enum(["healthy", "unhealthy"]), message: z.string() })
        .optional()
        .describe(
          "Only where topics are read through a bridge. It does not decide about the service's health.",
        ),
    }),
    environment: z.string(),
  })
  .openapi("Health");

export const livenessSchema = z
  .object({ status: z.literal("alive"), service: z.string(), message: z.string() })
  .openapi("Liveness");

export const readinessSchema = z
  .object({
    status: z.enum(["ready", "not_ready"]),
    service: z.string(),
    checks: z.object({ settings: z.boolean(), database: z.boolean() }),
    message: z.string(),
  })
  .openapi("Readiness");

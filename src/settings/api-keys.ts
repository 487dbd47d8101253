import { z } from "zod";
import { jsonVariable } from "./json-variable.ts";

export const SCOPES = ["batches", "judging", "callbacks", "events", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

/** Callers that are not keys: batches from the event bus, and anybody in development. */
const RESERVED_NAMES: readonly string[] = ["kafka", "developer"];

const apiKey = z.object({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "expected 1 to 63 lower-case letters, digits and hyphens")
    .refine(
      (name) => !RESERVED_NAMES.includes(name),
      "expected another name: the service itself uses this one",
    ),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "expected the SHA-256 of the key as 64 hexadecimal digits"),
  scopes: z.array(z.enum(SCOPES)).min(1),
});
export type ApiKey = z.infer<typeof apiKey>;

/** Callers and what each may do, as JSON in one variable. */
export const apiKeys = jsonVariable(
  z.array(apiKey).max(100),
  'a JSON array of {"name", "sha256", "scopes"}',
  "[]",
);

import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Scope } from "../settings/api-keys.ts";

/** Who is asking, and what they may do. */
export interface Caller {
  readonly name: string;
  readonly scopes: readonly Scope[];
}

export interface AppEnv {
  Bindings: Env;
  Variables: {
    /** the request's own, until a batch is known: then the batch's */
    correlationId: string;
    /** null as long as the request is about no batch that this caller may see */
    batchId: string | null;
    /** set by `authenticate`; routes that are open to everybody have none */
    caller: Caller;
  };
}

export type App = OpenAPIHono<AppEnv>;
export type AppContext = Context<AppEnv>;

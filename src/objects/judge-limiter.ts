import { DurableObject } from "cloudflare:workers";
import {
  type Allowance,
  allow,
  allowanceSchema,
  FRESH,
  type Grant,
  giveBack,
  type Limit,
} from "./judge-allowance.ts";

const STATE_KEY = "allowance";

/**
 * How fast one judge is asked, by all batches together: one object per judge, because a provider counts a key's requests and not a
 * batch's, and queue consumers run wherever the platform starts them. It keeps one small value.
 */
export class JudgeLimiter extends DurableObject<Env> {
  /** Asks for leave to put `count` questions; what is granted takes places until {@link release}, or for `leaseMs`. */
  async acquire(limit: Limit, count: number, leaseId: string, leaseMs: number): Promise<Grant> {
    const { grant, allowance } = allow(this.#read(), limit, count, { id: leaseId, ms: leaseMs }, Date.now());
    this.ctx.storage.kv.put(STATE_KEY, allowance);
    return grant;
  }

  async release(leaseId: string): Promise<void> {
    this.ctx.storage.kv.put(STATE_KEY, giveBack(this.#read(), leaseId));
  }

  #read(): Allowance {
    const stored = allowanceSchema.safeParse(this.ctx.storage.kv.get(STATE_KEY));
    return stored.success ? stored.data : FRESH;
  }
}

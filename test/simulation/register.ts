/** Lets plain Node load the object: `cloudflare:workers` is the one module of the platform that it imports. */
import { registerHooks } from "node:module";

const STAND_IN = new URL("./cloudflare-workers.ts", import.meta.url).href;

registerHooks({
  resolve(specifier, context, next) {
    if (specifier === "cloudflare:workers") return { url: STAND_IN, shortCircuit: true };
    return next(specifier, context);
  },
});

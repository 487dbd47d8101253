/** Lets plain Node load the object: `cloudflare:workers` is the one module of the platform that it imports. */
import { readFileSync } from "node:fs";
import { registerHooks, stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";
import type { Mutant } from "./mutants.ts";
import { mutate } from "./mutants.ts";

const STAND_IN = new URL("./cloudflare-workers.ts", import.meta.url).href;

/** @param mutant edits the sources while they are loaded; null leaves them as they are */
export function registerPlatform(mutant: Mutant | null): void {
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === "cloudflare:workers") return { url: STAND_IN, shortCircuit: true };
      return next(specifier, context);
    },
    load(url, context, next) {
      const path = url.startsWith("file:") ? fileURLToPath(url) : "";
      if (!mutant?.edits.some(({ file }) => path.endsWith(file))) return next(url, context);
      const source = mutate(mutant, path, readFileSync(path, "utf8"));
      return { format: "module", source: stripTypeScriptTypes(source), shortCircuit: true };
    },
  });
}

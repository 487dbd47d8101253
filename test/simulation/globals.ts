/** The parts of the platform that production code reaches without a port: clock, dice, timers, digests and `fetch`. */
import { createHash, createHmac } from "node:crypto";
import type { World } from "./world.ts";

/** Lets all that was promised so far happen. Taken before timers are replaced. */
const realImmediate = setImmediate;
export function settleMicrotasks(): Promise<void> {
  return new Promise((resolve) => void realImmediate(resolve));
}

type Restore = () => void;

/** Replaces them for one simulation. @returns what puts everything back */
export function installGlobals(world: World, fetchLike: object, quiet: boolean): Restore {
  const { timeline, chance } = world;
  // A date without arguments is now; any other is what it says.
  const VirtualDate = new Proxy(Date, {
    construct: (target, parts, self) =>
      Reflect.construct(target, parts.length === 0 ? [timeline.now()] : parts, self),
    get: (target, name) => (name === "now" ? timeline.now : Reflect.get(target, name)),
  });
  const keys = new WeakMap<object, Uint8Array>();
  const restores = [
    replace(globalThis, "Date", VirtualDate),
    replace(globalThis, "fetch", fetchLike),
    replace(globalThis, "setTimeout", (happen: () => void, ms: number) => {
      timeline.after(ms ?? 0, happen);
      return 0;
    }),
    replace(globalThis, "clearTimeout", () => {}),
    replace(Math, "random", () => chance.next()),
    replace(AbortSignal, "timeout", () => new AbortController().signal),
    // Node's own run on other threads and would answer in any order.
    replace(crypto.subtle, "digest", async (_name: unknown, bytes: Uint8Array) =>
      arrayBufferOf(createHash("sha256").update(bytes).digest()),
    ),
    replace(crypto.subtle, "importKey", async (_format: unknown, bytes: Uint8Array) => {
      const key = {};
      keys.set(key, bytes);
      return key;
    }),
    replace(crypto.subtle, "sign", async (_name: unknown, key: object, bytes: DataView) =>
      arrayBufferOf(
        createHmac("sha256", keys.get(key) ?? new Uint8Array())
          .update(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength))
          .digest(),
      ),
    ),
    ...(quiet
      ? ["log", "warn", "error"].map((name) => replace(console, name, (line: string) => world.note(line)))
      : []),
  ];
  return () => {
    for (const restore of restores) restore();
  };
}

function arrayBufferOf(bytes: Buffer): ArrayBuffer {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy.buffer;
}

function replace(target: object, name: string, value: unknown): Restore {
  const before = Object.getOwnPropertyDescriptor(target, name);
  Object.defineProperty(target, name, { value, configurable: true, writable: true, enumerable: true });
  return () => {
    if (before === undefined) Reflect.deleteProperty(target, name);
    else Object.defineProperty(target, name, before);
  };
}

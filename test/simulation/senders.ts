/** Whoever sends something to the service: each insists until it has heard that what it sent was taken. */
import type { World } from "./world.ts";
import { type Process, startProcess } from "./world.ts";

let senders = 0;

/**
 * Does a piece of work as a process of its own. When it fails or its process dies, it is done again after a while: at least
 * once, and after a lost answer more often.
 */
export function insist(
  world: World,
  name: string,
  work: (process: Process) => Promise<void>,
  key = senders++,
): void {
  const process = startProcess(name);
  world.ledger.insisting.set(key, name);
  let over = false;
  const again = () => {
    if (over) return;
    over = true;
    world.timeline.after(world.chance.integer(1_000, 120_000), () => insist(world, name, work, key));
  };
  process.onDeath.push(again);
  work(process).then(() => {
    if (over) return;
    over = true;
    world.ledger.insisting.delete(key);
  }, again);
}

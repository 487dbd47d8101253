/** Virtual time: what is to happen, in order. Nothing here waits for a real clock. */
export interface Timeline {
  now(): number;
  /** Calls `happen` after `delayMs`; what is due at the same moment happens in the order in which it was asked for. */
  after(delayMs: number, happen: () => void): void;
  /** Takes the next thing, or says that none is left before `end`. */
  step(end: number): boolean;
}

interface Happening {
  readonly at: number;
  readonly order: number;
  readonly happen: () => void;
}

export function createTimeline(start: number): Timeline {
  const heap: Happening[] = [];
  let now = start;
  let order = 0;
  return {
    now: () => now,
    after(delayMs, happen) {
      push(heap, { at: now + Math.max(0, Math.round(delayMs)), order: order++, happen });
    },
    step(end) {
      const first = heap.at(0);
      if (first === undefined || first.at > end) return false;
      pop(heap);
      now = first.at;
      first.happen();
      return true;
    },
  };
}

function isBefore(left: Happening, right: Happening): boolean {
  return left.at < right.at || (left.at === right.at && left.order < right.order);
}

function push(heap: Happening[], happening: Happening): void {
  let at = heap.length;
  heap.push(happening);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (isBefore(heap[parent], happening)) break;
    heap[at] = heap[parent];
    at = parent;
  }
  heap[at] = happening;
}

function pop(heap: Happening[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child += 1;
    if (!isBefore(heap[child], last)) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = last;
}

import type { BradleyTerryData } from "./model.ts";

/**
 * What the comparison graph can and cannot tell. The maximum-likelihood estimate exists exactly when the directed
 * graph loser → winner is strongly connected (Ford 1957; Hunter 2004, Assumption 1).
 */
export interface Connectivity {
  /** Groups of items with no comparison between them (an isolated item is a group). 1 is connected. */
  readonly weakComponents: number;
  /** Groups within which every item is beaten, through a chain, by every other. 1 is strongly connected. */
  readonly strongComponents: number;
  readonly mleExists: boolean;
  /** Items compared and never beaten, winless, or never compared, in index order. */
  readonly unbeaten: readonly number[];
  readonly winless: readonly number[];
  readonly isolated: readonly number[];
}

/** Component number of every item, and how many components there are. */
export interface Components {
  readonly count: number;
  readonly of: Int32Array;
}

/** The directed graph loser → winner as adjacency lists; a tie is an edge both ways, a row of weight 0 is none. */
interface Beaten {
  readonly start: Int32Array;
  readonly winners: Int32Array;
}

function beatenBy({ itemCount, winners, losers, weights, ties }: BradleyTerryData): Beaten {
  const start = new Int32Array(itemCount + 1);
  const rows = winners.length;
  for (let row = 0; row < rows; row++) {
    if (weights && weights[row] === 0) continue;
    start[losers[row] + 1]++;
    if (ties && ties[row] === 1) start[winners[row] + 1]++;
  }
  for (let item = 0; item < itemCount; item++) start[item + 1] += start[item];
  const next = start.slice(0, itemCount);
  const edges = new Int32Array(start[itemCount]);
  for (let row = 0; row < rows; row++) {
    if (weights && weights[row] === 0) continue;
    edges[next[losers[row]]++] = winners[row];
    if (ties && ties[row] === 1) edges[next[winners[row]]++] = losers[row];
  }
  return { start, winners: edges };
}

/** Strongly connected components (Tarjan 1972, SIAM J. Comput. 1:146), with an explicit stack: O(items + rows). */
export function strongComponents(data: BradleyTerryData): Components {
  const { start, winners } = beatenBy(data);
  const n = data.itemCount;
  const order = new Int32Array(n).fill(-1);
  const low = new Int32Array(n);
  const of = new Int32Array(n).fill(-1);
  const cursor = start.slice(0, n);
  const path = new Int32Array(n);
  const open = new Int32Array(n);
  let visited = 0;
  let opened = 0;
  let count = 0;
  for (let root = 0; root < n; root++) {
    if (order[root] >= 0) continue;
    let depth = 0;
    path[0] = root;
    order[root] = low[root] = visited++;
    open[opened++] = root;
    while (depth >= 0) {
      const item = path[depth];
      if (cursor[item] < start[item + 1]) {
        const next = winners[cursor[item]++];
        if (order[next] < 0) {
          order[next] = low[next] = visited++;
          open[opened++] = next;
          path[++depth] = next;
        } else if (of[next] < 0 && order[next] < low[item]) low[item] = order[next];
        continue;
      }
      if (low[item] === order[item]) {
        let member: number;
        do {
          member = open[--opened];
          of[member] = count;
        } while (member !== item);
        count++;
      }
      depth--;
      if (depth >= 0 && low[item] < low[path[depth]]) low[path[depth]] = low[item];
    }
  }
  return { count, of };
}

/** Weakly connected components by union-find with path halving. */
export function weakComponents({ itemCount, winners, losers, weights }: BradleyTerryData): Components {
  const parent = Int32Array.from({ length: itemCount }, (_, item) => item);
  const find = (item: number): number => {
    let at = item;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]];
      at = parent[at];
    }
    return at;
  };
  for (let row = 0; row < winners.length; row++) {
    if (weights && weights[row] === 0) continue;
    parent[find(winners[row])] = find(losers[row]);
  }
  const of = new Int32Array(itemCount).fill(-1);
  let count = 0;
  for (let item = 0; item < itemCount; item++) {
    const root = find(item);
    if (of[root] < 0) of[root] = count++;
    of[item] = of[root];
  }
  return { count, of };
}

/** Counts components and names the items that keep the maximum-likelihood estimate from existing. */
export function describeConnectivity(data: BradleyTerryData): Connectivity {
  const { itemCount, winners, losers, weights, ties } = data;
  const won = new Uint8Array(itemCount);
  const lost = new Uint8Array(itemCount);
  for (let row = 0; row < winners.length; row++) {
    if (weights && weights[row] === 0) continue;
    won[winners[row]] = lost[losers[row]] = 1;
    if (ties && ties[row] === 1) won[losers[row]] = lost[winners[row]] = 1;
  }
  const unbeaten: number[] = [];
  const winless: number[] = [];
  const isolated: number[] = [];
  for (let item = 0; item < itemCount; item++) {
    if (won[item] && !lost[item]) unbeaten.push(item);
    if (!won[item] && lost[item]) winless.push(item);
    if (!won[item] && !lost[item]) isolated.push(item);
  }
  const strong = strongComponents(data).count;
  return {
    weakComponents: weakComponents(data).count,
    strongComponents: strong,
    mleExists: strong === 1,
    unbeaten,
    winless,
    isolated,
  };
}

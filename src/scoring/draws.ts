/** Draws of abilities from their posterior. */
import { createColumns } from "./covariance.ts";
import type { Mixture, MixtureNode } from "./mixture.ts";
import type { Random } from "./random.ts";

/** Calls `use` with draws from the joint posterior, independent of each other: nodes in proportion to their weights. */
export function drawAbilities(
  mixture: Mixture,
  draws: number,
  random: Random,
  use: (abilities: Float64Array, draw: number) => void,
): void {
  drawNodes(mixture, draws, (node, from, until) =>
    drawJointly(node, until - from, random, { mirrored: false }, (abilities, index) =>
      use(abilities, from + index),
    ),
  );
}

/** Shares the draws out between the nodes, each node's in one run. */
export function drawNodes(
  { nodes }: Mixture,
  draws: number,
  take: (node: MixtureNode, from: number, until: number) => void,
): void {
  let from = 0;
  let weight = 0;
  for (const node of nodes) {
    weight += node.weight;
    const until = Math.min(draws, Math.round(weight * draws));
    if (from < until) take(node, from, until);
    from = Math.max(from, until);
  }
}

type UseDraw = (abilities: Float64Array, index: number) => void;

/** Draws of all abilities together, four at a time; each mirrored at the mode, if wanted. */
export function drawJointly(
  { covariance, mode }: MixtureNode,
  count: number,
  random: Random,
  { mirrored }: { readonly mirrored: boolean },
  use: UseDraw,
): void {
  const { base, scale, anchorResponses } = covariance;
  const items = base.variances.length;
  const columns = createColumns(items);
  const abilities = new Float64Array(items);
  let index = 0;
  const useAt = (deviations: Float64Array, sign: number) => {
    if (index >= count) return;
    for (let i = 0; i < items; i++) abilities[i] = mode[i] + sign * deviations[i];
    use(abilities, index++);
  };
  while (index < count) {
    base.draw(random, columns);
    for (const column of columns) {
      if (scale) for (let i = 0; i < items; i++) column[i] *= scale[i];
      for (const response of anchorResponses) {
        const push = random.normal();
        for (let i = 0; i < items; i++) column[i] += push * response[i];
      }
      useAt(column, 1);
      if (mirrored) useAt(column, -1);
    }
  }
}

/** Draws of every ability by itself. */
export function drawIndependently(
  { mode, variances }: MixtureNode,
  count: number,
  random: Random,
  { mirrored }: { readonly mirrored: boolean },
  use: UseDraw,
): void {
  const deviations = variances.map(Math.sqrt);
  const abilities = new Float64Array(variances.length);
  for (let index = 0; index < count; index++) {
    const mirror = mirrored && index % 2 === 1;
    for (let i = 0; i < abilities.length; i++)
      abilities[i] = mirror ? 2 * mode[i] - abilities[i] : mode[i] + deviations[i] * random.normal();
    use(abilities, index);
  }
}

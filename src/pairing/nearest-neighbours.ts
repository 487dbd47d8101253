/**
 * Offers every essay its neighbours in ability, nearest first, until `enough` of them have been counted or none is left. On the
 * line of abilities the neighbours lie to both sides, so this is two steps outwards per offer after one sort.
 *
 * @param offer called for every essay and neighbour; says whether that neighbour counts towards `enough`
 */
export function offerNeighbours(
  essays: readonly number[],
  abilities: ArrayLike<number>,
  enough: number,
  offer: (essay: number, neighbour: number) => boolean,
): void {
  const sorted = essays.toSorted((a, b) => abilities[a] - abilities[b]);
  const distance = (place: number, from: number) =>
    place < 0 || place >= sorted.length
      ? Number.POSITIVE_INFINITY
      : Math.abs(abilities[sorted[place]] - abilities[sorted[from]]);
  for (let place = 0; place < sorted.length; place++) {
    let below = place - 1;
    let above = place + 1;
    for (let counted = 0; counted < enough && above - below <= sorted.length; ) {
      const nearest = distance(below, place) <= distance(above, place) ? below-- : above++;
      if (offer(sorted[place], sorted[nearest])) counted++;
    }
  }
}

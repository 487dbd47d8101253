import type { BradleyTerryData } from "./model.ts";

/** The data of the rows that `keep` accepts. */
export function selectRows(data: BradleyTerryData, keep: (row: number) => boolean): BradleyTerryData {
  const kept = (_: number, row: number) => keep(row);
  const { weights, firstShown, judges, ties } = data;
  return {
    ...data,
    winners: data.winners.filter(kept),
    losers: data.losers.filter(kept),
    ...(weights && { weights: weights.filter(kept) }),
    ...(firstShown && { firstShown: firstShown.filter(kept) }),
    ...(judges && { judges: judges.filter(kept) }),
    ...(ties && { ties: ties.filter(kept) }),
  };
}

/** How the verdicts sit with the scale by why their pairs were asked: pairs chosen by verdicts flatter and pairs drawn blindly do not. */
import type { PairFit, RankingModel } from "../contracts/ranking.ts";
import { PAIR_ORIGINS, type PairOrigin } from "../pairing/index.ts";
import { type BradleyTerryData, fitBradleyTerry, selectRows } from "../scoring/index.ts";

/** One verdict by the positions of its essays, and why its pair was asked. */
interface AskedVerdict {
  readonly winner: number;
  readonly loser: number;
  readonly origin: PairOrigin;
}

/** The fit of the verdicts of every origin that has some, at the final abilities (logits). */
export function describePairFit(verdicts: readonly AskedVerdict[], abilities: Float64Array): PairFit[] {
  return PAIR_ORIGINS.flatMap((origin) => {
    const ofOrigin = verdicts.filter((verdict) => verdict.origin === origin);
    if (ofOrigin.length === 0) return [];
    const { agreement, logLoss, infit, outfit } = compare(ofOrigin, abilities);
    return [
      {
        origin,
        verdicts: ofOrigin.length,
        agreement_with_scale: agreement,
        log_loss: logLoss,
        infit,
        outfit,
      },
    ];
  });
}

/**
 * Fits without the random pairs, at the prior of the whole fit, and compares what that foretells of them with their verdicts: a
 * check that the essays' order does not come from how pairs were chosen.
 *
 * @param verdicts the rows of `data`, in its order
 */
export function foretellRandomPairs(
  data: BradleyTerryData,
  verdicts: readonly AskedVerdict[],
  priorVariance: number,
): RankingModel["random_pairs_foretold"] {
  const drawn = verdicts.filter(({ origin }) => origin === "random");
  if (drawn.length === 0 || drawn.length === verdicts.length) return null;
  const others = selectRows(data, (row) => verdicts[row].origin !== "random");
  const { abilities } = fitBradleyTerry(others, { prior: { variance: priorVariance } });
  const { agreement, logLoss } = compare(drawn, abilities);
  return { verdicts: drawn.length, agreement, log_loss: logLoss };
}

/** Residuals as in Wright & Masters 1982, "Rating scale analysis", ch. 5: outfit mean z², infit Σ(x − p)²/Σp(1 − p). */
function compare(verdicts: readonly AskedVerdict[], abilities: ArrayLike<number>) {
  let agreeing = 0;
  let logLoss = 0;
  let squares = 0;
  let information = 0;
  let standardised = 0;
  for (const { winner, loser } of verdicts) {
    const lead = abilities[winner] - abilities[loser];
    const foreseen = 1 / (1 + Math.exp(-lead));
    const missed = 1 / (1 + Math.exp(lead));
    agreeing += lead === 0 ? 0.5 : Number(lead > 0);
    logLoss += Math.log1p(Math.exp(-lead));
    squares += missed * missed;
    information += foreseen * missed;
    standardised += missed / foreseen;
  }
  const { length } = verdicts;
  return {
    agreement: agreeing / length,
    logLoss: logLoss / length,
    infit: squares / information,
    outfit: standardised / length,
  };
}

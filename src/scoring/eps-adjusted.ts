import { weakComponents } from "./connectivity.ts";
import { tallyWins } from "./graph.ts";
import type { BradleyTerryData } from "./model.ts";
import { minimise } from "./newton.ts";
import { createModel, createPosterior, startingPoint } from "./posterior.ts";
import { validateData } from "./validation.ts";
import { buildVerdictGraph } from "./verdict-graph.ts";

/** The estimator that sirt::btm, No More Marking and D-PAC print, and with which schools know SSR. */
export interface EpsAdjustedFit {
  /** Logits; mean 0 within each connected part. */
  readonly abilities: Float64Array;
  /** 1/√Hᵢᵢ: the conditional error, which ignores the other items' uncertainty. Infinite for an item never compared. */
  readonly conditionalErrors: Float64Array;
}

/** The ε of sirt::btm and No More Marking. */
export const DEFAULT_EPS = 0.3;

/**
 * Solves the score equations Σⱼ Nᵢⱼpᵢⱼ = Sᵢ with the adjusted scores Sᵢ = ε + (Nᵢ − 2ε)Wᵢ/Nᵢ (sirt::btm, Robitzsch), which
 * pull perfect scores inwards so that the estimate exists. The adjusted scores do not sum to the comparisons where
 * counts differ: the equations are solved on the sum-zero subspace of each connected part.
 * @param eps 0 < ε ≤ ½, in wins.
 */
export function fitEpsAdjusted(data: BradleyTerryData, eps: number = DEFAULT_EPS): EpsAdjustedFit {
  validateData(data);
  const graph = buildVerdictGraph({ ...data, ties: new Uint8Array(data.winners.length) }, "ignored");
  const { wins } = tallyWins(data);
  const { itemCount, played } = graph;
  const scores = wins.map((won, i) => (played[i] > 0 ? eps + ((played[i] - 2 * eps) / played[i]) * won : 0));
  const parts = weakComponents(data);
  balance(scores, wins, parts.of, parts.count);
  const model = { ...createModel(graph), wins: scores };
  const posterior = createPosterior(model, 0);
  const mode = minimise(posterior, startingPoint(model), 1e-13);
  posterior.evaluate(mode.at);
  const abilities = mode.at.slice();
  centreParts(abilities, parts.of, parts.count);
  return {
    abilities,
    conditionalErrors: Float64Array.from(
      { length: itemCount },
      (_, i) => 1 / Math.sqrt(played[i] > 0 ? posterior.diagonal[i] : 0),
    ),
  };
}

/** Removes from the scores their excess over the wins, evenly within each part. */
function balance(scores: Float64Array, wins: Float64Array, of: Int32Array, parts: number): void {
  const excess = new Float64Array(parts);
  const size = new Float64Array(parts);
  for (let i = 0; i < scores.length; i++) {
    excess[of[i]] += scores[i] - wins[i];
    size[of[i]]++;
  }
  for (let i = 0; i < scores.length; i++) scores[i] -= excess[of[i]] / size[of[i]];
}

function centreParts(abilities: Float64Array, of: Int32Array, parts: number): void {
  const total = new Float64Array(parts);
  const size = new Float64Array(parts);
  for (let i = 0; i < abilities.length; i++) {
    total[of[i]] += abilities[i];
    size[of[i]]++;
  }
  for (let i = 0; i < abilities.length; i++) abilities[i] -= total[of[i]] / size[of[i]];
}

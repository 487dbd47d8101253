import { type Covariance, factoriseHessian, invertHessian } from "./covariance.ts";
import {
  EXACT_GRID_LIMIT,
  evaluateGrid,
  type GridPoint,
  LOG_SIGMA_MAX,
  LOG_SIGMA_MIN,
  type SpreadEstimate,
} from "./empirical-bayes.ts";
import { createPosterior, type Model } from "./posterior.ts";
import { addAnchorErrors, variancesOf } from "./standard-errors.ts";

/**
 * The abilities' posterior at one σ of the grid. `variances` are of centred abilities (length itemCount);
 * `covariance` is there for few parameters and at the peak.
 */
export interface MixtureNode {
  readonly logSigma: number;
  /** Posterior probability of the node, Σ = 1. */
  readonly weight: number;
  readonly mode: Float64Array;
  readonly variances: Float64Array;
  readonly covariance: Covariance | null;
}

/**
 * The posterior of the abilities with σ integrated out over a grid, flat prior on log σ in [ln .01, ln 10] (the nested
 * Laplace approximation of Rue, Martino & Chopin 2009, JRSS B 71:319, §3): a mixture of Gaussians. A plug-in σ̂ would
 * publish standard errors of 0 whenever σ̂ lands at the lower end.
 */
export interface Mixture {
  readonly nodes: readonly MixtureNode[];
  /** Mean and standard deviation of every ability over the mixture, length itemCount. */
  readonly abilities: Float64Array;
  readonly standardErrors: Float64Array;
}

const GRID_POINTS = 25;
/** Log marginal likelihoods this far below the peak carry no weight (e⁻⁹ = .0001). */
const NEGLIGIBLE = 9;
/** So many grid points must carry weight for sums over the grid to be integrals. */
const ENOUGH_POINTS = 6;
const NARROWINGS = 4;

export function integrateSpread(model: Model, estimate: SpreadEstimate, tolerance: number): Mixture {
  const grid = gridOverSupport(model, estimate, tolerance);
  const top = Math.max(...grid.map((point) => point.logMarginal));
  const masses = grid.map((point) => Math.exp(point.logMarginal - top));
  const total = masses.reduce((sum, mass) => sum + mass, 0);
  const weighted = grid.flatMap((point, index) => {
    const weight = (masses[index] ?? 0) / total;
    return weight > Math.exp(-NEGLIGIBLE) / GRID_POINTS ? [{ point, weight }] : [];
  });
  const kept = weighted.reduce((sum, { weight }) => sum + weight, 0);
  const describe = createNodes(model, estimate);
  const nodes = weighted.map(({ point, weight }) => describe(point, weight / kept));
  return { nodes, ...momentsOf(nodes, model.graph.itemCount) };
}

/** An equally spaced grid over the range of log σ that carries weight, narrowed until enough points do. */
function gridOverSupport(model: Model, { coarse, point }: SpreadEstimate, tolerance: number): GridPoint[] {
  let grid: readonly GridPoint[] = coarse;
  for (let narrowing = 0; narrowing < NARROWINGS; narrowing++) {
    const [from, to] = supportOf(grid);
    const step = (to - from) / (GRID_POINTS - 1);
    const logSigmas = Array.from({ length: GRID_POINTS }, (_, k) => to - k * step);
    const fine = evaluateGrid(model, logSigmas, startNear(grid, to, point.mode.at), tolerance).reverse();
    if (weightyOf(fine).length >= ENOUGH_POINTS) return fine;
    grid = fine;
  }
  return [...grid];
}

function weightyOf(grid: readonly GridPoint[]): readonly GridPoint[] {
  const top = Math.max(...grid.map((point) => point.logMarginal));
  return grid.filter((point) => point.logMarginal > top - NEGLIGIBLE);
}

/** From one spacing below the lowest point of weight to one above the highest, within the range of σ. */
function supportOf(grid: readonly GridPoint[]): readonly [number, number] {
  const weighty = weightyOf(grid);
  const [first, second] = grid;
  const spacing = first && second ? second.logSigma - first.logSigma : 1;
  const low = (weighty.at(0)?.logSigma ?? LOG_SIGMA_MIN) - spacing;
  const high = (weighty.at(-1)?.logSigma ?? LOG_SIGMA_MAX) + spacing;
  return [Math.max(LOG_SIGMA_MIN, low), Math.min(LOG_SIGMA_MAX, high)];
}

function startNear(grid: readonly GridPoint[], logSigma: number, otherwise: Float64Array): Float64Array {
  const distance = (point: GridPoint) => Math.abs(point.logSigma - logSigma);
  const nearest = grid.reduce<GridPoint | null>(
    (best, point) => (best && distance(best) <= distance(point) ? best : point),
    null,
  );
  return nearest?.mode ?? otherwise;
}

type DescribeNode = (point: GridPoint, weight: number) => MixtureNode;

/**
 * Few parameters: every node has its own covariance. Many: the posterior of σ is narrow, and the peak's variances are
 * carried to the other nodes in proportion to 1/Aᵢᵢ, which leaves an error of second order in a small change.
 */
function createNodes(model: Model, { point: peak }: SpreadEstimate): DescribeNode {
  if (model.graph.dimension <= EXACT_GRID_LIMIT)
    return ({ logSigma, mode }, weight) => {
      const posterior = createPosterior(model, Math.exp(-2 * logSigma));
      posterior.evaluate(mode);
      const covariance = invertHessian(posterior, factoriseHessian(posterior));
      return {
        logSigma,
        weight,
        mode,
        covariance,
        variances: addAnchorErrors(posterior, covariance.variances),
      };
    };
  peak.posterior.evaluate(peak.mode.at);
  const atPeak = variancesOf(peak.posterior);
  const informationAtPeak = peak.posterior.diagonal.slice();
  return ({ logSigma, mode }, weight) => {
    const posterior = createPosterior(model, Math.exp(-2 * logSigma));
    posterior.evaluate(mode);
    const variances = atPeak.map((variance, i) => (variance * informationAtPeak[i]) / posterior.diagonal[i]);
    return { logSigma, weight, mode, covariance: null, variances };
  };
}

/** Mean and standard deviation of a mixture: E θ = Σ wₖθₖ, Var θ = Σ wₖ(Vₖ + (θₖ − E θ)²). */
function momentsOf(
  nodes: readonly MixtureNode[],
  itemCount: number,
): Pick<Mixture, "abilities" | "standardErrors"> {
  const abilities = new Float64Array(itemCount);
  for (const { weight, mode } of nodes) for (let i = 0; i < itemCount; i++) abilities[i] += weight * mode[i];
  const standardErrors = new Float64Array(itemCount);
  for (const { weight, mode, variances } of nodes)
    for (let i = 0; i < itemCount; i++)
      standardErrors[i] += weight * (variances[i] + (mode[i] - abilities[i]) ** 2);
  return { abilities, standardErrors: standardErrors.map(Math.sqrt) };
}

import type { Random } from "../random.ts";

/**
 * Elliptical slice sampling (Murray, Adams & MacKay 2010, AISTATS, figure 2): draws from a posterior whose prior is standard
 * normal in every coordinate. It has nothing to tune and no step is ever rejected for good.
 *
 * @param logLikelihood finite at the origin
 * @param visit sees every draw after the burn-in; the array is reused
 */
export function sampleWithNormalPrior(
  dimension: number,
  logLikelihood: (coordinates: Float64Array) => number,
  { burnIn, draws, random }: { readonly burnIn: number; readonly draws: number; readonly random: Random },
  visit: (coordinates: Float64Array) => void,
): void {
  let at = new Float64Array(dimension);
  let level = logLikelihood(at);
  let proposal = new Float64Array(dimension);
  const direction = new Float64Array(dimension);
  for (let step = 0; step < burnIn + draws; step++) {
    for (let i = 0; i < dimension; i++) direction[i] = random.normal();
    const floor = level + Math.log(1 - random.uniform());
    let angle = 2 * Math.PI * random.uniform();
    let low = angle - 2 * Math.PI;
    let high = angle;
    for (;;) {
      const cosine = Math.cos(angle);
      const sine = Math.sin(angle);
      for (let i = 0; i < dimension; i++) proposal[i] = cosine * at[i] + sine * direction[i];
      const proposed = logLikelihood(proposal);
      if (proposed >= floor) {
        level = proposed;
        break;
      }
      // The bracket shrinks towards the present point, which never lies below the floor: where the likelihood is flat and the
      // draw is 0 it lies on it.
      if (angle < 0) low = angle;
      else high = angle;
      angle = low + (high - low) * random.uniform();
    }
    [at, proposal] = [proposal, at];
    if (step >= burnIn) visit(at);
  }
}

/** What the verdicts so far say of the essays' abilities, as scoring computed it. Arrays are in essay order. */
export interface Posterior {
  /** Posterior means or modes, in logits. Only their differences matter. */
  readonly abilities: ArrayLike<number>;
  /** Posterior variances, in logits², positive. */
  readonly variances: ArrayLike<number>;
}

/** @throws {RangeError} unless there are finite abilities and finite variances ≥ 0 for every essay: anything else is a bug */
export function checkPosterior({ abilities, variances }: Posterior, essayCount: number): void {
  for (const [name, values, least] of [
    ["abilities", abilities, Number.NEGATIVE_INFINITY],
    ["variances", variances, 0],
  ] as const) {
    if (values.length !== essayCount) {
      throw new RangeError(`The posterior has ${values.length} ${name} for ${essayCount} essays`);
    }
    const wrong = Array.from(values).findIndex((value) => !Number.isFinite(value) || value < least);
    if (wrong >= 0) throw new RangeError(`The posterior's ${name} has ${values[wrong]} for essay ${wrong}`);
  }
}

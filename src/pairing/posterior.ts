/** What the verdicts so far say of the essays' abilities, as scoring computed it. Arrays are in essay order. */
export interface Posterior {
  /** Posterior means or modes, in logits. Only their differences matter. */
  readonly abilities: ArrayLike<number>;
  /** Posterior variances, in logits², positive. */
  readonly variances: ArrayLike<number>;
}

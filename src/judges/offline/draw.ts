/**
 * One number from a seed text, uniform on (0, 1): FNV-1a over its UTF-16 code units, then the 32-bit finaliser of
 * MurmurHash3 (Appleby), without which seeds that differ in the last character would give neighbouring numbers.
 */
export function drawUniform(seed: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < seed.length; at += 1) {
    hash = Math.imul(hash ^ seed.charCodeAt(at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) + 0.5) / 2 ** 32;
}

/**
 * The Bradley-Terry probability that the first wins: 1 / (1 + exp(−(q1 − q2) / noise)) (Bradley & Terry,
 * Biometrika 39, 1952, in logits).
 *
 * @param difference quality of the first minus quality of the second, in logits
 * @param noise scale of the chance part, ≥ 0: 1 is Bradley-Terry, 0 lets the better text always win
 * @returns 0 to 1; 0.5 for equals
 */
export function winProbability(difference: number, noise: number): number {
  if (difference === 0) {
    return 0.5;
  }
  return 1 / (1 + Math.exp(-difference / noise));
}

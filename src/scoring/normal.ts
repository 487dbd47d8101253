/** Φ to 1e-15: the complementary error function by series and continued fraction (Abramowitz & Stegun 7.1.6, 7.1.14). */
export function normalCdf(z: number): number {
  if (z < -38) return 0;
  if (z > 38) return 1;
  if (Math.abs(z) < 3) {
    let term = z;
    let sum = z;
    for (let k = 1; k < 200 && Math.abs(term) > 1e-17; k++) {
      term *= (z * z) / (2 * k + 1);
      sum += term;
    }
    return 0.5 + (sum * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
  }
  const x = Math.abs(z);
  let fraction = x;
  for (let k = 60; k > 0; k--) fraction = x + k / fraction;
  const tail = Math.exp((-x * x) / 2) / (fraction * Math.sqrt(2 * Math.PI));
  return z < 0 ? tail : 1 - tail;
}

/** A seeded source of randomness: the same seed gives the same scores on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** −1 or 1 with equal chance. */
  sign(): number;
  /** Uniform integer in [0, below). */
  below(limit: number): number;
}

/** Steps after which nearby seeds have nothing in common. */
const WARM_UP = 15;

/** SFC32 (Doty-Humphrey, PractRand; 128 bits of state) with normals by Marsaglia's polar method. */
export function createRandom(seed: number): Random {
  let a = 0;
  let b = seed | 0;
  let c = 0x9e3779b9 | 0;
  let counter = 1;
  let spare: number | null = null;
  const uniform = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 4294967296;
  };
  for (let step = 0; step < WARM_UP; step++) uniform();
  const normal = () => {
    if (spare !== null) {
      const value = spare;
      spare = null;
      return value;
    }
    for (;;) {
      const u = 2 * uniform() - 1;
      const v = 2 * uniform() - 1;
      const s = u * u + v * v;
      if (s === 0 || s >= 1) continue;
      const factor = Math.sqrt((-2 * Math.log(s)) / s);
      spare = v * factor;
      return u * factor;
    }
  };
  return {
    uniform,
    normal,
    sign: () => (uniform() < 0.5 ? -1 : 1),
    below: (limit) => Math.floor(uniform() * limit),
  };
}

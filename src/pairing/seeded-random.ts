/** A source of reproducible randomness. The same seed and stream give the same numbers on every machine. */
export interface SeededRandom {
  /** The next 32 random bits, as an integer in [0, 2³²). */
  readonly bits: () => number;
  /** A uniform integer in [0, bound), without modulo bias. `bound` is an integer in [1, 2³²]. */
  readonly below: (bound: number) => number;
  /** True or false with equal probability. */
  readonly coin: () => boolean;
  /** A uniform number in [0, 1) with 53 random bits. */
  readonly uniform: () => number;
}

const TWO_TO_32 = 2 ** 32;

/**
 * Random numbers by xoshiro128**, its 128 bits of state filled from seed and stream by SplitMix-style mixing, as the
 * generator's authors advise. Not for secrets.
 *
 * @param seed   any safe integer: all of its 53 bits count
 * @param stream separates the uses of one seed (a wave of a batch, a repetition of a simulation); an integer in [0, 2³²)
 */
export function seededRandom(seed: number, stream = 0): SeededRandom {
  const mix = splitMix32(seed, stream);
  const bits = xoshiro128StarStar([mix(), mix(), mix(), mix() | 1]);
  return {
    bits,
    below: (bound) => belowWithoutBias(bits, bound),
    coin: () => bits() >= TWO_TO_32 / 2,
    uniform: () => ((bits() >>> 5) * 2 ** 26 + (bits() >>> 6)) / 2 ** 53,
  };
}

/**
 * xoshiro128** 1.1 (Blackman & Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47, 2021): 32 bits per
 * call, period 2¹²⁸ − 1. `state` is four 32-bit words, not all zero.
 */
export function xoshiro128StarStar(state: readonly [number, number, number, number]): () => number {
  let [a, b, c, d] = state;
  return () => {
    const scrambled = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return scrambled;
  };
}

/** Shuffles in place, every order equally likely (Durstenfeld 1964, "Algorithm 235: Random permutation"), and returns the array. */
export function shuffle<T>(values: T[], random: SeededRandom): T[] {
  for (let last = values.length - 1; last > 0; last--) {
    const chosen = random.below(last + 1);
    const held = values[last];
    values[last] = values[chosen];
    values[chosen] = held;
  }
  return values;
}

/** The integers 0 … count−1 in random order. */
export function randomPermutation(count: number, random: SeededRandom): number[] {
  return shuffle(
    Array.from({ length: count }, (_, index) => index),
    random,
  );
}

/** Rejects the incomplete last block of [0, 2³²), so that every remainder has the same number of preimages. */
function belowWithoutBias(bits: () => number, bound: number): number {
  const accepted = TWO_TO_32 - (TWO_TO_32 % bound);
  for (;;) {
    const drawn = bits();
    if (drawn < accepted) return drawn % bound;
  }
}

/**
 * A 32-bit Weyl sequence through the MurmurHash3 finaliser: SplitMix (Steele, Lea & Flood, OOPSLA 2014) at half its width.
 * Seed halves and stream are absorbed one after the other, so that neighbouring seeds start far apart.
 */
function splitMix32(seed: number, stream: number): () => number {
  let state = 0;
  const next = () => {
    state = (state + 0x9e3779b9) | 0;
    return finalise(state);
  };
  for (const word of [seed >>> 0, Math.floor(seed / TWO_TO_32) >>> 0, stream >>> 0]) {
    state = (next() ^ word) | 0;
  }
  return next;
}

function finalise(word: number): number {
  let mixed = word;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

function rotateLeft(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

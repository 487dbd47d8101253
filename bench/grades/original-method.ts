/**
 * The grade projection of the service that this one replaces, to be measured against. It is not part of the product. What it
 * does: variances pooled over all anchors; grades with few anchors are drawn towards positions between 0 and 1, although
 * abilities are logits; boundaries half-way between the means of the grades; an essay gets the grade in whose interval its
 * score lies, whatever its error.
 */

export interface CalibratedGrade {
  readonly mean: number;
  readonly variance: number;
  readonly from: number;
  readonly to: number;
}

export interface OriginalProjection {
  readonly grade: string;
  readonly confidence: number;
  readonly label: "HIGH" | "MID" | "LOW";
}

/** From so many anchors on a grade's own mean and variance count alone. */
const ENOUGH_ANCHORS = 3;
const VARIANCE_MIN = 0.01;
const VARIANCE_OF_ONE = 0.1;
/** Stands for infinity in its messages. */
const END = 1e10;

/** Grades that `swedish_8_anchor` splits by the position in their interval: below a quarter, above three. */
const TAKES_MINUS = new Set(["E", "D", "C", "B", "A"]);
const TAKES_PLUS = new Set(["E", "B"]);

export interface OriginalCalibration {
  readonly pooledVariance: number;
  /** by grade, lowest first */
  readonly grades: readonly CalibratedGrade[];
}

/**
 * @param labels lowest grade first
 * @param anchors scores in logits of essays of known grade, at least two grades
 */
export function calibrate(
  labels: readonly string[],
  anchors: readonly { readonly grade: string; readonly score: number }[],
): OriginalCalibration {
  const pooledVariance = anchors.length > 1 ? varianceOf(anchors.map(({ score }) => score)) : VARIANCE_OF_ONE;
  const own = labels.map((label, index) => {
    const scores = anchors.filter(({ grade }) => grade === label).map(({ score }) => score);
    const expected = (index + 0.5) / labels.length;
    if (scores.length === 0) return { mean: expected, variance: pooledVariance * 2 };
    if (scores.length >= ENOUGH_ANCHORS) return { mean: meanOf(scores), variance: varianceOf(scores) };
    const weight = scores.length / ENOUGH_ANCHORS;
    return {
      mean: weight * meanOf(scores) + (1 - weight) * expected,
      variance: (pooledVariance * ENOUGH_ANCHORS) / scores.length,
    };
  });
  const means = poolAdjacentViolators(own.map(({ mean }) => mean));
  return {
    pooledVariance,
    grades: own.map(({ variance }, k) => ({
      mean: means[k],
      variance: Math.max(variance, VARIANCE_MIN),
      from: k === 0 ? -END : (means[k - 1] + means[k]) / 2,
      to: k === means.length - 1 ? END : (means[k] + means[k + 1]) / 2,
    })),
  };
}

/** Isotonic regression with equal weights. */
function poolAdjacentViolators(values: readonly number[]): number[] {
  const blocks: { sum: number; count: number }[] = [];
  for (const value of values) {
    blocks.push({ sum: value, count: 1 });
    for (;;) {
      const last = blocks.at(-1);
      const before = blocks.at(-2);
      if (last === undefined || before === undefined) break;
      if (before.sum / before.count <= last.sum / last.count) break;
      blocks.splice(-2, 2, { sum: before.sum + last.sum, count: before.count + last.count });
    }
  }
  return blocks.flatMap(({ sum, count }) => Array.from({ length: count }, () => sum / count));
}

/** The grade whose interval holds the score; at a boundary the higher one. */
export function gradeIndexOf(grades: readonly CalibratedGrade[], score: number): number {
  const at = grades.findIndex(({ from, to }) => score >= from && score < to);
  return at < 0 ? grades.length - 1 : at;
}

/** @param splits whether the scale has minus and plus grades between its own, as `swedish_8_anchor` has */
export function projectOriginal(
  labels: readonly string[],
  { grades }: OriginalCalibration,
  { score, standardError }: { readonly score: number; readonly standardError: number },
  splits: boolean,
): OriginalProjection {
  const index = gradeIndexOf(grades, score);
  const { from, to } = grades[index];
  const infinite = from === -END || to === END;
  const position = infinite ? 0.5 : (score - from) / (to - from);
  // One grade has all the probability, so its "entropy confidence" is 1 and only the standard error is left.
  const { factor, cap } = errorFactor(standardError);
  const confidence = Math.sqrt(factor);
  return {
    grade: splits ? withSign(labels[index], position) : labels[index],
    confidence,
    label: cap ?? labelOf(confidence),
  };
}

function withSign(label: string, position: number): string {
  if (position < 0.25 && TAKES_MINUS.has(label)) return `${label}-`;
  if (position > 0.75 && TAKES_PLUS.has(label)) return `${label}+`;
  return label;
}

function errorFactor(standardError: number): {
  readonly factor: number;
  readonly cap: OriginalProjection["label"] | null;
} {
  if (standardError >= 1.5) return { factor: 0.3, cap: "LOW" };
  if (standardError >= 1) return { factor: 0.6, cap: "MID" };
  return { factor: standardError >= 0.5 ? 0.8 : 1, cap: null };
}

function labelOf(confidence: number): OriginalProjection["label"] {
  if (confidence >= 0.7) return "HIGH";
  return confidence >= 0.4 ? "MID" : "LOW";
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** With denominator n. */
function varianceOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return meanOf(values.map((value) => (value - mean) ** 2));
}

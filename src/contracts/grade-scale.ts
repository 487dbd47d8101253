/** Grade scales: which grades there are, lowest first, and how common each is in the population that the scale was made for. */
import { z } from "zod";
import { label as labelText, shown } from "./text.ts";

/** Fewest and most grades of a scale. */
const MIN_GRADES = 2;
export const MAX_GRADES = 20;
/** Longest grade, in characters. */
export const MAX_GRADE_LENGTH = 20;
/** Smallest prior: a grade that is rarer still could hardly be claimed of any essay, whatever its anchors. */
const MIN_PRIOR = 0.001;
/** How far the priors of a scale may be from making 1 together. */
const PRIOR_TOLERANCE = 0.001;

/** One grade. `prior` is its share of the population, [{@link MIN_PRIOR}, 1). */
export interface Grade {
  readonly label: string;
  readonly prior: number;
}

export interface GradeScale {
  readonly name: string;
  /** Lowest first. An anchor has one of these. */
  readonly grades: readonly Grade[];
  /** The grade of what falls below the lowest; no anchor has it. Null where there is none. */
  readonly belowLowest: string | null;
}

/** Share of the population that falls below the lowest grade, where a scale has a name for it. */
const PRIOR_BELOW_LOWEST = 0.02;

function equallyCommon(...labels: readonly string[]): Grade[] {
  return labels.map((label) => ({ label, prior: 1 / labels.length }));
}

const KNOWN_SCALES = {
  swedish_8_anchor: {
    grades: [
      { label: "F", prior: 0.02 },
      { label: "E", prior: 0.08 },
      { label: "D", prior: 0.15 },
      { label: "D+", prior: 0.2 },
      { label: "C", prior: 0.25 },
      { label: "C+", prior: 0.15 },
      { label: "B", prior: 0.1 },
      { label: "A", prior: 0.05 },
    ],
    belowLowest: null,
  },
  eng5_np_legacy_9_step: {
    grades: equallyCommon("F+", "E-", "E+", "D-", "D+", "C-", "C+", "B", "A"),
    belowLowest: "F",
  },
  eng5_np_national_9_step: {
    grades: equallyCommon("1", "2", "3", "4", "5", "6", "7", "8", "9"),
    belowLowest: "0",
  },
} as const satisfies Record<string, Omit<GradeScale, "name">>;

export const GRADE_SCALE_NAMES = [
  "swedish_8_anchor",
  "eng5_np_legacy_9_step",
  "eng5_np_national_9_step",
] as const satisfies (keyof typeof KNOWN_SCALES)[];

/** The name of a scale that came with its assignment. */
const CUSTOM_SCALE = "custom";

const customScaleSchema = z.object({
  grades: z
    .array(
      z.object({
        label: labelText(MAX_GRADE_LENGTH),
        prior: z
          .number()
          .min(MIN_PRIOR, {
            error: ({ input }) =>
              `expected a share of at least ${MIN_PRIOR}, got ${input}: leave so rare a grade out, or join it to its neighbour`,
          })
          .lt(1)
          .nullish(),
      }),
    )
    .min(MIN_GRADES, `expected at least ${MIN_GRADES} grades, lowest first`)
    .max(MAX_GRADES, `expected at most ${MAX_GRADES} grades`)
    .superRefine(refuseRepeatedGrades)
    .superRefine(refuseHalfPriors),
});

const EXPECTED_SCALE = `expected ${GRADE_SCALE_NAMES.join(", ")}, or {"grades": [{"label", "prior"}, …]} with ${MIN_GRADES} to ${MAX_GRADES} grades, lowest first`;

/** A grade scale as a request names or describes it; read as a {@link GradeScale}. */
export const requestedScaleSchema = z
  .union([z.enum(GRADE_SCALE_NAMES), customScaleSchema], {
    error: ({ input }) => {
      const given = typeof input === "string" ? `, got ${shown(input)}` : "";
      return `${EXPECTED_SCALE}${given}`;
    },
  })
  .transform((scale): GradeScale => {
    if (typeof scale === "string") return { name: scale, ...KNOWN_SCALES[scale] };
    const equal = 1 / scale.grades.length;
    const grades = scale.grades.map(({ label, prior }) => ({ label, prior: prior ?? equal }));
    return { name: CUSTOM_SCALE, grades, belowLowest: null };
  });

/** A scale as it is stored and shown. */
export const gradeScaleSchema = z.object({
  name: z.string(),
  grades: z.array(z.object({ label: z.string(), prior: z.number() })),
  below_lowest: z.string().nullable(),
});
export type GradeScaleBody = z.infer<typeof gradeScaleSchema>;

export function toWireScale({ name, grades, belowLowest }: GradeScale): GradeScaleBody {
  return { name, grades: grades.map((grade) => ({ ...grade })), below_lowest: belowLowest };
}

export function fromWireScale({ name, grades, below_lowest }: GradeScaleBody): GradeScale {
  return { name, grades, belowLowest: below_lowest };
}

/** Every grade that an essay can get, lowest first, with shares that make 1. */
export function gradesOf({ grades, belowLowest }: GradeScale): Grade[] {
  const below = belowLowest === null ? [] : [{ label: belowLowest, prior: PRIOR_BELOW_LOWEST }];
  const left = belowLowest === null ? 1 : 1 - PRIOR_BELOW_LOWEST;
  const total = grades.reduce((sum, { prior }) => sum + prior, 0);
  return [...below, ...grades.map(({ label, prior }) => ({ label, prior: (prior * left) / total }))];
}

/** @returns what is wrong with an anchor's grade and what would be accepted; null when it is one of the scale's */
export function gradeProblem({ name, grades }: GradeScale, grade: string): string | null {
  const labels = grades.map(({ label }) => label);
  if (labels.includes(grade)) return null;
  return `expected a grade of the scale ${name} (${labels.join(", ")}), got ${shown(grade)}`;
}

function refuseRepeatedGrades(
  grades: readonly { readonly label: string }[],
  context: z.core.$RefinementCtx,
): void {
  const seen = new Set<string>();
  for (const [index, { label }] of grades.entries()) {
    const message = `expected every grade once, got ${shown(label)} again`;
    // Two spellings of one letter in Unicode look the same.
    const looks = label.normalize("NFC");
    if (seen.has(looks)) context.addIssue({ code: "custom", path: [index, "label"], message });
    seen.add(looks);
  }
}

function refuseHalfPriors(
  grades: readonly { readonly prior?: number | null | undefined }[],
  context: z.core.$RefinementCtx,
): void {
  const priors = grades.flatMap(({ prior }) => (typeof prior === "number" ? [prior] : []));
  if (priors.length === 0) return;
  if (priors.length < grades.length) {
    const message = `expected a prior for every grade or for none, got ${priors.length} of ${grades.length}`;
    context.addIssue({ code: "custom", path: [], message });
    return;
  }
  const total = priors.reduce((sum, prior) => sum + prior, 0);
  if (Math.abs(total - 1) <= PRIOR_TOLERANCE) return;
  const message = `expected priors that make 1 together (±${PRIOR_TOLERANCE}), got ${Number(total.toFixed(6))}`;
  context.addIssue({ code: "custom", path: [], message });
}

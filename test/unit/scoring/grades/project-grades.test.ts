import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  coordinateCount,
  thresholdPrior,
  thresholdsAt,
} from "../../../../src/scoring/grades/threshold-prior.ts";
import { type GradedAbility, projectGrades } from "../../../../src/scoring/index.ts";
import { createRandom } from "../../../../src/scoring/random.ts";

const SHARES = [0.02, 0.08, 0.15, 0.2, 0.25, 0.15, 0.1, 0.05];

/** One anchor per grade, as far apart as the grades of a class are. */
const ANCHORS = [-3, -2, -1.2, -0.4, 0.4, 1.2, 2, 3].map((ability, grade) => anchor(ability, grade));

function anchor(ability: number, knownGrade: number, standardError = 0.7): GradedAbility {
  return { ability, standardError, knownGrade };
}

function essay(ability: number, standardError = 0.7): GradedAbility {
  return { ability, standardError, knownGrade: null };
}

/** The projections of the essays, graded by these anchors. */
function gradeBy(anchors: readonly GradedAbility[], essays: readonly GradedAbility[], shares = SHARES) {
  const model = projectGrades(shares, [...anchors, ...essays], { seed: 7, draws: 1_000 });
  const graded = model.projections.filter((projection) => projection !== null);
  expect(graded).toHaveLength(essays.length);
  return { model, graded };
}

describe("grades from anchors", () => {
  it("are claimed for essays and not for anchors, whose grade is known", () => {
    const { projections } = projectGrades(SHARES, [...ANCHORS, essay(0)]);
    expect(projections.slice(0, 8)).toEqual(Array.from({ length: 8 }, () => null));
    expect(projections[8]).not.toBeNull();
  });

  it("follow the anchors: an essay that stands where an anchor stands gets a grade next to it", () => {
    const { graded } = gradeBy(
      ANCHORS,
      ANCHORS.map(({ ability }) => essay(ability, 0.3)),
    );
    graded.forEach(({ grade }, k) => {
      expect(Math.abs(grade - k)).toBeLessThanOrEqual(1);
    });
  });

  it("come with a probability for each, which together make 1", () => {
    const { graded } = gradeBy(ANCHORS, [essay(-4), essay(0.1), essay(5)]);
    for (const { probabilities, grade, wrongProbability } of graded) {
      expect(probabilities).toHaveLength(8);
      expect(probabilities.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 9);
      expect(Math.max(...probabilities)).toBe(probabilities[grade]);
      expect(wrongProbability).toBeCloseTo(1 - probabilities[grade], 12);
    }
  });

  it("say how likely they are right within one grade", () => {
    const { graded } = gradeBy(ANCHORS, [essay(-4), essay(0.1), essay(5)]);
    for (const { probabilities, grade, withinOneProbability } of graded) {
      const near = probabilities.slice(Math.max(0, grade - 1), grade + 2);
      expect(withinOneProbability).toBeCloseTo(
        near.reduce((sum, value) => sum + value, 0),
        9,
      );
    }
  });

  it("carry the essay's own standard error: the larger it is, the likelier the grade is wrong", () => {
    const { graded } = gradeBy(ANCHORS, [essay(0.4, 0.1), essay(0.4, 0.6), essay(0.4, 1.2), essay(0.4, 2)]);
    const wrong = graded.map(({ wrongProbability }) => wrongProbability);
    expect(wrong).toEqual(wrong.toSorted((left, right) => left - right));
    expect(wrong[3] - wrong[0]).toBeGreaterThan(0.2);
    const near = graded.map(({ withinOneProbability }) => withinOneProbability);
    expect(near).toEqual(near.toSorted((left, right) => right - left));
  });

  it("carry the anchors' standard errors: the larger they are, the less is known of the boundaries", () => {
    const deviations = [0.2, 1.5].map((standardError) => {
      const anchors = ANCHORS.map(({ ability }, grade) => anchor(ability, grade, standardError));
      const { model } = gradeBy(anchors, [essay(0)]);
      return model.boundaries.reduce((sum, { standardDeviation }) => sum + standardDeviation, 0);
    });
    expect(deviations[1]).toBeGreaterThan(1.3 * deviations[0]);
  });

  it("stay finite where anchors and grades agree perfectly, which an unpenalised estimate does not", () => {
    const { model } = gradeBy(ANCHORS, [essay(0)]);
    const means = model.boundaries.map(({ mean }) => mean);
    expect(means.every((mean) => Math.abs(mean) < 6)).toBe(true);
    expect(means).toEqual(means.toSorted((left, right) => left - right));
    expect(model.scatter).toBeGreaterThan(0.01);
    expect(model.scatter).toBeLessThan(1);
  });

  it("stay ordered where the anchors' abilities contradict their grades", () => {
    const contradicting = ANCHORS.map(({ ability }, grade) => anchor(-ability, grade));
    const { model } = gradeBy(contradicting, [essay(0)]);
    const means = model.boundaries.map(({ mean }) => mean);
    expect(means).toEqual(means.toSorted((left, right) => left - right));
    const agreeing = gradeBy(ANCHORS, [essay(0)]).model;
    expect(model.scatter).toBeGreaterThan(3 * agreeing.scatter);
  });

  it("without an anchor are named", () => {
    const { model } = gradeBy([ANCHORS[1], ANCHORS[4], ANCHORS[6]], [essay(0)]);
    expect(model.gradesWithoutAnchor).toEqual([0, 2, 3, 5, 7]);
    expect(gradeBy(ANCHORS, [essay(0)]).model.gradesWithoutAnchor).toEqual([]);
  });

  it("are expected to be wrong as often as their probabilities say", () => {
    const { model, graded } = gradeBy(ANCHORS, [essay(-1), essay(0), essay(2)]);
    const mean = graded.reduce((sum, { wrongProbability }) => sum + wrongProbability, 0) / 3;
    expect(model.expectedMisclassification).toBeCloseTo(mean, 12);
    expect(projectGrades(SHARES, ANCHORS).expectedMisclassification).toBeNull();
  });

  it("are wrong as often as stated, within .05, in simulated classes of 8 anchors and 25 essays", () => {
    const random = createRandom(11);
    const spread = 1.7;
    const noise = 0.6;
    // What the verdicts leave of an ability: the mean and standard deviation of its posterior.
    const reliability = spread ** 2 / (spread ** 2 + noise ** 2);
    const prior = thresholdPrior(SHARES, 0, spread);
    let stated = 0;
    let wrong = 0;
    let graded = 0;
    for (let classroom = 0; classroom < 60; classroom++) {
      const off = Float64Array.from({ length: coordinateCount(prior) }, () => 0.4 * random.normal());
      const { boundaries, scatter } = thresholdsAt(prior, off);
      const gradeOf = (truth: number) => {
        const u = random.uniform();
        const seen = truth + scatter * Math.log(u / (1 - u));
        return boundaries.filter((boundary) => seen > boundary).length;
      };
      const drawn = (wanted: number | null) => {
        for (;;) {
          const truth = spread * random.normal();
          const trueGrade = gradeOf(truth);
          if (wanted !== null && trueGrade !== wanted) continue;
          const ability = reliability * (truth + noise * random.normal());
          const standardError = noise * Math.sqrt(reliability);
          return { trueGrade, one: { ability, standardError, knownGrade: wanted } };
        }
      };
      const anchors = SHARES.map((_, grade) => drawn(grade).one);
      const essays = Array.from({ length: 25 }, () => drawn(null));
      const { graded: projected } = gradeBy(
        anchors,
        essays.map(({ one }) => one),
      );
      projected.forEach(({ grade, wrongProbability }, i) => {
        graded += 1;
        stated += wrongProbability;
        wrong += Number(grade !== essays[i].trueGrade);
      });
    }
    expect(wrong / graded).toBeGreaterThan(0.3);
    expect(Math.abs(stated - wrong) / graded).toBeLessThanOrEqual(0.05);
  });

  it("are the same for the same seed, and nearly the same for another", () => {
    const essays = [...ANCHORS, essay(-1.6), essay(0), essay(1.6)];
    const [first, again, other] = [1, 1, 2].map((seed) => projectGrades(SHARES, essays, { seed }));
    expect(again).toEqual(first);
    first.projections.forEach((projection, i) => {
      const there = other.projections[i];
      projection?.probabilities.forEach((value, k) => {
        expect(Math.abs(value - (there?.probabilities[k] ?? Number.NaN))).toBeLessThan(0.03);
      });
    });
  });

  it("do not depend on where the zero of the scale is", () => {
    const essays = [...ANCHORS, essay(-1.6), essay(0.3)];
    const moved = essays.map((one) => ({ ...one, ability: one.ability + 40 }));
    const [here, there] = [essays, moved].map((list) => projectGrades(SHARES, list));
    here.projections.forEach((projection, i) => {
      projection?.probabilities.forEach((value, k) => {
        expect(there.projections[i]?.probabilities[k]).toBeCloseTo(value, 6);
      });
    });
  });

  it("rise with ability: of two essays of one standard error the abler is at least as likely above any boundary", () => {
    const abilities = fc.array(fc.double({ min: -6, max: 6, noNaN: true }), { minLength: 2, maxLength: 6 });
    const error = fc.double({ min: 0.05, max: 2.5, noNaN: true });
    fc.assert(
      fc.property(abilities, error, (values, standardError) => {
        const ascending = values.toSorted((left, right) => left - right);
        const { graded } = gradeBy(
          ANCHORS,
          ascending.map((ability) => essay(ability, standardError)),
        );
        const above = graded.map(({ probabilities }) => {
          let left = 1;
          return probabilities.map((value) => {
            left -= value;
            return left;
          });
        });
        for (let i = 1; i < above.length; i++)
          above[i].forEach((value, k) => {
            expect(value).toBeGreaterThanOrEqual(above[i - 1][k] - 1e-4);
          });
      }),
      { numRuns: 8, seed: 5 },
    );
  });

  it.each([
    ["two grades", [0.5, 0.5], [anchor(-1, 0), anchor(1, 1)]],
    ["twenty grades", Array.from({ length: 20 }, () => 0.05), [anchor(-2, 3), anchor(2, 16)]],
    [
      "a hundred anchors",
      SHARES,
      Array.from({ length: 100 }, (_, i) => anchor((i - 50) / 17, ((i * 8) / 100) | 0)),
    ],
    ["no standard error", SHARES, [anchor(-2, 1, 0), anchor(2, 6, 0)]],
    ["equal abilities", SHARES, [anchor(0, 1), anchor(0, 6)]],
    ["abilities beyond any class", SHARES, [anchor(-300, 0), anchor(300, 7)]],
  ])("can be told for %s", (_, shares, anchors) => {
    const { graded, model } = gradeBy(anchors, [essay(0), essay(1)], shares);
    for (const { probabilities } of graded) {
      expect(probabilities.every((value) => value >= 0 && value <= 1)).toBe(true);
      expect(probabilities.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 9);
    }
    expect(model.boundaries.every(({ mean }) => Number.isFinite(mean))).toBe(true);
  });
});

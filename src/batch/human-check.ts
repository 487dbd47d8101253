import type { Agreement, HumanCheck } from "../contracts/ranking.ts";
import type { Comparison } from "./batch.ts";
import { judgeNameOf } from "./judge-name.ts";

/**
 * Agreement of machines and people on exactly the pairs that were drawn for both. Null where none was drawn. Which position
 * an essay had does not matter: each was shown in an order of its own.
 */
export function checkAgainstPeople(comparisons: readonly Comparison[]): HumanCheck | null {
  const byNumber = new Map(comparisons.map((comparison) => [comparison.number, comparison]));
  const drawn = comparisons.filter(({ copyOf }) => copyOf !== null);
  if (drawn.length === 0) return null;
  const both = drawn.flatMap((copy) => {
    const original = copy.copyOf === null ? undefined : byNumber.get(copy.copyOf);
    const [person, machine] = [winnerOf(copy), original === undefined ? null : winnerOf(original)];
    if (original === undefined || person === null || machine === null) return [];
    return [{ judge: judgeNameOf(original), agreed: person === machine }];
  });
  return {
    ...agreementOf(both),
    pairs_drawn: drawn.length,
    judges: [...Map.groupBy(both, ({ judge }) => judge)]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([judge, pairs]) => ({ judge, ...agreementOf(pairs) })),
  };
}

function winnerOf({ winner, first, second }: Comparison): number | null {
  if (winner === null) return null;
  return winner === "essay_a" ? first : second;
}

/** The normal deviate of a 95 % interval. */
const Z = 1.959963984540054;

/** The share with its score interval (Wilson 1927, JASA 22:209), which stays within 0 and 1 for few pairs. */
function agreementOf(pairs: readonly { readonly agreed: boolean }[]): Agreement {
  const count = pairs.length;
  const agreed = pairs.filter((pair) => pair.agreed).length;
  if (count === 0) return { pairs: 0, agreed: 0, agreement: null, agreement_low: null, agreement_high: null };
  const share = agreed / count;
  const weight = 1 + Z ** 2 / count;
  const centre = (share + Z ** 2 / (2 * count)) / weight;
  const half = (Z * Math.sqrt((share * (1 - share)) / count + Z ** 2 / (4 * count ** 2))) / weight;
  return {
    pairs: count,
    agreed,
    agreement: share,
    agreement_low: Math.max(0, centre - half),
    agreement_high: Math.min(1, centre + half),
  };
}

import type { BradleyTerryData, PositionModel } from "./model.ts";
import { shareRepeats } from "./repeats.ts";
import { leaveOutTotalJudges } from "./total-judges.ts";

/**
 * The verdicts as a scale rests on them: without those of judges who always chose one position (`leaveOutTotalJudges`; they stay
 * where positions are ignored), and repeated ones of one judge on one pair share a weight of 1 (`shareRepeats`).
 */
export function evidenceOf(data: BradleyTerryData, position?: PositionModel): BradleyTerryData {
  const heard = position === "ignored" ? data : leaveOutTotalJudges(data);
  return { ...heard, weights: shareRepeats(heard) };
}

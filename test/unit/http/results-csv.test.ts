import { describe, expect, it } from "vitest";
import { toCsv } from "../../../src/http/batches/results-csv.ts";

function ranked(essayId: string, changes: object = {}) {
  return {
    essay_id: essayId,
    rank: 1,
    score: 1.25,
    standard_error: 0.5,
    comparisons: 9,
    wins: 8,
    is_anchor: false,
    rank_low: 1,
    rank_high: 2,
    tied_with_next: false,
    top_probability: 0.5,
    infit: 1,
    outfit: 1,
    infit_p: 0.5,
    outfit_p: 0.5,
    anchor_id: null,
    known_grade: null,
    grade: null,
    review: null,
    ...changes,
  };
}

describe("results as CSV", () => {
  it("are a header and a line for each essay, ended by CRLF", () => {
    expect(toCsv([ranked("anna"), ranked("bo", { rank: 2, score: -1.25, wins: 1, is_anchor: true })])).toBe(
      "rank,essay_id,score,standard_error,comparisons,wins,is_anchor,rank_low,rank_high,tied_with_next,top_probability,infit,outfit,infit_p,outfit_p,anchor_id,known_grade,grade,wrong_probability,within_one_probability,has_anchor,warning,reviewed_by,reviewed_grade\r\n" +
        "1,anna,1.25,0.5,9,8,false,1,2,false,0.5,1,1,0.5,0.5,,,,,,,,,\r\n" +
        "2,bo,-1.25,0.5,9,1,true,1,2,false,0.5,1,1,0.5,0.5,,,,,,,,,\r\n",
    );
  });

  it("give the grade, how sure it is, the anchor and the review columns of their own", () => {
    const grade = {
      grade: "C+",
      probabilities: [0, 0.1, 0.6, 0.3],
      wrong_probability: 0.4,
      within_one_probability: 1,
      has_anchor: false,
      warning: null,
    };
    const review = { reviewed_by: "A. Reader", grade: "B", reviewed_at: "2026-02-07T09:15:00.000000Z" };
    const anchor = { is_anchor: true, anchor_id: "middling", known_grade: "C" };
    const [, graded, known] = toCsv([ranked("anna", { grade, review }), ranked("x", anchor)]).split("\r\n");
    expect(graded).toMatch(/,,,C\+,0\.4,1,false,,A\. Reader,B$/);
    expect(known).toMatch(/,middling,C,,,,,,,$/);
  });

  it("keep zeros and the full precision of a number", () => {
    expect(toCsv([ranked("anna", { score: 0, standard_error: 0.1234567890123456, wins: 0 })])).toContain(
      "1,anna,0,0.1234567890123456,9,0,false",
    );
  });

  it("quote what would break the line", () => {
    expect(toCsv([ranked('a,"b"\nc')])).toContain('1,"a,""b""\nc",1.25');
  });

  it.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1"])(
    "give a spreadsheet nothing to run: %j",
    (essayId) => {
      expect(toCsv([ranked(essayId)])).toContain(`,'${essayId},`);
    },
  );

  it("are a header alone when nobody is ranked", () => {
    expect(toCsv([])).toBe(
      "rank,essay_id,score,standard_error,comparisons,wins,is_anchor,rank_low,rank_high,tied_with_next,top_probability,infit,outfit,infit_p,outfit_p,anchor_id,known_grade,grade,wrong_probability,within_one_probability,has_anchor,warning,reviewed_by,reviewed_grade\r\n",
    );
  });
});

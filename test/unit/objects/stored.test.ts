import { describe, expect, it } from "vitest";
import { storedOrigin } from "../../../src/objects/stored.ts";

const ORIGIN = {
  batchId: "0123456789abc",
  caller: "school",
  source: "http",
  fingerprint: "f",
  bosBatchId: "bos-1",
  correlationId: "c-1",
  userId: "u-1",
  orgId: null,
  assignmentId: null,
  language: "en",
  courseCode: null,
  topicPrefix: "",
  eventTypePrefix: "",
  seed: 1,
  createdAt: 1,
};

describe("the origin of a batch that an earlier version stored", () => {
  it("with one judge is read as that judge with all of the comparisons", () => {
    expect(storedOrigin.parse({ ...ORIGIN, judge: "offline" })).toMatchObject({
      judges: [{ judge: "offline", model: null, share: 1 }],
      judgedBy: [],
    });
  });

  it("with several is read as it stands", () => {
    const judges = [
      { judge: "anthropic", model: "m-1", share: 0.7 },
      { judge: "human", model: null, share: 0.3 },
    ];
    expect(storedOrigin.parse({ ...ORIGIN, judges })).toMatchObject({ judges });
  });
});

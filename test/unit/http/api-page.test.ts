import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { MAX_REVIEWS_PER_ESSAY } from "../../../src/batch/commands/review-grade.ts";
import { readRecordText } from "../../../src/bus/inbound-record.ts";
import { RECORD_MAX_BYTES, RECORDS_MAX, splitRecords } from "../../../src/bus/split-records.ts";
import {
  createAssignmentRequestSchema,
  MAX_ANCHORS,
  MIN_ANCHOR_CHARACTERS,
} from "../../../src/contracts/api/assignments.ts";
import { callbackSchema } from "../../../src/contracts/api/intake.ts";
import {
  MAX_BUDGET,
  MAX_IDEMPOTENCY_KEY_LENGTH,
  openBatchRequestSchema,
} from "../../../src/contracts/api/open-batch.ts";
import { MAX_PROMPT_BYTES } from "../../../src/contracts/api/text-of-bytes.ts";
import { MAX_ESSAY_BYTES, MAX_ESSAYS } from "../../../src/contracts/assessment-request.ts";
import { MAX_GRADES } from "../../../src/contracts/grade-scale.ts";
import { MAX_JSON_DEPTH, MAX_JSON_VALUES } from "../../../src/encoding/json-limits.ts";
import { createApp } from "../../../src/http/app.ts";
import {
  MAX_ASSIGNMENT_REQUEST_BYTES,
  MAX_BATCH_REQUEST_BYTES,
  MAX_CALLBACK_BYTES,
  MAX_COMPARISONS_PAGE_SIZE,
  MAX_EVENTS_REQUEST_BYTES,
  MAX_PAGE_SIZE,
} from "../../../src/http/limits.ts";
import { PROBLEMS } from "../../../src/http/problem-catalogue.ts";
import { RATE_LIMITS, RATE_PERIOD_SECONDS } from "../../../src/http/rate-limit.ts";

const page = readFileSync(new URL("../../../docs/api.md", import.meta.url).pathname, "utf8");

/** What the page posts to a path, with a comparison's id where the shell would put one. */
function bodiesPostedTo(path: string): string[] {
  return [...page.matchAll(/-X POST "\$API([^"]+)"[^\n]*-d '([\s\S]*?\n[}\]])'/g)]
    .filter(([, posted]) => posted === path)
    .map(([, , body]) => body.replaceAll(`'"$COMPARISON"'`, "c0ffee00-0000-8000-8000-000000000001"));
}

describe("the page about the API", () => {
  it("shows every route", async () => {
    const { paths } = z
      .object({ paths: z.record(z.string(), z.unknown()) })
      .parse(await (await createApp().request("/openapi.json")).json());
    const short = ["/live", "/ready"];
    for (const path of Object.keys(paths)) {
      const example = new RegExp(`"\\$API${path.replaceAll(/\{\w+\}/g, "\\$[A-Z]+")}["?]`);
      expect(page).toMatch(short.includes(path) ? `\`${path}\`` : example);
    }
  });

  it("asks for batches that the service takes", () => {
    const bodies = bodiesPostedTo("/v1/batches");
    expect(bodies.length).toBeGreaterThanOrEqual(3);
    for (const body of bodies)
      expect(openBatchRequestSchema.safeParse(JSON.parse(body)).error).toBeUndefined();
  });

  it("creates an assignment that the service takes", () => {
    const [body] = bodiesPostedTo("/v1/assignments");
    expect(createAssignmentRequestSchema.safeParse(JSON.parse(body)).error).toBeUndefined();
  });

  it("answers comparisons as the service reads them", () => {
    const [body] = bodiesPostedTo("/v1/callbacks");
    expect(callbackSchema.safeParse(JSON.parse(body)).error).toBeUndefined();
  });

  it("delivers an event that is taken, and one that is not", () => {
    const [body] = bodiesPostedTo("/v1/events");
    const split = splitRecords(body);
    expect(split.kind).toBe("records");
    const kinds = split.kind === "records" ? split.records.map(({ text }) => readRecordText(text).kind) : [];
    expect(kinds).toEqual(["assessment_request", "unusable"]);
  });

  it("names the limits that are in force", () => {
    const limits = /\| what[\s\S]*?\n\n/.exec(page)?.at(0) ?? "";
    const counts = [
      MAX_ESSAYS,
      MAX_ESSAY_BYTES,
      MAX_PROMPT_BYTES,
      MAX_BUDGET,
      RECORDS_MAX,
      MAX_IDEMPOTENCY_KEY_LENGTH,
    ];
    for (const limit of counts) expect(limits).toContain(limit.toLocaleString("en"));
    expect(limits).toContain(`${MAX_PAGE_SIZE}; ${MAX_COMPARISONS_PAGE_SIZE.toLocaleString("en")}`);
    const mebibytes = [MAX_BATCH_REQUEST_BYTES, MAX_EVENTS_REQUEST_BYTES, RECORD_MAX_BYTES];
    for (const limit of mebibytes) expect(limits).toContain(`${limit / 1024 / 1024} MiB`);
    expect(limits).toContain(`${MAX_CALLBACK_BYTES / 1024} KiB`);
    expect(limits).toContain(`${MAX_JSON_DEPTH} levels`);
    expect(limits).toContain(`| ${MAX_JSON_VALUES.toLocaleString("en")}; in`);
    expect(PROBLEMS.too_large.meaning).toContain(`${MAX_JSON_VALUES.toLocaleString("en")} JSON values`);
    expect(PROBLEMS.too_deeply_nested.meaning).toContain(`${MAX_JSON_DEPTH} levels`);
    for (const limit of [MAX_ANCHORS, MIN_ANCHOR_CHARACTERS, MAX_GRADES, MAX_REVIEWS_PER_ESSAY])
      expect(limits).toContain(String(limit));
    expect(limits).toContain(`${MAX_ASSIGNMENT_REQUEST_BYTES / 1024 / 1024} MiB`);
  });

  it("names how often a caller may ask, as does the problem that it meets otherwise", () => {
    const rates = /\| scope +\| requests[\s\S]*?\n\n/.exec(page)?.at(0) ?? "";
    for (const limit of Object.values(RATE_LIMITS)) {
      expect(rates).toContain(limit.toLocaleString("en"));
      expect(PROBLEMS.too_many_requests.meaning).toContain(limit.toLocaleString("en"));
    }
    expect(RATE_PERIOD_SECONDS).toBe(10);
  });
});

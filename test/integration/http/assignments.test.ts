import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createApp } from "../../../src/http/app.ts";
import type { Scope } from "../../../src/settings/api-keys.ts";

const CALLERS = {
  maple: ["batches"],
  larch: ["batches"],
  lifecycle: ["batches", "events"],
  warden: ["batches", "admin"],
  reader: ["callbacks"],
} as const satisfies Record<string, readonly Scope[]>;
type CallerName = keyof typeof CALLERS;

async function sha256Of(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const production = {
  ...env,
  ENVIRONMENT: "production",
  COMPARISON_ID_KEY: "a-secret-of-enough-length",
  API_KEYS: JSON.stringify(
    await Promise.all(
      Object.entries(CALLERS).map(async ([name, scopes]) => ({
        name,
        sha256: await sha256Of(`key-of-${name}`),
        scopes,
      })),
    ),
  ),
};
const app = createApp();

function ask(caller: CallerName, path: string, init: RequestInit = {}) {
  const headers = { ...init.headers, authorization: `Bearer key-of-${caller}` };
  return app.request(path, { ...init, headers }, production);
}

function create(caller: CallerName, body: object, headers: Record<string, string> = {}) {
  return ask(caller, "/v1/assignments", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

const TEXT = "The sea was calm that morning, and nobody spoke. ".repeat(3);
const assignment = (changes: object = {}) => ({
  assignment_id: crypto.randomUUID(),
  title: "A day at the coast",
  prompt: "Describe a day at the coast.",
  instructions: "Look for structure.",
  rubric: "Judge the text as a whole.",
  grade_scale: "swedish_8_anchor",
  anchors: [
    { anchor_id: "weak", grade: "E", text: `${TEXT}weak` },
    { anchor_id: "fine", grade: "A", text: `${TEXT}fine` },
  ],
  ...changes,
});

const created = z.looseObject({
  assignment_id: z.string(),
  owner: z.string(),
  created_at: z.string(),
  links: z.object({ self: z.string() }),
});
const list = z.object({
  assignments: z.array(z.looseObject({ assignment_id: z.string(), owner: z.string() })),
  next_cursor: z.string().nullable(),
});
const problem = z.looseObject({
  code: z.string(),
  detail: z.string(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
});

async function createdBy(caller: CallerName, body: object, headers: Record<string, string> = {}) {
  const response = await create(caller, body, headers);
  expect(response.status).toBe(201);
  return created.parse(await response.json());
}

async function refusal(response: Response) {
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  return { status: response.status, ...problem.parse(await response.json()) };
}

async function rowsOf(table: "assignments" | "assignment_anchors", text: string): Promise<number> {
  const column = table === "assignments" ? "prompt" : "text";
  const row = await env.DB.prepare(`SELECT count(*) AS n FROM ${table} WHERE ${column} LIKE ?`)
    .bind(`%${text}%`)
    .first();
  return z.object({ n: z.number() }).parse(row).n;
}

describe("an assignment", () => {
  it("is read as it was created", async () => {
    const body = assignment();
    const response = await create("maple", body);
    expect(response.status).toBe(201);
    const { links } = created.parse(await response.clone().json());
    expect(response.headers.get("location")).toBe(links.self);
    const read = await ask("maple", links.self);
    expect(read.status).toBe(200);
    const text = await read.json();
    expect(text).toEqual(await response.json());
    expect(text).toMatchObject({
      ...body,
      owner: "maple",
      grade_scale: { name: "swedish_8_anchor", below_lowest: null },
    });
  });

  it("may have a scale of its own, whose grades are equally common unless it says otherwise", async () => {
    const grade_scale = { grades: [{ label: "fail" }, { label: "pass" }] };
    const anchors = [{ grade: "pass", text: TEXT }];
    expect(await createdBy("maple", assignment({ grade_scale, anchors }))).toMatchObject({
      grade_scale: {
        name: "custom",
        grades: [
          { label: "fail", prior: 0.5 },
          { label: "pass", prior: 0.5 },
        ],
        below_lowest: null,
      },
      anchors: [{ anchor_id: "anchor-1", grade: "pass" }],
    });
  });

  it("needs nothing but a scale, and gets an id of its own", async () => {
    const first = await createdBy("maple", { grade_scale: "eng5_np_national_9_step" });
    const second = await createdBy("maple", { grade_scale: "eng5_np_national_9_step" });
    expect(first.assignment_id).not.toBe(second.assignment_id);
    expect(first).toMatchObject({ title: null, prompt: null, anchors: [], owner: "maple" });
  });

  it("is created once, however often the same request comes", async () => {
    const body = assignment();
    const first = await createdBy("maple", body);
    const again = await create("maple", { ...body, language: "a field that nobody knows" });
    expect(again.status).toBe(200);
    expect(await again.json()).toEqual(first);
    const together = assignment();
    const statuses = await Promise.all(
      Array.from({ length: 5 }, async () => (await create("maple", together)).status),
    );
    expect(statuses.toSorted()).toEqual([200, 200, 200, 200, 201]);
  });

  it("is found by its Idempotency-Key when the request names no id", async () => {
    const { assignment_id: _, ...body } = assignment();
    const headers = { "idempotency-key": crypto.randomUUID() };
    const first = await createdBy("maple", body, headers);
    const again = await create("maple", body, headers);
    expect(again.status).toBe(200);
    expect(await again.json()).toEqual(first);
    const other = await create("maple", { ...body, title: "Another" }, headers);
    expect(await refusal(other)).toMatchObject({ status: 409, code: "assignment_conflict" });
  });

  it("does not change: other content under its id is refused, and leaves it as it is", async () => {
    const body = assignment();
    const first = await createdBy("maple", body);
    const anchors = [...body.anchors, { anchor_id: "third", grade: "C", text: `${TEXT}third` }];
    const other = await create("maple", { ...body, anchors });
    expect(await refusal(other)).toMatchObject({ status: 409, code: "assignment_conflict" });
    const read = await ask("maple", first.links.self);
    expect(await read.json()).toEqual(first);
  });

  it("keeps the anchors of one request when two different ones come at once", async () => {
    const id = crypto.randomUUID();
    const anchorsNamed = (name: string, count: number) =>
      Array.from({ length: count }, (_, k) => ({ anchor_id: `${name}-${k}`, grade: "C", text: TEXT }));
    const bodies = [3, 7].map((count) => ({
      assignment_id: id,
      grade_scale: "swedish_8_anchor",
      anchors: anchorsNamed(String(count), count),
    }));
    const responses = await Promise.all(bodies.map((body) => create("maple", body)));
    expect(responses.map(({ status }) => status).toSorted()).toEqual([201, 409]);
    const winner = bodies[responses.findIndex(({ status }) => status === 201)];
    expect(await (await ask("maple", `/v1/assignments/${id}`)).json()).toMatchObject({
      anchors: winner.anchors,
    });
  });

  it("is deleted for good, with the texts of its anchors, and its id is free again", async () => {
    const mark = crypto.randomUUID();
    const body = assignment({ prompt: `Write. ${mark}`, anchors: [{ grade: "C", text: `${TEXT}${mark}` }] });
    const { links } = await createdBy("maple", body);
    expect([await rowsOf("assignments", mark), await rowsOf("assignment_anchors", mark)]).toEqual([1, 1]);
    expect((await ask("maple", links.self, { method: "DELETE" })).status).toBe(204);
    expect([await rowsOf("assignments", mark), await rowsOf("assignment_anchors", mark)]).toEqual([0, 0]);
    expect(await refusal(await ask("maple", links.self))).toMatchObject({
      status: 404,
      code: "assignment_not_found",
    });
    expect(await refusal(await ask("maple", links.self, { method: "DELETE" }))).toMatchObject({
      status: 404,
      code: "assignment_not_found",
    });
    expect((await create("maple", assignment({ assignment_id: body.assignment_id }))).status).toBe(201);
  });

  it("may have any id that a path can carry", async () => {
    const id = `år 7 – "b" & 100 % ${crypto.randomUUID()}`;
    const { links } = await createdBy("maple", assignment({ assignment_id: id }));
    expect(await (await ask("maple", links.self)).json()).toMatchObject({ assignment_id: id });
  });
});

describe("assignments of others", () => {
  it("do not exist for a caller, who may use the same ids", async () => {
    const body = assignment();
    const { links } = await createdBy("maple", body);
    expect(await refusal(await ask("larch", links.self))).toMatchObject({ code: "assignment_not_found" });
    expect(await refusal(await ask("larch", `${links.self}?owner=maple`))).toMatchObject({
      code: "assignment_not_found",
    });
    expect(await refusal(await ask("larch", links.self, { method: "DELETE" }))).toMatchObject({
      code: "assignment_not_found",
    });
    const own = await createdBy("larch", { ...body, title: "Larch's" });
    expect(own).toMatchObject({ owner: "larch", title: "Larch's" });
    expect(await (await ask("maple", links.self)).json()).toMatchObject({ title: body.title });
  });

  it("are seen and deleted with the scope admin, by naming the owner", async () => {
    const { links, assignment_id: id } = await createdBy("maple", assignment());
    const read = await ask("warden", `${links.self}?owner=maple`);
    expect(await read.json()).toMatchObject({ assignment_id: id, owner: "maple" });
    expect((await ask("warden", `${links.self}?owner=maple`, { method: "DELETE" })).status).toBe(204);
    expect((await ask("maple", links.self)).status).toBe(404);
  });

  it("are kept for Kafka by whoever may deliver events, and by nobody else", async () => {
    const body = assignment({ owner: "kafka" });
    expect(await refusal(await create("maple", body))).toMatchObject({ status: 403, code: "forbidden" });
    const { links } = await createdBy("lifecycle", body);
    expect((await ask("lifecycle", links.self)).status).toBe(404);
    expect((await ask("lifecycle", `${links.self}?owner=kafka`)).status).toBe(200);
    expect((await ask("maple", `${links.self}?owner=kafka`)).status).toBe(404);
    expect(await refusal(await create("lifecycle", assignment({ owner: "maple" })))).toMatchObject({
      code: "forbidden",
    });
    expect((await ask("lifecycle", `${links.self}?owner=kafka`, { method: "DELETE" })).status).toBe(204);
  });
});

describe("a list of assignments", () => {
  async function listAs(caller: CallerName, query = "") {
    const response = await ask(caller, `/v1/assignments${query}`);
    expect(response.status).toBe(200);
    return list.parse(await response.json());
  }

  it("is the caller's own, newest first, page by page, without texts", async () => {
    const ids: string[] = [];
    for (let k = 0; k < 5; k++) ids.push((await createdBy("larch", assignment())).assignment_id);
    const seen: string[] = [];
    for (let cursor = ""; ; ) {
      const page = await listAs("larch", `?limit=2${cursor}`);
      expect(page.assignments.length).toBeLessThanOrEqual(2);
      expect(JSON.stringify(page)).not.toContain(TEXT);
      seen.push(...page.assignments.map((each) => each.assignment_id));
      expect(page.assignments.every(({ owner }) => owner === "larch")).toBe(true);
      if (page.next_cursor === null) break;
      cursor = `&cursor=${page.next_cursor}`;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.filter((id) => ids.includes(id)).toSorted()).toEqual(ids.toSorted());
    const [newest] = (await listAs("larch", "?limit=1")).assignments;
    expect(newest).toMatchObject({ anchor_count: 2, grade_scale: "swedish_8_anchor" });
  });

  it("is everybody's with the scope admin", async () => {
    const { assignment_id: id } = await createdBy("larch", assignment());
    const { assignments } = await listAs("warden", "?limit=100");
    expect(assignments.some((each) => each.assignment_id === id)).toBe(true);
    const { assignments: larchs } = await listAs("warden", "?limit=100&owner=larch");
    expect(larchs.every(({ owner }) => owner === "larch")).toBe(true);
  });

  it("of somebody else is empty", async () => {
    await createdBy("larch", assignment());
    expect(await listAs("maple", "?owner=larch")).toEqual({ assignments: [], next_cursor: null });
  });
});

describe("an assignment that cannot be used", () => {
  const anchor = { grade: "C", text: TEXT };
  it.each<[string, object, string, RegExp]>([
    [
      "an unknown scale",
      { grade_scale: "a_to_z", anchors: [] },
      "grade_scale",
      /expected swedish_8_anchor, eng5_np_legacy_9_step, eng5_np_national_9_step, or .*got "a_to_z"/,
    ],
    ["no scale", { grade_scale: null, anchors: [] }, "grade_scale", /swedish_8_anchor/],
    [
      "an anchor with a grade outside its scale",
      { anchors: [anchor, { ...anchor, grade: "G" }] },
      "anchors[1].grade",
      /scale swedish_8_anchor \(F, E, D, D\+, C, C\+, B, A\), got "G"/,
    ],
    [
      "an anchor with the grade below the lowest, which no anchor has",
      { grade_scale: "eng5_np_national_9_step", anchors: [{ ...anchor, grade: "0" }] },
      "anchors[0].grade",
      /\(1, 2, 3, 4, 5, 6, 7, 8, 9\), got "0"/,
    ],
    [
      "an anchor of 99 characters",
      { anchors: [{ ...anchor, text: ` ${"å".repeat(99)} ` }] },
      "anchors[0].text",
      /at least 100 characters, got 99/,
    ],
    [
      "short anchors without ids",
      { anchors: [1, 2].map(() => ({ grade: "E", text: "Too short." })) },
      "anchors[1].text",
      /at least 100 characters, got 10$/,
    ],
    [
      "an anchor id twice",
      { anchors: [{ ...anchor, anchor_id: "anchor-2" }, anchor] },
      "anchors[1].anchor_id",
      /every anchor id once, got "anchor-2" again/,
    ],
    ["101 anchors", { anchors: Array.from({ length: 101 }, () => anchor) }, "anchors", /at most 100 anchors/],
    [
      "a scale of one grade",
      { grade_scale: { grades: [{ label: "pass" }] }, anchors: [] },
      "grade_scale.grades",
      /at least 2 grades/,
    ],
    [
      "a scale of 21 grades",
      {
        grade_scale: { grades: Array.from({ length: 21 }, (_, k) => ({ label: String(k) })) },
        anchors: [],
      },
      "grade_scale",
      /with 2 to 20 grades/,
    ],
    [
      "a grade twice",
      { grade_scale: { grades: [{ label: "a" }, { label: "a" }] }, anchors: [] },
      "grade_scale.grades[1].label",
      /every grade once, got "a" again/,
    ],
    [
      "priors for some grades",
      { grade_scale: { grades: [{ label: "a", prior: 0.5 }, { label: "b" }] }, anchors: [] },
      "grade_scale.grades",
      /a prior for every grade or for none, got 1 of 2/,
    ],
    [
      "priors that do not make 1",
      {
        grade_scale: {
          grades: [
            { label: "a", prior: 0.5 },
            { label: "b", prior: 0.4 },
          ],
        },
        anchors: [],
      },
      "grade_scale.grades",
      /make 1 together .*got 0\.9/,
    ],
    ["an id with a slash", { assignment_id: "a/b" }, "assignment_id", /without slash/],
    ["an id of 101 characters", { assignment_id: "x".repeat(101) }, "assignment_id", /100/],
    ["a prompt of 20,001 bytes", { prompt: "x".repeat(20_001) }, "prompt", /20000|20,000/],
  ])(
    "is a 422 that says what would be accepted, and changes nothing: %s",
    async (_, change, field, message) => {
      const body = assignment(change);
      const refused = await refusal(await create("maple", body));
      expect(refused).toMatchObject({ status: 422, code: "validation_failed" });
      const fault = refused.errors?.find((error) => error.field === field);
      expect(fault?.message, JSON.stringify(refused.errors)).toMatch(message);
      if (body.assignment_id.length <= 100 && !body.assignment_id.includes("/"))
        expect((await ask("maple", `/v1/assignments/${body.assignment_id}`)).status).toBe(404);
    },
  );

  it("is refused above 4 MiB before it is read", async () => {
    const anchors = Array.from({ length: 45 }, () => ({ grade: "C", text: "x".repeat(100_000) }));
    expect(await refusal(await create("maple", assignment({ anchors })))).toMatchObject({
      status: 413,
      code: "too_large",
    });
  });

  it("is not created by a key without the scope", async () => {
    expect(await refusal(await create("reader", assignment()))).toMatchObject({
      status: 403,
      code: "forbidden",
    });
  });

  it("holds the longest anchors that are allowed", async () => {
    const anchors = Array.from({ length: 40 }, () => ({ grade: "C", text: "x".repeat(100_000) }));
    const { links } = await createdBy("maple", assignment({ anchors }));
    const read = z.looseObject({ anchors: z.array(z.object({ text: z.string() })) });
    const body = read.parse(await (await ask("maple", links.self)).json());
    expect(body.anchors.map(({ text }) => text.length)).toEqual(Array.from({ length: 40 }, () => 100_000));
    await ask("maple", links.self, { method: "DELETE" });
  });
});

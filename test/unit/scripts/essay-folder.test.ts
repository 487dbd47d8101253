import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readEssayFolder } from "../../../scripts/rank/essay-folder.ts";
import { MAX_ESSAY_BYTES, MAX_ESSAYS } from "../../../src/contracts/assessment-request.ts";

let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "essay-folder-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function fill(files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), content);
  }
}

describe("a folder of essays", () => {
  it("gives one essay per .txt and .md file, by name, called by the name without extension", async () => {
    await fill({ "b.md": "Second.", "a.txt": "First.", "c.v2.TXT": "Third." });
    expect(await readEssayFolder(folder)).toEqual({
      essays: [
        { essay_id: "a", text: "First." },
        { essay_id: "b", text: "Second." },
        { essay_id: "c.v2", text: "Third." },
      ],
      prompt: null,
    });
  });

  it("takes prompt.txt as the students' prompt", async () => {
    await fill({ "a.txt": "A.", "b.txt": "B.", "prompt.txt": "Write about the sea." });
    const { essays, prompt } = await readEssayFolder(folder);
    expect(prompt).toBe("Write about the sea.");
    expect(essays.map((essay) => essay.essay_id)).toEqual(["a", "b"]);
  });

  it("leaves out other files, hidden files, README files and subfolders", async () => {
    await fill({ "a.txt": "A.", "b.txt": "B.", "README.md": "R", ".c.txt": "C", "d.docx": "D", txt: "E" });
    await mkdir(join(folder, "more.txt"));
    const { essays } = await readEssayFolder(folder);
    expect(essays.map((essay) => essay.essay_id)).toEqual(["a", "b"]);
  });

  it("drops a byte order mark and keeps every other character", async () => {
    await fill({ "a.txt": "\ufeffÅ 😀\r\n", "b.txt": "B." });
    expect((await readEssayFolder(folder)).essays.at(0)?.text).toBe("Å 😀\r\n");
  });

  it("takes an essay of exactly 100,000 bytes", async () => {
    await fill({ "a.txt": "x".repeat(MAX_ESSAY_BYTES), "b.txt": "B." });
    expect((await readEssayFolder(folder)).essays).toHaveLength(2);
  });
});

describe("a folder that cannot be ranked is refused in one sentence", () => {
  const refusal = async (path = folder) => {
    const thrown = await readEssayFolder(path).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(thrown).toMatchObject({ name: "UserError", message: expect.stringMatching(/^[^\n]+\.$/) });
    return String(thrown);
  };

  it("when it is missing", async () => {
    expect(await refusal(join(folder, "nowhere"))).toMatch(/There is no folder .*nowhere/);
  });

  it("when it is a file", async () => {
    await fill({ "a.txt": "A." });
    expect(await refusal(join(folder, "a.txt"))).toMatch(/a\.txt is a file: name a folder/);
  });

  it("when it holds no essay, or only one and a prompt", async () => {
    expect(await refusal()).toMatch(/holds no essays .* at least 2/);
    await fill({ "a.txt": "A.", "prompt.md": "P." });
    expect(await refusal()).toMatch(/holds 1 essay .* at least 2/);
  });

  it("when a file is empty or blank", async () => {
    await fill({ "a.txt": "A.", "b.txt": " \n\t\u00a0" });
    expect(await refusal()).toMatch(/b\.txt is empty: fill or remove it/);
  });

  it("when a file is larger than 100,000 bytes", async () => {
    await fill({ "a.txt": "A.", "b.txt": "x".repeat(MAX_ESSAY_BYTES + 1) });
    expect(await refusal()).toMatch(/b\.txt has 100001 bytes: .* at most 100000/);
  });

  it.each([
    ["Latin-1", Uint8Array.of(0x66, 0xe9, 0x65)],
    ["UTF-16 with its mark", Uint8Array.of(0xff, 0xfe, 0x41, 0x00)],
    ["a sequence cut short", Uint8Array.of(0x41, 0xe2, 0x82)],
  ])("when a file is not UTF-8 but %s", async (_, bytes) => {
    await fill({ "a.txt": "A.", "b.txt": bytes });
    expect(await refusal()).toMatch(/b\.txt is not UTF-8 text/);
  });

  it("when two files would be the same essay", async () => {
    await fill({ "a.txt": "A.", "a.md": "A.", "b.txt": "B." });
    expect(await refusal()).toMatch(/a\.md and a\.txt .* same essay/);
  });

  it("when a file cannot be read", async () => {
    await fill({ "a.txt": "A." });
    await symlink(join(folder, "gone"), join(folder, "b.txt"));
    expect(await refusal()).toMatch(/b\.txt cannot be read/);
  });

  it("when it holds more than 2,000 essays, before reading any", async () => {
    await Promise.all(Array.from({ length: MAX_ESSAYS + 1 }, (_, at) => fill({ [`${at}.txt`]: "" })));
    expect(await refusal()).toMatch(/holds 2001 essays: .* at most 2000/);
  });
});

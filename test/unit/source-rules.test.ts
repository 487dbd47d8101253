/** The rules of CONTRIBUTING.md that no compiler checks. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve, sep } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { unstable_readConfig as readConfig } from "wrangler";
import { z } from "zod";

const ROOT = resolve(import.meta.dirname, "../..");
const SRC = join(ROOT, "src");

interface SourceFile {
  readonly path: string;
  /** its folder below src; a file that lies in src itself is a folder of its own */
  readonly folder: string;
  readonly text: string;
  /** absolute paths of the files it imports */
  readonly files: readonly string[];
  readonly packages: readonly string[];
}

const SOURCES = new Map(filesBelow(SRC).map((path) => [path, read(path)]));

/** docs/architecture.md, "Rooms and directions": imports point downwards only. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "worker.ts": ["http", "bus", "objects"],
  http: [
    "bus",
    "objects",
    "batch",
    "judges",
    "contracts",
    "results",
    "settings",
    "observability",
    "encoding",
  ],
  bus: ["objects", "batch", "judges", "contracts", "results", "settings", "observability", "encoding"],
  objects: ["batch", "pairing", "contracts", "results", "settings", "observability", "encoding"],
  judges: ["batch", "contracts", "settings", "encoding"],
  batch: ["pairing", "scoring", "contracts"],
  scoring: [],
  pairing: [],
  results: ["encoding"],
  contracts: [],
  settings: ["encoding"],
  encoding: [],
  observability: [],
};
const PURE = ["batch", "scoring", "pairing"];

describe("imports", () => {
  it.each([...new Set([...SOURCES.values()].map(({ folder }) => folder))])(
    "of src/%s point downwards",
    (folder) => {
      const allowed = MAY_IMPORT[folder];
      expect(allowed, `src/${folder} has its place in the architecture`).toBeDefined();
      const wrong = inFolder(folder).flatMap(({ path, files }) =>
        files
          .filter(
            (file) => file.startsWith(SRC) && folderOf(file) !== folder && !allowed.includes(folderOf(file)),
          )
          .map((file) => `${relative(ROOT, path)} → ${relative(ROOT, file)}`),
      );
      expect(wrong).toEqual([]);
    },
  );

  it.each(PURE)(
    "of src/%s lead to nothing from Cloudflare, Hono, drizzle or Node, however far they are followed",
    (folder) => {
      const wrong = reachableFrom(inFolder(folder)).flatMap(({ path, packages }) =>
        packages
          .filter((name) => /^(cloudflare:|node:|@?hono\b|drizzle)/.test(name))
          .map((name) => `${relative(ROOT, path)} → ${name}`),
      );
      expect(wrong).toEqual([]);
    },
  );

  it("of src name the file with its extension, and a file that exists", () => {
    const wrong = [...SOURCES.values()].flatMap(({ path, files }) =>
      files
        .filter((file) => file.startsWith(SRC) && !SOURCES.has(file))
        .map((file) => `${relative(ROOT, path)} → ${relative(ROOT, file)}`),
    );
    expect(wrong).toEqual([]);
  });

  it("of src go nowhere near the tests", () => {
    const wrong = [...SOURCES.values()].filter(({ files }) =>
      files.some((file) => file.startsWith(join(ROOT, "test"))),
    );
    expect(wrong.map(({ path }) => relative(ROOT, path))).toEqual([]);
  });

  it("reach every file of src from the entry point or a script: nothing lies about unused", () => {
    const entries = [join(SRC, "worker.ts"), ...filesBelow(join(ROOT, "scripts"))].map(read);
    const reached = new Set(reachableFrom(entries).map(({ path }) => path));
    expect(
      [...SOURCES.keys()].filter((path) => !reached.has(path)).map((path) => relative(ROOT, path)),
    ).toEqual([]);
  });
});

describe("exports", () => {
  const readers = ["src", "test", "bench", "scripts"].flatMap((folder) => filesBelow(join(ROOT, folder)));
  const importsOf = new Map(readers.map((path) => [path, importedNames(readFileSync(path, "utf8"))]));
  const importers = (name: string) => readers.filter((path) => importsOf.get(path)?.has(name));

  it("of src are imported somewhere, but for types that stand in the signatures beside them", () => {
    const unused = [...SOURCES.values()].flatMap(({ path, text }) =>
      exportedNames(text)
        .filter(({ name }) => importers(name).every((importer) => importer === path))
        .filter(({ name, isType }) => !isType || text.split(new RegExp(`\\b${name}\\b`)).length <= 2)
        .map(({ name }) => `${relative(ROOT, path)}: ${name}`),
    );
    expect(unused).toEqual([]);
  });
});

describe("objects", () => {
  it("are reached in the deployment's jurisdiction only: no namespace is asked directly", () => {
    const declared = z.object({ bindings: z.array(z.object({ name: z.string() })) });
    const config = readConfig({ config: join(ROOT, "wrangler.toml") });
    const names = declared.parse(config.durable_objects).bindings.map(({ name }) => name);
    expect(names).toContain("ASSESSMENT_BATCH");
    const namespaces = new RegExp(`\\benv\\.(${names.join("|")})\\b(?!\\))`);
    const direct = [...SOURCES.values()].filter(
      ({ text }) => namespaces.test(text) || /\b(idFromName|idFromString|newUniqueId)\(/.test(text),
    );
    expect(direct.map(({ path }) => relative(ROOT, path))).toEqual([]);
  });
});

describe("pure code", () => {
  it.each(PURE)("in src/%s has no clock and no dice", (folder) => {
    const impure =
      /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bperformance\.now\b|\bset(Timeout|Interval)\b/;
    expect(
      inFolder(folder)
        .filter(({ text }) => impure.test(text))
        .map(({ path }) => relative(ROOT, path)),
    ).toEqual([]);
  });
});

describe("exceptions to the rules", () => {
  // Written apart, so that this file does not contain what it looks for.
  const WORDS = [
    "@ts-" + "ignore",
    "@ts-" + "expect-error",
    "@ts-" + "nocheck",
    "biome-" + "ignore",
    "istanbul " + "ignore",
    "v8 " + "ignore",
    "c8 " + "ignore",
    "eslint-" + "disable",
  ];

  it.each(["src", "test", "scripts", "bench"])("are not asked for anywhere in %s", (folder) => {
    const found = filesBelow(join(ROOT, folder)).flatMap((path) => {
      const text = readFileSync(path, "utf8");
      return WORDS.filter((word) => text.includes(word)).map((word) => `${relative(ROOT, path)}: ${word}`);
    });
    expect(found).toEqual([]);
  });

  it("are not made for tests: none is skipped, and none runs alone", () => {
    const exception = /\b(describe|it|test)\.(skip|only|todo|fails|skipIf|runIf)\b/;
    const found = filesBelow(join(ROOT, "test")).filter((path) => exception.test(readFileSync(path, "utf8")));
    expect(found.map((path) => relative(ROOT, path))).toEqual([]);
  });
});

describe("the linter", () => {
  const folder = mkdtempSync(join(tmpdir(), "lint-rules-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const { vcs: _, ...rules } = z
    .looseObject({})
    .parse(JSON.parse(readFileSync(join(ROOT, "biome.json"), "utf8")));
  writeFileSync(join(folder, "biome.json"), JSON.stringify(rules));
  cpSync(join(ROOT, "biome"), join(folder, "biome"), { recursive: true });

  it.each([
    ["a cast", "export const size = Number('1') as unknown;", "Casts are not allowed"],
    ["a cast of the old form", "export const size = <unknown>Number('1');", "Casts are not allowed"],
    [
      "a cast through unknown",
      "export const size = (Number('1') as unknown) as string;",
      "Casts are not allowed",
    ],
    ["any", "export function same(value: any) { return value; }", "any"],
    ["a non-null assertion", "export const first = [1].at(0)!;", "non-null"],
    ["console", "console.log('here');", "console"],
  ])("forbids %s", (_, code, message) => {
    const complaints = lint(code);
    expect(complaints.length).toBeGreaterThan(0);
    expect(complaints.join("\n")).toContain(message);
  });

  it.each([
    ["as const", "export const names = ['a', 'b'] as const;"],
    ["satisfies", "export const size = { a: 1 } satisfies Record<string, number>;"],
    ["an import under another name", "import { z as zod } from 'zod';\nexport const text = zod.string();"],
  ])("allows %s", (_, code) => {
    expect(lint(code)).toEqual([]);
  });

  /** @returns what the project's own rules say against these lines */
  function lint(code: string): readonly string[] {
    const file = join(folder, "fixture.ts");
    writeFileSync(file, `${code}\n`);
    const report = z.object({
      diagnostics: z.array(z.object({ severity: z.string(), message: z.string() })),
    });
    const { diagnostics } = report.parse(JSON.parse(runBiome(["lint", "--reporter=json", "fixture.ts"])));
    return diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message);
  }

  function runBiome(args: readonly string[]): string {
    const biome = join(ROOT, "node_modules/@biomejs/biome/bin/biome");
    try {
      return execFileSync(process.execPath, [biome, ...args], {
        cwd: folder,
        encoding: "utf8",
        stdio: "pipe",
      });
    } catch (error) {
      // It ends with 1 when it finds something; the report is on its standard output all the same.
      return z.object({ stdout: z.string() }).parse(error).stdout;
    }
  }
});

function exportedNames(text: string): readonly { readonly name: string; readonly isType: boolean }[] {
  const declared = /^export (?:async )?(function|const|class|interface|type) (\w+)/gm;
  return [...text.matchAll(declared)].map(([, kind, name]) => ({
    name,
    isType: kind === "interface" || kind === "type",
  }));
}

/** What a file takes from others, by the name under which they export it. */
function importedNames(text: string): ReadonlySet<string> {
  const lists = [...text.matchAll(/^(?:import|export) [^;{]*\{([^}]*)\}\s*from\s/gm)].map(([, list]) => list);
  return new Set(
    lists.flatMap((list) => [...list.matchAll(/(?:^|,)\s*(?:type )?(\w+)/g)].map(([, name]) => name)),
  );
}

function inFolder(folder: string): readonly SourceFile[] {
  return [...SOURCES.values()].filter((file) => file.folder === folder);
}

function reachableFrom(entries: readonly SourceFile[]): readonly SourceFile[] {
  const reached = new Map(entries.map((entry) => [entry.path, entry]));
  for (const { files } of reached.values()) {
    for (const path of files) {
      const file = SOURCES.get(path);
      // A Map that grows while it is walked is walked to its end.
      if (file !== undefined) reached.set(path, file);
    }
  }
  return [...reached.values()];
}

function read(path: string): SourceFile {
  const text = readFileSync(path, "utf8");
  const imported = [...text.matchAll(/\b(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, name]) => name);
  return {
    path,
    folder: folderOf(path),
    text,
    files: imported.filter((name) => name.startsWith(".")).map((name) => resolve(dirname(path), name)),
    packages: imported.filter((name) => !name.startsWith(".")),
  };
}

function folderOf(path: string): string {
  const [folder] = relative(SRC, path).split(sep);
  return folder;
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));
}

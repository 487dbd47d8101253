import { describe, expect, it } from "vitest";
import { callerFolder } from "../../../scripts/rank/command.ts";
import { readRankOptions } from "../../../scripts/rank/rank.ts";
import { readSmokeOptions } from "../../../scripts/smoke/smoke.ts";

const readRank = (...args: string[]) => readRankOptions(args, "/caller");
const readSmoke = (...args: string[]) => readSmokeOptions(args, {});

describe("the command line of rank", () => {
  it("has a default for everything", () => {
    expect(readRank()).toEqual({
      folder: expect.stringMatching(/samples$/),
      port: 8788,
      judge: "offline",
      model: undefined,
      settingsFile: undefined,
      output: "/caller/results.csv",
      timeoutSeconds: 900,
    });
  });

  it("takes a folder and options in any order, paths relative to where it was called from", () => {
    expect(readRank("--port", "9000", "essays", "--judge=external", "--output", "out/r.csv")).toMatchObject({
      folder: "/caller/essays",
      port: 9000,
      judge: "external",
      output: "/caller/out/r.csv",
    });
  });

  it("takes a model and a file of settings for the judge", () => {
    const options = readRank("--judge", "anthropic", "--model", "claude-haiku-5-5", "--settings", "keys");
    expect(options).toMatchObject({
      judge: "anthropic",
      model: "claude-haiku-5-5",
      settingsFile: "/caller/keys",
    });
  });

  it("answers --help whatever else is asked", () => {
    expect(readRank("--help", "--port", "nonsense")).toBe("help");
  });

  it.each([
    [["--colour"], "Unknown option '--colour': see --help."],
    [["--port"], "Option '--port <value>' argument missing: see --help."],
    [["--port", "--help"], /^Option '--port' argument is ambiguous: see --help\.$/],
    [["a", "b"], "Unexpected argument 'b': see --help."],
    [["--port", "0"], "--port must be a whole number from 1 to 65535, got '0'."],
    [["--port", "80a"], "--port must be a whole number from 1 to 65535, got '80a'."],
    [["--timeout", "1.5"], "--timeout must be a whole number from 1 to 86400, got '1.5'."],
    [
      ["--judge", "me"],
      "--judge must be one of offline, openai-compatible, anthropic, workers-ai, provider-service, human, external, got 'me'.",
    ],
  ])("refuses %j in one sentence", (args, message) => {
    expect(() => readRank(...args)).toThrow(message);
  });
});

describe("the command line of smoke", () => {
  it("takes an address, and leaves the judge to the service", () => {
    expect(readSmoke("https://cj.example/base/")).toEqual({
      baseUrl: "https://cj.example/base",
      key: undefined,
      judge: undefined,
      timeoutSeconds: 300,
    });
  });

  it("takes the key from the environment unless one is given", () => {
    const environment = { CJ_EDGE_KEY: "from-environment" };
    expect(readSmokeOptions(["http://h"], environment)).toMatchObject({ key: "from-environment" });
    expect(readSmokeOptions(["http://h", "--key", "given"], environment)).toMatchObject({ key: "given" });
    expect(readSmokeOptions(["http://h"], { CJ_EDGE_KEY: "" })).toMatchObject({ key: undefined });
  });

  it.each([
    [[], /address is missing/],
    [["cj.example"], /'cj\.example' is no address/],
    [["ftp://cj.example"], /is no address/],
    [["https://h", "--port", "1"], /Unknown option '--port'/],
  ])("refuses %j in one sentence", (args, message) => {
    expect(() => readSmoke(...args)).toThrow(message);
  });
});

describe("the folder of relative paths", () => {
  it("is the one npm was called from, if npm runs the script itself", () => {
    expect(callerFolder({ npm_lifecycle_script: "node scripts/rank.ts", INIT_CWD: "/called" })).toBe(
      "/called",
    );
  });

  it("is the working folder otherwise", () => {
    expect(callerFolder({ npm_lifecycle_script: "vitest run", INIT_CWD: "/called" })).toBe(process.cwd());
    expect(callerFolder({})).toBe(process.cwd());
  });
});

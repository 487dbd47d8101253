import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { findJudgeName, JUDGE_NAMES, type JudgeName } from "../../src/settings/judge-names.ts";
import { describeThrown, UserError } from "./user-error.ts";

/**
 * Reads a command line strictly.
 *
 * @throws UserError that names the unknown option, or the option without its value, and points to `--help`
 */
export function readArguments<const Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
  maxPositionals: number,
) {
  try {
    const parsed = parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
    const surplus = parsed.positionals.at(maxPositionals);
    if (surplus !== undefined) {
      throw new UserError(`Unexpected argument '${surplus}'`);
    }
    return parsed;
  } catch (thrown) {
    const [sentence = ""] = describeThrown(thrown).split(/\. |\n/);
    throw new UserError(`${sentence.replace(/\.$/, "")}: see --help.`);
  }
}

/** @throws UserError if `text` is not a whole number from `min` to `max` */
export function readWholeNumber(option: string, text: string, min: number, max: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= min && number <= max)) {
    throw new UserError(`${option} must be a whole number from ${min} to ${max}, got '${text}'.`);
  }
  return number;
}

export const readPort = (text: string): number => readWholeNumber("--port", text, 1, 65_535);

/** Seconds a ranking may be waited for: up to a day. */
export const readTimeout = (text: string): number => readWholeNumber("--timeout", text, 1, 86_400);

/** @throws UserError that lists the judges there are */
export function readJudge(text: string): JudgeName {
  const judge = findJudgeName(text);
  if (judge === undefined) {
    throw new UserError(`--judge must be one of ${JUDGE_NAMES.join(", ")}, got '${text}'.`);
  }
  return judge;
}

import { readdir, readFile, stat } from "node:fs/promises";
import { join, parse } from "node:path";
// The service checks these limits too; checked here, the message can name the file at fault.
import { MAX_ESSAY_BYTES, MAX_ESSAYS } from "../../src/contracts/assessment-request.ts";
import { UserError } from "./user-error.ts";

export interface Essay {
  /** The file's name without its extension. */
  readonly essay_id: string;
  readonly text: string;
}

export interface EssayFolder {
  /** In the order of their names. */
  readonly essays: readonly Essay[];
  /** The assignment given to the students, from `prompt.txt` or `prompt.md`. */
  readonly prompt: string | null;
}

/**
 * Reads the essays of a folder: every `.txt` and `.md` file directly in it is one essay, except `prompt.txt` or
 * `prompt.md`, which is the students' prompt, `README` files, and hidden files. Subfolders are not read.
 *
 * @throws UserError for a missing folder, fewer than 2 or more than 2,000 essays, two files with one name, and a
 * file that is empty, larger than 100,000 bytes, or not UTF-8
 */
export async function readEssayFolder(folder: string): Promise<EssayFolder> {
  const files = await listTextFiles(folder);
  const promptFile = files.find(isPrompt);
  const essayFiles = files.filter((file) => !isPrompt(file));
  checkEssayFiles(folder, essayFiles);
  const essays: Essay[] = [];
  for (const file of essayFiles) {
    essays.push({ essay_id: essayId(file), text: await readText(join(folder, file)) });
  }
  return { essays, prompt: promptFile === undefined ? null : await readText(join(folder, promptFile)) };
}

const essayId = (file: string): string => parse(file).name.normalize("NFC");

const isPrompt = (file: string): boolean => parse(file).name.toLowerCase() === "prompt";

const isText = (file: string): boolean =>
  /\.(txt|md)$/i.test(file) && !file.startsWith(".") && !/^readme\./i.test(file);

async function listTextFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(explainFolder(folder, error));
  });
  return entries
    .filter((entry) => !entry.isDirectory() && isText(entry.name))
    .map((entry) => entry.name)
    .toSorted();
}

function explainFolder(folder: string, { code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case "ENOENT":
      return `There is no folder ${folder}: name a folder with at least 2 essays (.txt or .md files).`;
    case "ENOTDIR":
      return `${folder} is a file: name a folder with at least 2 essays (.txt or .md files).`;
    default:
      return `The folder ${folder} cannot be read: ${message}.`;
  }
}

function checkEssayFiles(folder: string, files: readonly string[]): void {
  if (files.length < 2) {
    throw new UserError(
      `${folder} holds ${files.length === 1 ? "1 essay" : "no essays"} (.txt or .md files): a ranking needs at least 2.`,
    );
  }
  if (files.length > MAX_ESSAYS) {
    throw new UserError(
      `${folder} holds ${files.length} essays: a batch can have at most ${MAX_ESSAYS}, so split the folder.`,
    );
  }
  const byId = Map.groupBy(files, essayId);
  const twins = [...byId.values()].find((sameId) => sameId.length > 1);
  if (twins !== undefined) {
    throw new UserError(
      `${twins.join(" and ")} in ${folder} would be the same essay: rename one, because an essay is called by its file's name without the extension.`,
    );
  }
}

async function readText(path: string): Promise<string> {
  const bytes = await readBytes(path);
  const text = decodeUtf8(path, bytes);
  if (text.trim() === "") {
    throw new UserError(`${path} is empty: fill or remove it.`);
  }
  return text;
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > MAX_ESSAY_BYTES) {
      throw new UserError(
        `${path} has ${size} bytes: an essay can have at most ${MAX_ESSAY_BYTES}, so shorten or remove it.`,
      );
    }
    return await readFile(path);
  } catch (thrown) {
    if (thrown instanceof UserError) {
      throw thrown;
    }
    throw new UserError(`${path} cannot be read: ${thrown instanceof Error ? thrown.message : thrown}.`);
  }
}

function decodeUtf8(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    throw new UserError(`${path} is not UTF-8 text: save it as UTF-8 or remove it.`);
  }
}

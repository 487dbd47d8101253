import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runProgram } from "./program.ts";

/** `group:artifact:version` */
export type Coordinates = `${string}:${string}:${string}`;

export type FetchedJars =
  | { readonly kind: "fetched"; readonly folder: string }
  | { readonly kind: "missing"; readonly detail: string };

/**
 * Fetches artifacts with all they need at run time into a folder of jars, by Maven with the user's own Maven configuration
 * (mirrors and credentials are its business). A folder that was fetched before is used again.
 */
export async function fetchJars(
  cacheFolder: string,
  name: string,
  artifacts: readonly Coordinates[],
): Promise<FetchedJars> {
  const folder = join(cacheFolder, name);
  const complete = join(folder, ".complete");
  if (existsSync(complete)) return { kind: "fetched", folder };
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const pom = join(folder, "pom.xml");
  writeFileSync(pom, pomOf(artifacts));
  const goal = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies";
  const args = ["-q", "-B", "-U", "-f", pom, goal, "-DincludeScope=runtime", `-DoutputDirectory=${folder}`];
  const { code, output } = await runProgram("mvn", args);
  if (code !== 0) return { kind: "missing", detail: firstError(output) };
  writeFileSync(complete, "");
  return { kind: "fetched", folder };
}

function pomOf(artifacts: readonly Coordinates[]): string {
  const dependencies = artifacts.map((coordinates) => {
    const [group, artifact, version] = coordinates.split(":");
    return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
  });
  return (
    "<project><modelVersion>4.0.0</modelVersion><groupId>cj-edge</groupId><artifactId>jars</artifactId>" +
    `<version>1</version><dependencies>${dependencies.join("")}</dependencies></project>`
  );
}

function firstError(output: string): string {
  const line = output.split("\n").find((candidate) => candidate.includes("ERROR")) ?? output;
  return line.replace(/^.*\[ERROR\]\s*/, "").slice(0, 400);
}

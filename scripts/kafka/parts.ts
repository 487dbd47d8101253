import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../rank/user-error.ts";
import { fetchJars } from "./maven.ts";
import { runProgram } from "./program.ts";

const KAFKA_VERSION = "4.1.0";
const STRIMZI_VERSION = "0.33.1";
const OLDEST_JAVA = 17;

/** What the tests on a real broker are run with. */
export const kafkaPartsSchema = z.object({
  /** Folder of the broker's jars. */
  brokerJars: z.string(),
  /** Folder of the Strimzi bridge's jars; null when it cannot be had. */
  strimziJars: z.string().nullable(),
  /** A Python that has Karapace; null when there is none. */
  karapacePython: z.string().nullable(),
});
export type KafkaParts = z.infer<typeof kafkaPartsSchema>;

/** What the tests cannot do without is not here; the message says what it is and how to get it. */
export class MissingPartError extends UserError {
  /** The exit code by which `.ci/run` knows that nothing was tested, and nothing has failed: EX_UNAVAILABLE. */
  static readonly exitCode = 69;
}

export interface FoundParts {
  readonly parts: KafkaParts;
  /** What could not be had, and how to get it; one sentence or two each. */
  readonly missing: readonly string[];
}

/**
 * Fetches the broker and looks for the bridges.
 * @throws MissingPartError when there is no Java, no Maven or no broker: without them nothing can be run
 */
export async function findKafkaParts(): Promise<FoundParts> {
  await requireJava();
  await requireMaven();
  const cache = process.env["KAFKA_CACHE"] ?? join(homedir(), ".cache/cj-edge-kafka");
  // The broker logs through slf4j, which says nothing without an implementation.
  const broker = await fetchJars(cache, `kafka-${KAFKA_VERSION}`, [
    `org.apache.kafka:kafka_2.13:${KAFKA_VERSION}`,
    "org.slf4j:slf4j-simple:1.7.36",
  ]);
  if (broker.kind === "missing") {
    throw new MissingPartError(
      `Apache Kafka ${KAFKA_VERSION} could not be fetched by Maven: ${broker.detail} Check Maven's settings and the network.`,
    );
  }
  const strimzi = await findStrimzi(cache);
  const karapace = await findKarapace();
  return {
    parts: {
      brokerJars: broker.folder,
      strimziJars: strimzi.kind === "fetched" ? strimzi.folder : null,
      karapacePython: karapace.kind === "found" ? karapace.python : null,
    },
    missing: [strimzi, karapace].flatMap((one) => (one.kind === "missing" ? [one.detail] : [])),
  };
}

async function requireJava(): Promise<void> {
  const { code, output } = await runProgram("java", ["-version"]);
  const version = Number(/version "(\d+)/.exec(output)?.[1] ?? 0);
  if (code === 0 && version >= OLDEST_JAVA) return;
  const found = code === 0 ? `found Java ${version}` : "found none";
  throw new MissingPartError(
    `Apache Kafka needs Java ${OLDEST_JAVA} or newer as \`java\` on the PATH (${found}). Install a JRE, for instance with ` +
      "`apt-get install openjdk-17-jre-headless` or `brew install openjdk@17`. No other test needs it.",
  );
}

async function requireMaven(): Promise<void> {
  if ((await runProgram("mvn", ["-version"])).code === 0) return;
  throw new MissingPartError(
    "Apache Kafka is fetched with Maven, and `mvn` is not on the PATH. Install it, for instance with `apt-get install maven` or " +
      "`brew install maven`. No other test needs it.",
  );
}

async function findStrimzi(cache: string) {
  const own = process.env["STRIMZI_BRIDGE_JARS"];
  if (own !== undefined) {
    if (existsSync(own) && readdirSync(own).some((file) => file.endsWith(".jar")))
      return { kind: "fetched", folder: own } as const;
    throw new UserError(
      `STRIMZI_BRIDGE_JARS: there are no jars in ${own}; expected the libs folder of a release.`,
    );
  }
  const fetched = await fetchJars(cache, `strimzi-${STRIMZI_VERSION}`, [
    `io.strimzi:kafka-bridge:${STRIMZI_VERSION}`,
  ]);
  if (fetched.kind === "fetched") return fetched;
  const detail =
    `Strimzi's bridge ${STRIMZI_VERSION} could not be fetched by Maven: ${fetched.detail} Unpack a release and set ` +
    "STRIMZI_BRIDGE_JARS to its libs folder.";
  return { kind: "missing", detail } as const;
}

/** Karapace has no release in Python's package index, so nothing is installed here: that name is nobody's. */
async function findKarapace() {
  const python = process.env["KARAPACE_PYTHON"] ?? "python3";
  const { code } = await runProgram(python, ["-c", "import karapace.kafka_rest_apis"]);
  if (code === 0) return { kind: "found", python } as const;
  const detail =
    `${python} has no Karapace. It is not in Python's package index: install it from a checkout of its repository ` +
    "(Python 3.12, `pip install .`) and set KARAPACE_PYTHON to that environment's python.";
  return { kind: "missing", detail } as const;
}

import { fileURLToPath } from "node:url";
import { type BridgeOptions, startKarapace, startStrimziBridge } from "../../scripts/kafka/bridges.ts";
import { kafkaPartsSchema } from "../../scripts/kafka/parts.ts";
import { type Service, startService } from "../../scripts/kafka/service.ts";

/** A bridge that the Worker is tested with. */
export interface BridgeKind {
  readonly name: string;
  readonly dialect: "strimzi" | "confluent-v2";
  readonly start: (options: BridgeOptions) => Promise<Service>;
}

const { strimziJars, karapacePython, brokerJars } = kafkaPartsSchema.parse(
  JSON.parse(process.env["KAFKA_PARTS"] ?? "null"),
);
export const BROKER_JARS = brokerJars;

/** One for each dialect, real where it can be had. */
export const BRIDGE_KINDS: readonly BridgeKind[] = [
  strimziJars === null
    ? standIn("strimzi", "strimzi")
    : {
        name: "Strimzi's bridge",
        dialect: "strimzi",
        start: (options) => startStrimziBridge(strimziJars, options),
      },
  karapacePython === null
    ? standIn("karapace", "confluent-v2")
    : {
        name: "Karapace's REST proxy",
        dialect: "confluent-v2",
        start: (options) => startKarapace(karapacePython, options),
      },
];

function standIn(voice: "strimzi" | "karapace", dialect: BridgeKind["dialect"]): BridgeKind {
  const program = fileURLToPath(new URL("./stand-in-bridge.ts", import.meta.url).href);
  return {
    name: `a stand-in for ${voice}`,
    dialect,
    start: ({ bootstrap, folder, port }) =>
      startService({
        name: `the stand-in for ${voice}`,
        command: process.execPath,
        args: [program, voice, String(port), bootstrap],
        port,
        logFile: `${folder}/stand-in.log`,
      }),
  };
}

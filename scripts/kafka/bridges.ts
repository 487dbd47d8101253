import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Service, startService } from "./service.ts";

export interface BridgeOptions {
  readonly bootstrap: string;
  /** For its configuration and log. */
  readonly folder: string;
  readonly port: number;
}

/** Waits that suit a test: in production a bridge gives a broker a minute or two to come back. */
const BROKER_WAIT_MS = 5_000;

/** Starts Strimzi's Kafka Bridge. Its management port, of version 1.0 and newer, is not used here and set to any. */
export function startStrimziBridge(jars: string, options: BridgeOptions): Promise<Service> {
  const { bootstrap, folder, port } = options;
  mkdirSync(folder, { recursive: true });
  const configuration = join(folder, "application.properties");
  const properties = [
    "bridge.id=cj-edge-tests",
    `kafka.bootstrap.servers=${bootstrap}`,
    "kafka.producer.acks=all",
    `kafka.producer.max.block.ms=${BROKER_WAIT_MS}`,
    `kafka.producer.request.timeout.ms=${BROKER_WAIT_MS}`,
    "kafka.producer.linger.ms=0",
    `kafka.producer.delivery.timeout.ms=${2 * BROKER_WAIT_MS}`,
    "kafka.consumer.auto.offset.reset=earliest",
    "http.host=127.0.0.1",
    `http.port=${port}`,
    "http.management.port=0",
    "http.cors.enabled=false",
    "http.consumer.enabled=true",
    "http.producer.enabled=true",
  ];
  writeFileSync(configuration, `${properties.join("\n")}\n`);
  return startService({
    name: "Strimzi's bridge",
    command: "java",
    args: [
      "-Xmx256m",
      `-Dvertx.cacheDirBase=${join(folder, "vertx-cache")}`,
      ...["-cp", join(jars, "*"), "io.strimzi.kafka.bridge.Application", "--config-file", configuration],
    ],
    port,
    logFile: join(folder, "strimzi.log"),
  });
}

/** Starts Karapace's REST proxy. Its own default acknowledges a record before it is safe (`producer_acks` 1). */
export function startKarapace(python: string, { bootstrap, folder, port }: BridgeOptions): Promise<Service> {
  mkdirSync(folder, { recursive: true });
  return startService({
    name: "Karapace's REST proxy",
    command: python,
    args: ["-m", "karapace.kafka_rest_apis"],
    env: {
      KARAPACE_BOOTSTRAP_URI: bootstrap,
      KARAPACE_HOST: "127.0.0.1",
      KARAPACE_PORT: String(port),
      KARAPACE_KARAPACE_REST: "true",
      KARAPACE_PRODUCER_ACKS: "all",
      KARAPACE_LOG_LEVEL: "WARNING",
    },
    port,
    logFile: join(folder, "karapace.log"),
  });
}

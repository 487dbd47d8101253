import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../rank/user-error.ts";
import { runProgram } from "./program.ts";
import { type Service, startService } from "./service.ts";

/** A single-node Kafka in KRaft mode that stays itself over restarts: same ports, same data. */
export interface Broker {
  readonly bootstrap: string;
  stop(): Promise<void>;
  kill(): Promise<void>;
  /** Starts it again after `stop` or `kill`. */
  start(): Promise<void>;
}

export interface BrokerOptions {
  readonly jars: string;
  /** For its data, configuration and log. */
  readonly folder: string;
  readonly port: number;
  readonly controllerPort: number;
}

/** Formats the storage and starts the broker. Topics exist only when they are created. */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  mkdirSync(options.folder, { recursive: true });
  const configuration = join(options.folder, "server.properties");
  writeFileSync(configuration, propertiesOf(options));
  await formatStorage(options.jars, configuration);
  const start = () =>
    startService({
      name: "Apache Kafka",
      command: "java",
      args: ["-Xmx512m", "-cp", join(options.jars, "*"), "kafka.Kafka", configuration],
      port: options.port,
      logFile: join(options.folder, "broker.log"),
    });
  let service: Service = await start();
  return {
    bootstrap: `127.0.0.1:${options.port}`,
    stop: () => service.stop(),
    kill: () => service.kill(),
    async start() {
      service = await start();
    },
  };
}

function propertiesOf({ folder, port, controllerPort }: BrokerOptions): string {
  return [
    "process.roles=broker,controller",
    "node.id=1",
    `controller.quorum.voters=1@127.0.0.1:${controllerPort}`,
    `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:${port}`,
    "controller.listener.names=CONTROLLER",
    "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    `log.dirs=${join(folder, "data")}`,
    "auto.create.topics.enable=false",
    "offsets.topic.replication.factor=1",
    "offsets.topic.num.partitions=3",
    "transaction.state.log.replication.factor=1",
    "transaction.state.log.min.isr=1",
    "group.initial.rebalance.delay.ms=0",
    "",
  ].join("\n");
}

async function formatStorage(jars: string, configuration: string): Promise<void> {
  const cluster = randomBytes(16).toString("base64url");
  const tool = [
    "-cp",
    join(jars, "*"),
    "kafka.tools.StorageTool",
    "format",
    "-t",
    cluster,
    "-c",
    configuration,
  ];
  const { code, output } = await runProgram("java", tool);
  if (code !== 0) throw new UserError(`Kafka's storage could not be formatted: ${output.slice(-500)}`);
}

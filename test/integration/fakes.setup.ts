import type { TestProject } from "vitest/node";
import { startFakeKafkaRest } from "../fakes/kafka-rest.ts";
import { startFakeLanguageModels } from "../fakes/language-models.ts";
import { startFakeUpstream } from "../fakes/upstream.ts";

declare module "vitest" {
  interface ProvidedContext {
    bridgeUrl: string;
    upstreamUrl: string;
    languageModelsUrl: string;
  }
}

/** Runs the services around this one in Node, on free loopback ports, for as long as the tests run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const bridge = await startFakeKafkaRest();
  const upstream = await startFakeUpstream();
  const languageModels = await startFakeLanguageModels();
  project.provide("languageModelsUrl", languageModels.url);
  project.provide("bridgeUrl", bridge.url);
  project.provide("upstreamUrl", upstream.url);
  return async () => {
    await Promise.all([bridge.close(), upstream.close(), languageModels.close()]);
  };
}

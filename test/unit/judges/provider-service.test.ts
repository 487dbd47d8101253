import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { text as readText } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { llmComparisonRequestSchema } from "../../../src/contracts/comparison-request.ts";
import type { LlmConfigOverrides } from "../../../src/contracts/llm-config.ts";
import type { Ask, AskOutcome } from "../../../src/judges/judge.ts";
import { DEFAULT_SYSTEM_PROMPT } from "../../../src/judges/prompt/prompt.ts";
import { createProviderServiceJudge } from "../../../src/judges/provider-service/provider-service-judge.ts";
import { requireSettings, type Settings } from "../../../src/settings/settings.ts";
import { type LocalServer, startLocalServer } from "../../fakes/local-server.ts";
import { EXAMPLES } from "../contracts/messages.ts";

const IDS = ["00886429-8e84-8a96-b004-99c9f4cfede6", "00886429-8e84-8a96-b004-99c9f4cfede7"];

interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}
type Answer = (response: ServerResponse, received: Received) => void;
type Status = (response: ServerResponse) => void;

/** The provider service, as far as this adapter knows it: an HTTP server that answers as it is told. */
interface Provider {
  readonly url: string;
  readonly received: readonly Received[];
}

const servers: LocalServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function startProvider(answer: Answer = accept): Promise<Provider> {
  const received: Received[] = [];
  const server = await startLocalServer(async (request, response) => {
    const { method, url, headers } = request;
    received.push({ method, url, headers, body: await readText(request) });
    const last = received.at(-1);
    if (last !== undefined) answer(response, last);
  });
  servers.push(server);
  return { url: server.url, received };
}

function accept(response: ServerResponse): void {
  response
    .writeHead(202, { "content-type": "application/json" })
    .end(JSON.stringify(EXAMPLES.queuedResponse));
}

const answerWith =
  (status: number, body = "", headers: Record<string, string> = {}): Status =>
  (response) =>
    void response.writeHead(status, headers).end(body);

function settingsFor(env: Record<string, string>): Settings {
  return requireSettings({ ENVIRONMENT: "development", ...env });
}

function buildAsk(overrides: LlmConfigOverrides | null = null, comparisonId = IDS[0]): Ask {
  return {
    comparisonId,
    prompt: {
      studentPrompt: "Write about a journey.",
      instructions: null,
      rubric: null,
      language: "en",
      first: "I went to the sea.",
      second: "We stayed at home.",
    },
    model: null,
    overrides,
    metadata: { essay_a_id: "ANCHOR_1", essay_b_id: "essay-secret-2", bos_batch_id: "bos-batch-7" },
  };
}

async function askOne(
  provider: Provider,
  env: Record<string, string> = {},
  ask = buildAsk(),
): Promise<AskOutcome> {
  const judge = createProviderServiceJudge(settingsFor({ LLM_PROVIDER_SERVICE_URL: provider.url, ...env }));
  const outcomes = await judge.ask([ask]);
  expect(outcomes).toHaveLength(1);
  return outcomes[0];
}

async function requestFor(overrides: LlmConfigOverrides | null, env: Record<string, string> = {}) {
  const provider = await startProvider();
  await askOne(provider, env, buildAsk(overrides));
  return llmComparisonRequestSchema.parse(JSON.parse(provider.received.at(0)?.body ?? ""));
}

describe("a question to the provider service", () => {
  it("is posted to /comparison, whether or not the address ends in a slash", async () => {
    const provider = await startProvider();
    await askOne(provider, { LLM_PROVIDER_SERVICE_URL: `${provider.url}/api/v1/` });
    await askOne(provider, { LLM_PROVIDER_SERVICE_URL: `${provider.url}/api/v1` });
    expect(provider.received.map(({ method, url }) => [method, url])).toEqual([
      ["POST", "/api/v1/comparison"],
      ["POST", "/api/v1/comparison"],
    ]);
    expect(provider.received.at(0)?.headers["content-type"]).toBe("application/json");
  });

  it("keeps the provider's contract, down to unknown fields", async () => {
    const request = await requestFor(null);
    expect(request).toMatchObject({
      correlation_id: IDS[0],
      callback_topic: "huleedu.llm_provider.comparison_result.v1",
      metadata: { essay_a_id: "ANCHOR_1", essay_b_id: "essay-secret-2", bos_batch_id: "bos-batch-7" },
    });
  });

  it("asks for the answer on this environment's own topic", async () => {
    const request = await requestFor(null, { TOPIC_PREFIX: "school." });
    expect(request.callback_topic).toBe("school.llm_provider.comparison_result.v1");
  });

  it("carries no ids in the prompt: an id would give an anchor away", async () => {
    const { user_prompt, prompt_blocks, llm_config_overrides } = await requestFor(null);
    const shown = JSON.stringify([user_prompt, prompt_blocks, llm_config_overrides]);
    for (const id of ["ANCHOR_1", "essay-secret-2", "bos-batch-7", ...IDS]) expect(shown).not.toContain(id);
    expect(user_prompt).toMatch(
      /\*\*Essay A:\*\*\n\[Essay A opens, code [0-9a-f]{16}\]\nI went to the sea\./,
    );
  });

  it("says the same in blocks as in one text, each block with its SHA-256", async () => {
    const { user_prompt, prompt_blocks } = await requestFor(null);
    const blocks = prompt_blocks ?? [];
    expect(blocks.map(({ content }) => content).join("\n\n")).toBe(user_prompt);
    for (const { content, content_hash } of blocks)
      expect(content_hash).toBe(createHash("sha256").update(content).digest("hex"));
  });

  it("names the model that the batch chose, before an override and before the default", async () => {
    const provider = await startProvider();
    const chosen = { ...buildAsk({ model_override: "overriding" }), model: "chosen" };
    await askOne(provider, {}, chosen);
    const request = llmComparisonRequestSchema.parse(JSON.parse(provider.received.at(0)?.body ?? ""));
    expect(request.llm_config_overrides?.model_override).toBe("chosen");
  });

  it("always names provider, model, temperature and system prompt", async () => {
    expect((await requestFor(null)).llm_config_overrides).toEqual({
      provider_override: "openai",
      model_override: "gpt-5.1",
      temperature_override: 0.1,
      system_prompt_override: DEFAULT_SYSTEM_PROMPT,
    });
  });

  it("carries the request's own choices", async () => {
    const overrides = {
      provider_override: "anthropic",
      model_override: "claude",
      temperature_override: 1.5,
      system_prompt_override: "You are strict.",
      max_tokens_override: 300,
      reasoning_effort: "high",
      output_verbosity: "low",
    };
    expect((await requestFor(overrides)).llm_config_overrides).toEqual(overrides);
  });

  it("keeps a temperature of 0, from the request and from the settings: it is a choice", async () => {
    expect((await requestFor({ temperature_override: 0 })).llm_config_overrides?.temperature_override).toBe(
      0,
    );
    const byDefault = await requestFor(null, { DEFAULT_LLM_TEMPERATURE: "0" });
    expect(byDefault.llm_config_overrides?.temperature_override).toBe(0);
  });

  it("leaves out levels that the provider does not know: it would refuse the question", async () => {
    const overrides = { reasoning_effort: "extreme", output_verbosity: "chatty" };
    const sent = (await requestFor(overrides)).llm_config_overrides ?? {};
    expect(Object.keys(sent)).not.toContain("reasoning_effort");
    expect(Object.keys(sent)).not.toContain("output_verbosity");
  });

  it("carries the token where one is configured, and no header otherwise", async () => {
    const provider = await startProvider();
    await askOne(provider);
    await askOne(provider, { LLM_PROVIDER_SERVICE_TOKEN: "s3cret" });
    expect(provider.received.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      "Bearer s3cret",
    ]);
  });
});

describe("the provider service's answer", () => {
  it("202 with a queue id is a submission", async () => {
    expect(await askOne(await startProvider())).toEqual({
      kind: "submitted",
      queueId: EXAMPLES.queuedResponse["queue_id"],
    });
  });

  it.each([
    ["200", answerWith(200, JSON.stringify({ winner: "Essay A" })), "EXTERNAL_SERVICE_ERROR"],
    ["202 without a queue id", answerWith(202, "{}"), "INVALID_RESPONSE"],
    ["202 without JSON", answerWith(202, "<html>"), "INVALID_RESPONSE"],
    ["404", answerWith(404), "EXTERNAL_SERVICE_ERROR"],
    ["408", answerWith(408), "TIMEOUT"],
    ["429", answerWith(429), "RATE_LIMIT"],
    ["500", answerWith(500), "EXTERNAL_SERVICE_ERROR"],
    ["502", answerWith(502), "SERVICE_UNAVAILABLE"],
    ["503", answerWith(503), "SERVICE_UNAVAILABLE"],
    ["504", answerWith(504), "TIMEOUT"],
  ])("%s is no submission now, and may be one later", async (_, answer, errorCode) => {
    expect(await askOne(await startProvider(answer))).toMatchObject({
      kind: "unavailable",
      errorCode,
      retryAfterSeconds: null,
    });
  });

  it.each([
    ["400", 400, "INVALID_REQUEST"],
    ["401", 401, "AUTHENTICATION_ERROR"],
    ["403", 403, "AUTHENTICATION_ERROR"],
    ["413", 413, "LLM_CONTENT_TOO_LONG"],
    ["422", 422, "INVALID_REQUEST"],
  ])("%s is a refusal: the same question would be refused again", async (_, status, errorCode) => {
    expect(await askOne(await startProvider(answerWith(status)))).toMatchObject({
      kind: "refused",
      errorCode,
    });
  });

  it("may say how long to wait", async () => {
    const busy = await startProvider(answerWith(429, "", { "retry-after": "17" }));
    expect(await askOne(busy)).toMatchObject({ errorCode: "RATE_LIMIT", retryAfterSeconds: 17 });
    const down = await startProvider(answerWith(503, "", { "retry-after": "120" }));
    expect(await askOne(down)).toMatchObject({ errorCode: "SERVICE_UNAVAILABLE", retryAfterSeconds: 120 });
  });

  it.each(["soon", "-5", "1.5"])("that says to wait %j is taken to say nothing", async (wait) => {
    const busy = await startProvider(answerWith(429, "", { "retry-after": wait }));
    expect(await askOne(busy)).toMatchObject({ kind: "unavailable", retryAfterSeconds: null });
  });

  it("that is a refusal may say why, but its text is cut", async () => {
    const verbose = await startProvider(answerWith(400, "x".repeat(5_000)));
    const outcome = await askOne(verbose);
    expect(outcome.kind === "refused" ? outcome.message.length : 0).toBeLessThan(1_100);
  });

  it.each([400, 422])(
    "%i that echoes the question does not bring the essays into an error message",
    async (status) => {
      const echoing = await startProvider((response, { body }) =>
        answerWith(
          status,
          JSON.stringify({ detail: [{ type: "missing", input: JSON.parse(body) }] }),
        )(response),
      );
      const outcome = await askOne(echoing);
      expect(outcome.kind).toBe("refused");
      expect(JSON.stringify(outcome)).not.toContain("I went to the sea.");
    },
  );

  it("that does not come in time is a timeout", async () => {
    const silent = await startProvider(() => {});
    expect(await askOne(silent, { LLM_REQUEST_TIMEOUT_SECONDS: "1" })).toMatchObject({
      kind: "unavailable",
      errorCode: "TIMEOUT",
    });
  });

  it("that stops in the middle is a timeout as well", async () => {
    const stalling = await startProvider((response) => {
      response.writeHead(202, { "content-length": "100" }).write('{"queue_id"');
    });
    expect(await askOne(stalling, { LLM_REQUEST_TIMEOUT_SECONDS: "1" })).toMatchObject({
      kind: "unavailable",
      errorCode: "TIMEOUT",
    });
  });

  it("that breaks off is a connection error", async () => {
    const broken = await startProvider((response) => void response.destroy());
    expect(await askOne(broken)).toMatchObject({ kind: "unavailable", errorCode: "CONNECTION_ERROR" });
  });

  it("is a connection error where nobody listens", async () => {
    expect(await askOne({ url: "http://127.0.0.1:1", received: [] })).toMatchObject({
      kind: "unavailable",
      errorCode: "CONNECTION_ERROR",
    });
  });
});

describe("several questions", () => {
  it("are answered one by one, in their order: a bad one takes no other with it", async () => {
    const provider = await startProvider((response, { body }) => {
      const { correlation_id } = llmComparisonRequestSchema.parse(JSON.parse(body));
      if (correlation_id === IDS[0]) answerWith(503)(response);
      else accept(response);
    });
    const judge = createProviderServiceJudge(settingsFor({ LLM_PROVIDER_SERVICE_URL: provider.url }));
    const outcomes = await judge.ask([buildAsk(null, IDS[0]), buildAsk(null, IDS[1])]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(["unavailable", "submitted"]);
  });

  it("may be none", async () => {
    expect(await createProviderServiceJudge(settingsFor({})).ask([])).toEqual([]);
  });
});

describe("without an address", () => {
  it("every question is refused by what is missing", async () => {
    expect(await createProviderServiceJudge(settingsFor({})).ask([buildAsk()])).toEqual([
      {
        kind: "refused",
        errorCode: "CONFIGURATION_ERROR",
        message: "LLM_PROVIDER_SERVICE_URL is not configured",
      },
    ]);
  });
});

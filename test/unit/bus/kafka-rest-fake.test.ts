import { expect, it } from "vitest";
import { startFakeKafkaRest } from "../../fakes/kafka-rest.ts";

it("the fake bridge can be driven over HTTP, for tests that run in another process", async () => {
  const fake = await startFakeKafkaRest();
  const ask = async (method: string, path: string, body?: unknown) => {
    const headers = { "content-type": "application/vnd.kafka.json.v2+json" };
    const sent = body === undefined ? {} : { body: JSON.stringify(body), headers };
    const response = await fetch(`${fake.url}${path}`, { method, ...sent });
    return { status: response.status, text: await response.text() };
  };
  const record = { records: [{ key: "k", value: { n: 1 } }] };

  expect((await ask("POST", "/__fake/faults", [{ kind: "status", status: 503 }])).status).toBe(204);
  expect((await ask("POST", "/topics/t", record)).status).toBe(503);
  expect((await ask("POST", "/topics/t", record)).status).toBe(200);
  expect(JSON.parse((await ask("GET", "/__fake/records")).text)).toEqual([
    { topic: "t", key: '"k"', value: '{"n":1}', headers: {}, partition: expect.any(Number), offset: 0 },
  ]);
  expect(JSON.parse((await ask("GET", "/__fake/requests")).text)).toHaveLength(2);
  expect((await ask("DELETE", "/__fake")).status).toBe(204);
  expect(fake.records()).toEqual([]);
  expect((await ask("GET", "/__fake/else")).status).toBe(404);

  expect((await ask("POST", "/topics/t", { records: [{ key: "k", value: 1, headers: [] }] })).status).toBe(
    422,
  );
  await fake.close();
});

/** The HTTP neighbours: Kafka bridge, LLM provider service, content service. Each may be away, fail, or answer too late. */
import { z } from "zod";
import type { Neighbour } from "./world.ts";
import { isAway, strikes, type World } from "./world.ts";

export const BRIDGE_URL = "http://bridge.example";
export const JUDGE_URL = "http://judge.example";
export const CONTENT_URL = "http://content.example";

export interface NeighboursOptions {
  readonly world: World;
  /** a question was put to the judge */
  onQuestion(comparisonId: string): void;
  /** the record stands in Kafka */
  onRecord(topic: string, key: string, value: string): void;
}

const question = z.looseObject({ correlation_id: z.string() });
const produced = z.object({ records: z.array(z.object({ key: z.string(), value: z.string() })) });

export function createNeighbours({ world, onQuestion, onRecord }: NeighboursOptions) {
  let offset = 0;
  const judge = (body: string): Response => {
    if (world.timeline.now() < world.healsAt && world.chance.happens(0.05))
      return new Response("", { status: world.chance.pick([429, 500, 503, 504]) });
    onQuestion(question.parse(JSON.parse(body)).correlation_id);
    return Response.json({ queue_id: "q" }, { status: 202 });
  };
  const bridge = (topic: string, body: string): Response => {
    if (world.timeline.now() < world.healsAt && world.chance.happens(0.1))
      return new Response("", { status: world.chance.pick([429, 500, 503, 404]) });
    const offsets = produced.parse(JSON.parse(body)).records.map(({ key, value }) => {
      if (strikes(world, 0.05)) return { error_code: 50003, error: "not enough replicas" };
      onRecord(topic, decode(key), decode(value));
      return { partition: 0, offset: offset++ };
    });
    return Response.json({ offsets });
  };
  const content = (id: string): Response => {
    if (world.timeline.now() < world.healsAt && world.chance.happens(0.1))
      return new Response("", { status: 503 });
    return id.startsWith("gone") ? new Response("", { status: 404 }) : new Response(`text of ${id}`);
  };
  const answer = (url: URL, body: string): Response => {
    switch (url.origin) {
      case JUDGE_URL:
        return judge(body);
      case BRIDGE_URL:
        return bridge(decodeURIComponent(url.pathname.split("/").at(-1) ?? ""), body);
      default:
        return content(url.pathname.slice(1));
    }
  };
  return (address: string, init?: { readonly body?: string }): Promise<Response> =>
    new Promise((resolve, reject) => {
      const { timeline, chance, weather } = world;
      const url = new URL(address);
      const neighbour = neighbourAt(url.origin);
      const fail = (error: Error) => timeline.after(chance.integer(1, 60_000), () => reject(error));
      timeline.after(chance.integer(1, 200), () => {
        if (isAway(world, neighbour) || strikes(world, weather.lostRequest))
          return fail(new TypeError("fetch failed"));
        const response = answer(url, init?.body ?? "");
        if (strikes(world, weather.lostAnswer))
          return fail(new DOMException("The operation timed out", "TimeoutError"));
        timeline.after(chance.integer(1, 200), () => resolve(response));
      });
    });
}

function neighbourAt(origin: string): Neighbour {
  if (origin === BRIDGE_URL) return "bridge";
  return origin === JUDGE_URL ? "judge" : "content";
}

function decode(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}

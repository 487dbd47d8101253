import { DurableObject } from "cloudflare:workers";
export class AssessmentBatch extends DurableObject<Env> {
  hello(): string {
    return "hi";
  }
}
export default {
  async fetch(_request, env): Promise<Response> {
    return new Response(await env.ASSESSMENT_BATCH.getByName("x").hello());
  },
} satisfies ExportedHandler<Env>;

import { z } from "zod";

/**
 * The part of the Workers AI binding that is used here: with `returnRawResponse` it answers with the provider's HTTP
 * response, status and headers included.
 */
export interface AiBinding {
  run(
    model: string,
    inputs: object,
    options: {
      readonly returnRawResponse: true;
      readonly extraHeaders: Readonly<Record<string, string>>;
      readonly gateway?: { readonly id: string; readonly skipCache: true };
      readonly signal: AbortSignal;
    },
  ): Promise<Response>;
}

const runnable = z.looseObject({ run: z.custom((value) => typeof value === "function") });

/** The binding called `AI`, when the deployment has one. */
export const aiBinding = z.custom<AiBinding>((value) => runnable.safeParse(value).success).optional();

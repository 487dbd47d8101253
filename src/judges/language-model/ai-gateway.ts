/**
 * What Cloudflare AI Gateway is told with every request; whoever is no gateway passes over it. Answers are not to come from
 * its cache, because the method needs each to be given anew, and the essays are not to be kept in its logs.
 */
export const AI_GATEWAY_HEADERS = {
  "cf-aig-skip-cache": "true",
  "cf-aig-collect-log-payload": "false",
} as const;

/** For a gateway that demands authentication, beside the provider's own key. */
export function gatewayAuthorization(token: string | null): Record<string, string> {
  return token === null ? {} : { "cf-aig-authorization": `Bearer ${token}` };
}

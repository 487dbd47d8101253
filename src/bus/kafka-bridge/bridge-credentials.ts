import type { Settings } from "../../settings/settings.ts";

/**
 * What every request to the bridge carries: its own authorization, and a Cloudflare Access service token for a bridge behind
 * Access (https://developers.cloudflare.com/cloudflare-one/identity/service-tokens/).
 */
export function bridgeCredentials(settings: Settings): Readonly<Record<string, string>> {
  const {
    KAFKA_BRIDGE_AUTHORIZATION: authorization,
    KAFKA_BRIDGE_ACCESS_CLIENT_ID: id,
    KAFKA_BRIDGE_ACCESS_CLIENT_SECRET: secret,
  } = settings;
  return {
    ...(authorization === undefined ? {} : { authorization }),
    ...(id === undefined || secret === undefined
      ? {}
      : { "CF-Access-Client-Id": id, "CF-Access-Client-Secret": secret }),
  };
}

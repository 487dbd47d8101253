/** The HTTP protocols that Kafka bridges speak. */
export const BRIDGE_DIALECTS = ["confluent-v2", "confluent-v3", "strimzi"] as const;
/** Those of them by which topics can be read: v3 has no consumers. */
export const SOURCE_DIALECTS = ["confluent-v2", "strimzi"] as const;
export type SourceDialectName = (typeof SOURCE_DIALECTS)[number];
export type BridgeDialectName = (typeof BRIDGE_DIALECTS)[number];

/**
 * Says what is wrong with a bridge's URL, for checking the configuration before anything is sent.
 * @returns one sentence, or null when the URL can be used with the dialect.
 */
export function bridgeUrlProblem(dialect: BridgeDialectName, url: string): string | null {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol))
    return "expected an http or https URL, such as https://bridge.example.org";
  if (parsed.username !== "" || parsed.password !== "")
    return "expected a URL without credentials: they belong in the authorization setting";
  if (parsed.search !== "" || parsed.hash !== "") return "expected a URL without query and fragment";
  if (dialect === "confluent-v3" && !/\/v3\/clusters\/[^/]+\/?$/.test(parsed.pathname))
    return "expected a URL that ends with the cluster, such as https://host/kafka/v3/clusters/lkc-1";
  return null;
}

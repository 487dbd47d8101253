/**
 * How a response documents which operations take its id as their path parameter `id` (OpenAPI, Link Object), so that tools can
 * follow what was opened to everything that can be asked about it.
 *
 * @param id where the id stands in the response, as a runtime expression
 */
export function linksTo(id: string, operationIds: readonly string[]) {
  return Object.fromEntries(
    operationIds.map((operationId) => [operationId, { operationId, parameters: { id } }]),
  );
}

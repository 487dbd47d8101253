import { requireSettings } from "../settings/settings.ts";

/**
 * A namespace of objects as this deployment uses it: in its `JURISDICTION`, if it has one. The jurisdiction belongs to an object's
 * identity: the same name in another one, or in none, is another object, so nobody may reach an object in any other way.
 *
 * @throws MisconfiguredError when the settings cannot be read: then nobody knows where the objects are
 */
export function inJurisdiction<Class extends Rpc.DurableObjectBranded | undefined>(
  env: Env,
  namespace: DurableObjectNamespace<Class>,
): DurableObjectNamespace<Class> {
  const { JURISDICTION } = requireSettings(env);
  return JURISDICTION === undefined ? namespace : namespace.jurisdiction(JURISDICTION);
}

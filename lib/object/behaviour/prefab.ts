import { invalidType, outOfRange, typeError } from "../../arguments.js";
import { booleanOption, checkOptions, type OptionRules } from "../../options.js";
import type { BehaviourDefinition } from "./definition.js";
import type { MemberValues } from "./member-values.js";
import { behaviourDefinition, memberValues, NetworkBehaviour } from "./network-behaviour.js";
import type { NetworkIdentity } from "./network-identity.js";

/** Classes of behaviours by the name that each has in the object. */
export type Behaviours = Readonly<Record<string, new () => NetworkBehaviour>>;

/** The behaviours of an object of a prefab. */
export type InstancesOf<B extends Behaviours> = { readonly [K in keyof B]: InstanceType<B[K]> };

/** An object's behaviours by name, and its identity. */
export type Spawned<B extends Behaviours> = InstancesOf<B> & { readonly identity: NetworkIdentity };

const MAX_BEHAVIOURS = 16;
/** What fits one packet with everything around it. */
const MAX_LATEST_BYTES = 1100;

/** A new object of a prefab: its behaviours, and their values in the order of its parts. */
export interface Instance<B extends Behaviours = Behaviours> {
  readonly behaviours: InstancesOf<B>;
  readonly values: readonly MemberValues[];
}

/** What {@link definePrefab} may be told besides. */
export interface PrefabOptions {
  /**
   * Whether the other side may lack it (an older or newer program): a client that does sees none of its objects.
   *
   * @defaultValue false
   */
  optional?: boolean;
}

const OPTIONS: OptionRules<PrefabOptions> = { optional: booleanOption };

/** A kind of networked object: which behaviours it has. Made by {@link definePrefab}. */
export interface Prefab<B extends Behaviours = Behaviours> {
  /** The one that `definePrefab` got: server and client know the prefab by it. */
  readonly name: string;
  /** Whether programs without it can play with those that have it (docs/objects.md, programs of several versions). */
  readonly isOptional: boolean;
  /** What both sides must have the same. */
  readonly layout: string;
  /** @internal The layout of each member and RPC that is not optional, by behaviour and name. */
  readonly layouts: ReadonlyMap<string, string>;
  /** The names of its behaviours, in the order in which they are written. */
  readonly parts: readonly string[];
  /** @internal Those of its behaviours, in the order of `parts`. */
  readonly definitions: readonly BehaviourDefinition[];
  /** @internal */
  create(): Instance<B>;
  /** @internal These behaviours as an object. @throws TypeError unless they are of its classes, and in no world */
  bind(behaviours: InstancesOf<B>): Instance<B>;
}

/** @internal The layout of each member and RPC but for optional ones, to say what differs between two sides. */
export const layoutParts = ({ layouts, name }: Prefab): Map<string, string> =>
  new Map([...layouts].map(([part, layout]) => [`${name}.${part}`, layout]));

/** The largest size of all latest members with a bit for each of them and of their behaviours. */
function latestBits(definitions: readonly BehaviourDefinition[]): number {
  let bits = 0;
  for (const { members } of definitions) {
    for (const { codec, options } of members) {
      if (options.delivery === "latest") bits += 1 + (codec.maxBits as number);
    }
  }
  return bits + definitions.length;
}

/**
 * Defines a kind of networked object, of up to 16 behaviours by name.
 *
 * @throws TypeError, RangeError that name the prefab and the behaviour
 */
export function definePrefab<const B extends Behaviours>(
  name: string,
  behaviours: B,
  options: PrefabOptions = {},
): Prefab<B> {
  if (typeof name !== "string") throw typeError("The name of a prefab", "a string");
  if (typeof behaviours !== "object" || behaviours === null) {
    throw typeError(
      `The behaviours of the prefab ${name}`,
      "an object with their classes by name, as in { ship: Ship }",
    );
  }
  if (name === "" || name.length > 64) throw outOfRange(`The name of the prefab ${name} has 1 to 64 characters`);
  checkOptions("definePrefab", options, OPTIONS);
  const parts = Object.keys(behaviours).sort((a, b) => (a < b ? -1 : 1));
  if (parts.length === 0 || parts.length > MAX_BEHAVIOURS) {
    throw invalidType(`The prefab ${name} has ${parts.length} behaviours, and 1 to ${MAX_BEHAVIOURS} are possible`);
  }
  const classes = parts.map((part) => {
    const target = behaviours[part];
    if (typeof target !== "function" || !(target.prototype instanceof NetworkBehaviour)) {
      throw typeError(`The behaviour ${part} of ${name}`, "a class that extends NetworkBehaviour");
    }
    return target;
  });
  const definitions = classes.map(behaviourDefinition);
  const layouts = parts.map((part, index) => `${JSON.stringify(part)}:${definitions[index]?.layout}`);
  const partLayouts = new Map<string, string>();
  for (const [index, definition] of definitions.entries()) {
    // A behaviour without members has a place as well.
    partLayouts.set(parts[index] as string, "behaviour");
    for (const one of definition.parts) if (!one.isOptional) partLayouts.set(`${parts[index]}.${one.name}`, one.layout);
  }
  const latestBytes = Math.ceil(latestBits(definitions) / 8);
  if (latestBytes > MAX_LATEST_BYTES) {
    throw outOfRange(
      `The latest members of ${name} take ${latestBytes} bytes, over the ${MAX_LATEST_BYTES} of a packet`,
    );
  }
  const bind = (behaviours: InstancesOf<B>): Instance<B> => {
    const values = parts.map((part, index) => {
      const instance = (behaviours as Record<string, NetworkBehaviour> | null | undefined)?.[part];
      const Class = classes[index] as new () => NetworkBehaviour;
      if (!(instance instanceof Class)) throw typeError(`The behaviour ${part} of ${name}`, `a ${Class.name}`);
      if (NetworkBehaviour.linkOf(instance))
        throw invalidType(`The behaviour ${part} of ${name} is in a world already`);
      const values = memberValues(instance);
      values.keepListeners();
      return values;
    });
    return { behaviours, values };
  };
  return {
    name,
    parts,
    definitions,
    isOptional: options.optional === true,
    layouts: partLayouts,
    layout: `${JSON.stringify(name)}{${layouts}}`,
    create() {
      const instances = classes.map((Behaviour) => new Behaviour());
      const entries = instances.map((instance, index) => [parts[index], instance] as const);
      return bind(Object.fromEntries(entries) as unknown as InstancesOf<B>);
    },
    bind,
  };
}

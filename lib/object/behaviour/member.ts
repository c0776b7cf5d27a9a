import { invalidType, typeError } from "../../arguments.js";
import type { Codec } from "../../serialization/index.js";
import { checkSyncOptions, type SyncOptions } from "./sync-options.js";

/** A variable as it is declared: its codec, or the codec and options. */
export type MemberDeclaration<T = unknown> = Codec<T> | readonly [codec: Codec<T>, options: SyncOptions<T>];

/** A networked variable of a class. */
export interface Member {
  readonly name: string;
  /** Its place among the members of its class, sorted by name: 0 to 29. */
  readonly index: number;
  readonly bit: number;
  readonly codec: Codec<unknown>;
  /** The names of the components of a live value (a vector, a quaternion, a struct of scalars), else `null`. */
  readonly components: readonly string[] | null;
  readonly options: Readonly<SyncOptions<unknown>>;
  /** What both sides must have the same. */
  readonly layout: string;
}

/** The most variables of one class: their bits fit an integer that V8 keeps out of the heap. */
export const MAX_MEMBERS = 30;

const MAX_NAME_LENGTH = 64;

/** The components of a codec whose values are live: `behaviour.position.x += 1` is noticed. */
function componentsOf({ fields, layout, default: create }: Codec<unknown>): readonly string[] | null {
  if (layout.startsWith("quaternion(")) return Object.keys(create() as object);
  if (fields === undefined) return null;
  const names = Object.keys(fields);
  return names.length > 0 && names.every((name) => fields[name]?.kernel) ? names : null;
}

function defineMember(className: string, name: string, index: number, declaration: MemberDeclaration): Member {
  const place = `${className}.${name}`;
  const [codec, options] = Array.isArray(declaration)
    ? (declaration as readonly [Codec<unknown>, SyncOptions<unknown>])
    : [declaration as Codec<unknown>, {}];
  if (typeof codec?.read !== "function") throw typeError(place, "a codec, or a codec and options");
  const components = componentsOf(codec);
  checkSyncOptions(place, options, codec, components !== null);
  const { delivery = "ordered", from = "server", to = "observers", initialOnly = false } = options;
  const layout = `${codec.layout} ${delivery} ${from}>${to}${initialOnly ? " initialOnly" : ""}`;
  return { name, index, bit: 1 << index, codec, components, options: { ...options }, layout };
}

/**
 * The members of a class, in the order of their names (of code units, which is the same in every program).
 *
 * @throws TypeError, RangeError that name the class and the member
 */
export function defineMembers(
  className: string,
  declarations: Readonly<Record<string, MemberDeclaration>>,
  isTaken: (name: string) => boolean,
): readonly Member[] {
  const names = Object.keys(declarations).sort((a, b) => (a < b ? -1 : 1));
  if (names.length > MAX_MEMBERS) throw invalidType(`${className} has ${names.length} members, over ${MAX_MEMBERS}`);
  for (const name of names) {
    const place = `${className}.${name}`;
    if (isTaken(name) || name === "__proto__") throw invalidType(`${place}: a behaviour has something of that name`);
    if (name.length > MAX_NAME_LENGTH) throw invalidType(`${place}: the name is longer than ${MAX_NAME_LENGTH}`);
  }
  return names.map((name, index) => defineMember(className, name, index, declarations[name] as MemberDeclaration));
}

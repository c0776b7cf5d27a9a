import { invalidType, typeError } from "../../arguments.js";
import { inField } from "../../serialization/errors.js";
import type { Codec } from "../../serialization/index.js";
import type { HeldClass } from "../synced/held-value.js";
import { type NumberShape, numberShape } from "./number-shape.js";
import { checkSyncOptions, type SyncOptions } from "./sync-options.js";

/** What a declaration of a collection or a reference knows of it. */
export interface HeldDeclaration {
  readonly kind: "collection" | "reference";
  readonly options: SyncOptions<never>;
  /** @throws TypeError, RangeError for wrong codecs or limits */
  define(place: string, bit: number): { codec: Codec<unknown>; held: HeldClass };
}

/** Where a declaration of a collection or a reference has it. */
export const HELD = Symbol("held");

/** A member as it is declared: its codec, or the codec and options; or a collection or a reference. */
export type MemberDeclaration<T = unknown> =
  | Codec<T>
  | readonly [codec: Codec<T>, options: SyncOptions<T>]
  | { readonly [HELD]: HeldDeclaration };

/** A networked variable of a class. */
export interface Member {
  readonly name: string;
  /** Its place among the members of its class, sorted by name: 0 to 29. */
  readonly index: number;
  readonly bit: number;
  readonly kind: "variable" | "collection" | "reference";
  /** Of the whole value. */
  readonly codec: Codec<unknown>;
  /** The names of the components of a live value (a vector, a quaternion, a struct of scalars), else `null`. */
  readonly components: readonly string[] | null;
  /** What its values are as numbers; null for a variable of others, for a collection and a reference. */
  readonly shape: NumberShape | null;
  /** What keeps a collection or a reference. */
  readonly held: HeldClass | null;
  readonly options: Readonly<SyncOptions<unknown>>;
  readonly isOptional: boolean;
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

function codecOf(place: string, bit: number, declaration: MemberDeclaration) {
  const declared = (declaration as { [HELD]?: HeldDeclaration } | undefined)?.[HELD];
  if (declared) {
    const { kind, options } = declared;
    try {
      return { kind, options: options as object as SyncOptions<unknown>, ...declared.define(place, bit) };
    } catch (error) {
      throw inField(error, place);
    }
  }
  const [codec, options] = Array.isArray(declaration)
    ? (declaration as readonly [Codec<unknown>, SyncOptions<unknown>])
    : [declaration as Codec<unknown>, {}];
  if (typeof codec === "function") throw invalidType(`${place}: a function is no codec: call it, as in string(100)`);
  if (typeof codec?.read !== "function") throw typeError(place, "a codec, or a codec and options");
  return { kind: "variable" as const, codec, options, held: null };
}

function defineMember(className: string, name: string, index: number, declaration: MemberDeclaration): Member {
  const place = `${className}.${name}`;
  const bit = 1 << index;
  const { kind, codec, options, held } = codecOf(place, bit, declaration);
  const components = kind === "variable" ? componentsOf(codec) : null;
  const shape = kind === "variable" ? numberShape(codec, options) : null;
  checkSyncOptions(place, kind, options, codec, components !== null, shape !== null);
  const { delivery = "ordered", from = "server", to = "observers", initialOnly = false, optional = false } = options;
  const audience = typeof to === "function" ? "scope" : to;
  const word = kind === "collection" ? "synced " : "";
  const layout = `${word}${codec.layout} ${delivery} ${from}>${audience}${initialOnly ? " initialOnly" : ""}`;
  const isOptional = optional;
  return { name, index, bit, kind, codec, components, shape, held, options: { ...options }, isOptional, layout };
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

import { invalidType } from "../../arguments.js";
import type { INetworkPlayer } from "../../message/index.js";
import type { Codec } from "../../serialization/index.js";
import type { HeldClass } from "../synced/held-value.js";
import { listClass, type SyncList } from "../synced/sync-list.js";
import { mapClass, type SyncMap } from "../synced/sync-map.js";
import { type SyncSet, setClass } from "../synced/sync-set.js";
import { declareMember } from "./definition.js";
import { HELD, type HeldDeclaration, type MemberDeclaration } from "./member.js";
import type { Audience, SyncOptions } from "./sync-options.js";

/** How a collection travels: always ordered. */
export interface CollectionOptions<Content> {
  /** Who may change it. @defaultValue `server` */
  from?: "server" | "owner" | "both";
  /** Which of the players that see the object get it. `observers` includes the owner. @defaultValue `observers` */
  to?: Audience;
  /** Changes are sent in each so many ticks: 1 to 255. Objects take turns. @defaultValue 1 */
  every?: number;
  /**
   * Whether the server takes the content that comes of the owner's changes. It needs `from` `owner` or `both`.
   *
   * @defaultValue all is taken
   */
  validate?(content: Content, player: INetworkPlayer): boolean;
  /** Whether the other side may lack it (an older or newer program): it plays on without. @defaultValue false */
  optional?: boolean;
}

/** A declaration of a collection or a reference: a decorator, or a value of the second argument of `networked`. */
export interface Held<Value> {
  <This extends object>(
    target: ClassAccessorDecoratorTarget<This, Value>,
    context: ClassAccessorDecoratorContext<This, Value>,
  ): ClassAccessorDecoratorResult<This, Value>;
  /** What it declares; only the library reads it. */
  readonly [HELD]: object;
  /** Of the member; there is no such property. */
  readonly value?: Value;
}

/** @param name of the decorator, for errors */
export function declareHeld<Value>(name: string, declared: HeldDeclaration): Held<Value> {
  const decorator = (_target: unknown, context: ClassAccessorDecoratorContext<object, Value>) => {
    const { kind, name: member } = context;
    if (kind !== "accessor" || context.static || context.private || typeof member !== "string") {
      throw invalidType(`@${name} stands before an accessor: @${name}(…) accessor ${String(member)}`);
    }
    declareMember(context.metadata as object, member, held as MemberDeclaration);
    return {
      init(this: object, value: Value): Value {
        if (value !== undefined) (this as Record<string, unknown>)[member] = value;
        return value;
      },
    };
  };
  const held = Object.assign(decorator, { [HELD]: declared }) as Held<Value>;
  return held;
}

function declareCollection<Value>(
  name: string,
  options: CollectionOptions<never>,
  define: (place: string, bit: number) => { content: Codec<never>; held: HeldClass },
): Held<Value> {
  return declareHeld(name, {
    kind: "collection",
    options: options as SyncOptions<never>,
    define(place, bit) {
      const { content, held } = define(place, bit);
      return { codec: content as Codec<unknown>, held };
    },
  });
}

/**
 * Declares a list of at most `max` values of one type: as the decorator `@syncList(u16, 32) accessor items!:
 * SyncList<number>`, or by name for `networked`.
 */
export function syncList<T>(element: Codec<T>, max: number, options: CollectionOptions<readonly T[]> = {}) {
  return declareCollection<SyncList<T>>("syncList", options as CollectionOptions<never>, (place, bit) => {
    return listClass(place, bit, element as Codec<unknown>, max) as { content: Codec<never>; held: HeldClass };
  });
}

/** Declares a map of at most `max` entries, as {@link syncList} does. Keys are numbers, texts, booleans or bigints. */
export function syncMap<K, V>(
  key: Codec<K>,
  value: Codec<V>,
  max: number,
  options: CollectionOptions<ReadonlyMap<K, V>> = {},
) {
  return declareCollection<SyncMap<K, V>>("syncMap", options as CollectionOptions<never>, (place, bit) => {
    const codecs = [key as Codec<unknown>, value as Codec<unknown>] as const;
    return mapClass(place, bit, ...codecs, max) as { content: Codec<never>; held: HeldClass };
  });
}

/** Declares a set of at most `max` elements, as {@link syncList} does. They are numbers, texts, booleans or bigints. */
export function syncSet<T>(element: Codec<T>, max: number, options: CollectionOptions<ReadonlySet<T>> = {}) {
  return declareCollection<SyncSet<T>>("syncSet", options as CollectionOptions<never>, (place, bit) => {
    return setClass(place, bit, element as Codec<unknown>, max) as { content: Codec<never>; held: HeldClass };
  });
}

/** {@link syncList}, for `networked`. */
export const list = syncList;

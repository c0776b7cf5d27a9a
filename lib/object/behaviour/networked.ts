import { invalidType } from "../../arguments.js";
import type { Codec } from "../../serialization/index.js";
import { declareMember, declareMembers } from "./definition.js";
import type { MemberDeclaration } from "./member.js";
import { behaviourDefinition, type NetworkBehaviour } from "./network-behaviour.js";
import type { SyncOptions } from "./sync-options.js";

/** A class with networked members of these types. */
export type Networked<C extends abstract new (...parameters: never[]) => NetworkBehaviour, Values> = (new (
  ...parameters: ConstructorParameters<C>
) => InstanceType<C> & Values) &
  Pick<C, keyof C>;

/** Members by name: a codec, or a codec and options. */
export type Declarations<Values> = {
  readonly [K in keyof Values]: Codec<Values[K]> | readonly [codec: Codec<Values[K]>, options: SyncOptions<Values[K]>];
};

/**
 * Declares the networked members of a class, which extends `NetworkBehaviour`. They start as their codecs' defaults, or
 * as what the constructor assigns. It gives the same members, numbers and bytes as the decorators.
 *
 * @returns the same class
 * @throws TypeError, RangeError that name the class and the member
 */
export function networked<C extends abstract new (...parameters: never[]) => NetworkBehaviour, Values extends object>(
  target: C,
  members: Declarations<Values>,
): Networked<C, Values> {
  declareMembers(target, members as unknown as Record<string, MemberDeclaration>);
  behaviourDefinition(target);
  return target as unknown as Networked<C, Values>;
}

/**
 * Declares a networked variable: `@syncVar(u8) accessor health = 100`. Standard decorators need tsc 5, esbuild or SWC.
 *
 * @throws TypeError unless it stands before an `accessor` of an instance that is not private
 */
export function syncVar<T>(codec: Codec<T>, options: SyncOptions<T> = {}) {
  return <This extends NetworkBehaviour>(
    _target: ClassAccessorDecoratorTarget<This, T>,
    context: ClassAccessorDecoratorContext<This, T>,
  ): ClassAccessorDecoratorResult<This, T> => {
    const { kind, name } = context;
    if (kind !== "accessor" || context.static || context.private || typeof name !== "string") {
      throw invalidType(`@syncVar stands before an accessor: @syncVar(u8) accessor ${String(name)} = 0`);
    }
    declareMember(context.metadata as object, name, [codec, options] as MemberDeclaration);
    return {
      init(this: This, value: T): T {
        if (value !== undefined) (this as Record<string, unknown>)[name] = value;
        return value;
      },
    };
  };
}

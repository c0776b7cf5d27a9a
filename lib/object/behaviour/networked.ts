import { invalidType } from "../../arguments.js";
import type { Codec } from "../../serialization/index.js";
import type { Held } from "./collections.js";
import { declareMember, declareMembers } from "./definition.js";
import type { MemberDeclaration } from "./member.js";
import { type BehaviourClass, behaviourDefinition, type NetworkBehaviour } from "./network-behaviour.js";
import type { AnyMethod, Callable, Rpc } from "./rpc.js";
import type { SyncOptions } from "./sync-options.js";

/** A class with networked members of these types, and these RPCs. */
export type Networked<C extends BehaviourClass, Values, Rpcs = unknown> = (new (
  ...parameters: ConstructorParameters<C>
) => InstanceType<C> & Values & Callables<InstanceType<C>, Rpcs>) &
  Pick<C, keyof C>;

/** The RPCs of a class, each as it can be called. */
export type Callables<Instance, Rpcs> = {
  readonly [K in keyof Rpcs & keyof Instance]: Callable<Instance[K]>;
};

/** RPCs by name: each is one for the method of that name. */
export type RpcDeclarations<Instance, Rpcs> = {
  readonly [K in keyof Rpcs]: K extends keyof Instance
    ? Rpcs[K] extends Rpc<infer Method>
      ? Instance[K] extends Method
        ? Rpcs[K]
        : never
      : never
    : never;
};

/** Members by name: a codec, or a codec and options, or a collection or reference. */
export type Declarations<Values> = {
  readonly [K in keyof Values]:
    | Codec<Values[K]>
    | readonly [codec: Codec<Values[K]>, options: SyncOptions<Values[K]>]
    | Held<Values[K]>;
};

/**
 * Declares the networked members of a class, which extends `NetworkBehaviour`, and which of its methods are RPCs.
 * Members start as their codecs' defaults, or as what the constructor assigns. It gives the same members, numbers and
 * bytes as the decorators.
 *
 * @returns the same class
 * @throws TypeError, RangeError that name the class and the member
 */
export function networked<C extends BehaviourClass, Values extends object, Rpcs extends object = Record<never, never>>(
  target: C,
  members: Declarations<Values>,
  rpcs: Rpcs & RpcDeclarations<InstanceType<C>, Rpcs> = {} as Rpcs & RpcDeclarations<InstanceType<C>, Rpcs>,
): Networked<C, Values, Rpcs> {
  declareMembers(
    target,
    members as unknown as Record<string, MemberDeclaration>,
    rpcs as Record<string, Rpc<AnyMethod>>,
  );
  behaviourDefinition(target);
  return target as unknown as Networked<C, Values, Rpcs>;
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

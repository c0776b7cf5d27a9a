import { checkFunction, invalidType } from "../../arguments.js";
import type { INetworkPlayer } from "../../message/index.js";
import { NetworkError } from "../../network-error.js";
import { checkOptions, type OptionRules, oneOf } from "../../options.js";
import type { BehaviourLink } from "./behaviour-link.js";
import { type BehaviourDefinition, definitionOf } from "./definition.js";
import type { Member } from "./member.js";
import type { ClientTime, MemberListener, MemberValues } from "./member-values.js";
import type { NetworkIdentity } from "./network-identity.js";
import type { AnyMethod, Callable, RpcDefinition } from "./rpc.js";
import { createView, type ShownSource } from "./shown.js";

/** Of those of which no RPC was called. They stay empty. */
const NO_CALLS: Callable<AnyMethod>[] = [];

// No private fields: TypeScript writes no declaration of an exported class without a name that extends one with such.
const VALUES = Symbol("values");
const STATE = Symbol("state");

/** What the library keeps of a behaviour besides its values. */
class BehaviourState {
  /** Null until the object is in a world. */
  link: BehaviourLink | null = null;
  /** Null where everything is shown as it is. */
  shownSource: ShownSource | null = null;
  shown: NetworkBehaviour | null = null;
  /** What sends the calls of each RPC, once it is asked for. */
  calls: Callable<AnyMethod>[] = NO_CALLS;
}

/** When a listener of a member is called. */
export interface ListenOptions {
  /**
   * On a client: when the change has arrived, or when the time to which it belongs is shown. With `shown` both values
   * are copies. On a server it makes no difference. @defaultValue `arrived`
   */
  at?: ClientTime;
}

const LISTEN_OPTIONS: OptionRules<ListenOptions> = { at: oneOf("arrived", "shown") };

/** A class of behaviours. */
export type BehaviourClass = abstract new (...parameters: never[]) => NetworkBehaviour;

/**
 * A part of a networked object: extend it, and declare its members with decorators or `networked`.
 *
 * @throws TypeError, RangeError of its constructor for members that contradict each other
 */
export abstract class NetworkBehaviour {
  /** @internal */
  declare readonly [VALUES]: MemberValues;
  /** @internal */
  declare readonly [STATE]: BehaviourState;

  constructor() {
    const definition = behaviourDefinition(new.target);
    Object.defineProperty(this, VALUES, { value: new definition.Values(definition) });
    Object.defineProperty(this, STATE, { value: new BehaviourState() });
  }

  /** The object that it is a part of. @throws NetworkError `ERR_STATE` while that is in no world */
  get identity(): NetworkIdentity {
    const { link } = this[STATE];
    if (link) return link.identity;
    throw new NetworkError("ERR_STATE", "The object is in no world: spawn it first");
  }

  /**
   * What is to be drawn: on a client its `interpolate` members have values between those that arrived, at the time that
   * `ClientObjectManager.update` has set; all else is as in the behaviour itself. It has the class's getters and
   * methods, which see these values, but no plain fields, and its members cannot be set.
   */
  get shown(): this {
    const state = this[STATE];
    state.shown ??= createView(
      {
        behaviour: this,
        get source() {
          return state.shownSource;
        },
      },
      NetworkBehaviour.prototype,
      this[VALUES].definition,
    ) as this;
    return state.shown as this;
  }

  /** On the server, before the object is in the world. Its values may be set here. */
  startServer?(): void;
  /** On a client, when the object has its values and is in the world. */
  startClient?(): void;
  /** On the client that owns the object, after `startClient`. */
  startOwner?(): void;
  /** On a client, before the object leaves the world. */
  stopClient?(): void;
  /** On the server, when the object has left the world. */
  stopServer?(): void;
  /** The object has another owner. On a client `owner` is its own player, or null for anybody else. */
  ownerChanged?(owner: INetworkPlayer | null): void;
  /** On the server in each tick, `dt` seconds after the last one. */
  tick?(dt: number): void;

  /**
   * Listens to a member. The listener is called after all changes that arrived together were applied, with the value
   * before them, and not if that is the same; `before` of a vector, quaternion or struct is a copy.
   *
   * @returns a function that ends it
   * @throws TypeError for what is no networked member, wrong options, and for a collection or a reference at the time
   *   that is shown
   */
  on<This extends NetworkBehaviour, K extends keyof This & string>(
    this: This,
    member: K,
    listener: (now: This[K], before: This[K]) => void,
    options: ListenOptions = {},
  ): () => void {
    checkFunction("listener", listener);
    checkOptions("on", options, LISTEN_OPTIONS);
    const found = this[VALUES].definition.memberOf(member);
    if (options.at !== "shown") return this[VALUES].listen(found, listener as MemberListener);
    if (found.kind !== "variable") throw invalidType(`${member} is no variable: it is not known as it is shown`);
    return this[VALUES].listenShown(found, listener as MemberListener);
  }

  /**
   * Says that an object in a `mutable` member has changed in place.
   *
   * @throws TypeError for another member, or if the object cannot be written any more
   */
  markChanged<This extends NetworkBehaviour>(this: This, member: keyof This & string): void {
    const found = this[VALUES].definition.memberOf(member);
    if (!found.options.mutable) throw invalidType(`${member} is not mutable: assign a new value, which is noticed`);
    this[VALUES].mark(found);
  }

  /**
   * On the server: asks the function in a member's `to` again, for all players who see the object. Whoever gets the
   * member from now on has its value in this tick; at whoever does not, it is as at the object's start.
   *
   * @throws TypeError for a member without such a function; NetworkError `ERR_WRONG_SIDE` on a client, `ERR_STATE`
   *   while the object is in no world
   */
  rescope<This extends NetworkBehaviour>(this: This, member: keyof This & string): void {
    const found = this[VALUES].definition.memberOf(member);
    if (typeof found.options.to !== "function") throw invalidType(`${member} has no function in its option to`);
    const { link } = this[STATE];
    if (!link) throw new NetworkError("ERR_STATE", "The object is in no world: spawn it first");
    link.rescope(this, found);
  }

  /** @internal */
  static valuesOf(behaviour: NetworkBehaviour): MemberValues {
    return behaviour[VALUES];
  }

  /** @internal */
  static linkOf(behaviour: NetworkBehaviour): BehaviourLink | null {
    return behaviour[STATE].link;
  }

  /** @internal */
  static setLink(behaviour: NetworkBehaviour, link: BehaviourLink | null): void {
    behaviour[STATE].link = link;
  }

  /** @internal Where what is shown comes from; null for the members as they are. */
  static setShownSource(behaviour: NetworkBehaviour, source: ShownSource | null): void {
    behaviour[STATE].shownSource = source;
  }

  /** @internal What a behaviour has under the name of an RPC that is declared in a class with this definition. */
  static callOf(behaviour: NetworkBehaviour, definition: BehaviourDefinition, rpc: RpcDefinition) {
    // An object of a class that extends this one has a property of its own class: this is `super.buy`.
    if (behaviour[VALUES].definition !== definition) return rpc.method.bind(behaviour);
    const state = behaviour[STATE];
    if (state.calls === NO_CALLS) state.calls = [];
    state.calls[rpc.index] ??= rpc.callable((args, options) => {
      const { link } = state;
      const { className } = definition;
      if (!link) {
        throw new NetworkError("ERR_STATE", `${className}.${rpc.name}: the object is in no world: spawn it first`);
      }
      if (args.length !== rpc.argumentCount) {
        throw invalidType(`${className}.${rpc.name} takes ${rpc.argumentCount} arguments, not ${args.length}`);
      }
      return link.callRpc(behaviour, rpc, args, options);
    });
    return state.calls[rpc.index];
  }
}

/** The method behind each property that sends calls. */
const methods = new WeakMap<() => unknown, RpcDefinition["method"]>();

function methodOf(prototype: object | null, name: string): unknown {
  if (prototype === null) return undefined;
  const { value, get } = Object.getOwnPropertyDescriptor(prototype, name) ?? {};
  if (value !== undefined) return value;
  return get ? methods.get(get) : methodOf(Object.getPrototypeOf(prototype), name);
}

function installRpcs(prototype: object, definition: BehaviourDefinition): void {
  for (const rpc of definition.rpcs) {
    const get = function (this: NetworkBehaviour) {
      return NetworkBehaviour.callOf(this, definition, rpc);
    };
    methods.set(get, rpc.method);
    Object.defineProperty(prototype, rpc.name, { get, configurable: true });
  }
}

/** The definition of a class. @throws TypeError, RangeError that name the class and the member */
export function behaviourDefinition(target: BehaviourClass): BehaviourDefinition {
  const findMethod = (name: string) => methodOf(target.prototype, name);
  return definitionOf(target, NetworkBehaviour, findMethod, (definition) => {
    installRpcs(target.prototype, definition);
    const valuesOf = NetworkBehaviour.valuesOf as (behaviour: object) => MemberValues;
    for (const [index, property] of definition.Values.propertiesOf(valuesOf, definition).entries()) {
      const { name } = definition.members[index] as Member;
      Object.defineProperty(target.prototype, name, { ...property, configurable: true, enumerable: true });
    }
  });
}

/**
 * The values of a behaviour.
 *
 * @throws TypeError if a class field hides a member: `health = 100` in a class makes a property of its own
 */
export function memberValues(behaviour: NetworkBehaviour): MemberValues {
  const values = NetworkBehaviour.valuesOf(behaviour);
  const { className, members } = values.definition;
  const hidden = members.find(({ name }) => Object.hasOwn(behaviour, name))?.name;
  if (hidden === undefined) return values;
  throw invalidType(
    `${className}.${hidden}: a class field hides the networked member. Set it in the constructor: this.${hidden} = …`,
  );
}

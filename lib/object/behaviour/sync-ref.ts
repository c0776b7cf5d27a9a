import { checkFunction, invalidType, rangeError, typeError } from "../../arguments.js";
import type { INetworkPlayer } from "../../message/index.js";
import { NetworkError } from "../../network-error.js";
import { defineCodec, type NetworkReader, type NetworkWriter } from "../../serialization/index.js";
import type { HeldClass, HeldOwner } from "../synced/held-value.js";
import { declareHeld, type Held } from "./collections.js";
import type { MemberValues } from "./member-values.js";
import { type BehaviourClass, NetworkBehaviour } from "./network-behaviour.js";
import type { References, WatchingReference } from "./references.js";
import type { Audience } from "./sync-options.js";

/** How a reference travels: always ordered. */
export interface RefOptions<T> {
  /** Who may set it. @defaultValue `server` */
  from?: "server" | "owner" | "both";
  /** Which of the players that see the object get it. `observers` includes the owner. @defaultValue `observers` */
  to?: Audience;
  /** Whether the server takes what the owner sets. It needs `from` `owner` or `both`. @defaultValue all is taken */
  validate?(target: T | null, player: INetworkPlayer): boolean;
  /** Whether the other side may lack it (an older or newer program): it plays on without. @defaultValue false */
  optional?: boolean;
}

interface RefSpec {
  readonly place: string;
  readonly bit: number;
  readonly target: () => BehaviourClass;
}

const INDEX_BITS = 4;

/** The bits of a reference: whether there is one, the object's number, the behaviour's place in it. */
function writeTarget(writer: NetworkWriter, netId: number, index: number): void {
  writer.writeBits(netId === 0 ? 0 : 1, 1);
  if (netId === 0) return;
  writer.writeUint32(netId);
  writer.writeBits(index, INDEX_BITS);
}

const arrived = { netId: 0, index: 0 };

function readTarget(reader: NetworkReader): typeof arrived {
  const isSet = reader.readBits(1) === 1;
  arrived.netId = isSet ? reader.readUint32() : 0;
  arrived.index = isSet ? reader.readBits(INDEX_BITS) : 0;
  return arrived;
}

/** What the bits of a reference are called. Its values travel by {@link SyncRef}, not by this. */
const refCodec = defineCodec<number>({
  layout: "ref",
  minBits: 1,
  maxBits: 1 + 32 + INDEX_BITS,
  write: (writer, netId) => writeTarget(writer, netId, 0),
  read: (reader) => readTarget(reader).netId,
  default: () => 0,
});

/**
 * A reference to a behaviour of an object in the world, declared by `syncRef`. Where the object is not seen, `value` is
 * null until it is.
 */
export class SyncRef<T extends NetworkBehaviour> {
  readonly #spec: RefSpec;
  /** Null: a copy that nobody can change. */
  readonly #owner: MemberValues | null;
  #target: T | null = null;
  #sent: T | null = null;
  /** What it refers to, also while that is not there: 0 for nothing, or for what is in no world. */
  #netId = 0;
  #index = 0;

  /** @internal */
  constructor(spec: RefSpec, owner: MemberValues | null) {
    this.#spec = spec;
    this.#owner = owner;
  }

  /** The behaviour that it refers to; null for none, and while that object is not in the world of this side. */
  get value(): T | null {
    return this.#target;
  }

  /**
   * @throws TypeError for what is no behaviour of the class; NetworkError `ERR_WRONG_SIDE`; `ERR_STATE` for a behaviour
   *   whose object is not in the world
   */
  set value(target: T | null) {
    const { place, bit, target: classOf } = this.#spec;
    const owner = this.#owner;
    if (!owner) throw new NetworkError("ERR_STATE", `${place}: this is a copy of what was before the change`);
    if ((owner.locked & bit) !== 0) {
      throw new NetworkError("ERR_WRONG_SIDE", `${place} is set on the other side: see the member's option from`);
    }
    if (target !== null && !(target instanceof classOf())) throw typeError(place, `a ${classOf().name} or null`);
    // An object that is being made may refer to itself, and to others that are made with it.
    if (target !== null && owner.references && !NetworkBehaviour.linkOf(target)) {
      throw new NetworkError("ERR_STATE", `${place}: the object is in no world: spawn it first`);
    }
    if (target !== null && owner.references && NetworkBehaviour.linkOf(target)?.netId === 0) {
      throw new NetworkError(
        "ERR_STATE",
        `${place}: the server has not spawned the object yet: wait until it is adopted`,
      );
    }
    if (target === this.#target) return;
    owner.changing(bit);
    this.#setTarget(target);
  }

  /**
   * Calls `listener` when the object is there: after a change, and after it was out of sight.
   *
   * @returns a function that ends it
   * @throws TypeError, RangeError for a wrong argument
   */
  on(event: "resolved", listener: (value: T) => void): () => void {
    checkFunction("listener", listener);
    if (event !== "resolved") throw rangeError("event", '"resolved"');
    const { bit, place } = this.#spec;
    if (!this.#owner) throw new NetworkError("ERR_STATE", `${place}: this is a copy`);
    return this.#owner.listenTo(bit, (now) => {
      const { value } = now as SyncRef<T>;
      if (value) listener(value);
    });
  }

  /** The `netId` of the object it refers to, also of one that is not there; null for none. */
  toJSON(): { netId: number } | null {
    return this.#netId === 0 ? null : { netId: this.#netId };
  }

  #setTarget(target: T | null): void {
    this.#target = target;
    const link = target && NetworkBehaviour.linkOf(target);
    this.#refer(link?.netId ?? 0, link ? link.indexOf(target) : 0);
  }

  #refer(netId: number, index: number): void {
    this.#index = index;
    if (netId === this.#netId) return;
    const references = this.#owner?.references;
    if (this.#netId !== 0) references?.unwatch(this.#netId, this);
    this.#netId = netId;
    if (netId !== 0) references?.watch(netId, this);
  }

  #find(references: References | null | undefined, netId: number, index: number): T | null {
    const found = netId === 0 ? null : references?.find(netId, index);
    return found instanceof this.#spec.target() ? (found as T) : null;
  }

  /** @internal */
  targetAppeared(): void {
    const found = this.#find(this.#owner?.references, this.#netId, this.#index);
    if (found === this.#target) return;
    this.#owner?.reading(this.#spec.bit);
    this.#target = this.#sent = found;
  }

  /** @internal */
  targetGone(): void {
    const owner = this.#owner as MemberValues;
    if (owner.references?.isServer) {
      owner.changing(this.#spec.bit);
      this.#setTarget(null);
    } else {
      owner.reading(this.#spec.bit);
      this.#target = this.#sent = null;
    }
  }

  /** @internal The number of the object that a reference refers to; 0 for none. */
  static netIdOf(self: SyncRef<NetworkBehaviour>): number {
    // What was set before its object was in the world has its number by now.
    if (self.#target && self.#netId === 0) self.#setTarget(self.#target);
    return self.#netId;
  }

  /** @internal The values and the member that it is. */
  static memberOf(self: WatchingReference): { values: MemberValues; bit: number } {
    const reference = self as SyncRef<NetworkBehaviour>;
    return { values: reference.#owner as MemberValues, bit: reference.#spec.bit };
  }

  /** @internal Its object leaves the world. */
  static release(self: SyncRef<NetworkBehaviour>): void {
    self.#target = self.#sent = null;
    self.#refer(0, 0);
  }

  /** @internal See {@link HeldClass} for these. */
  static settle(self: SyncRef<NetworkBehaviour>): boolean {
    if (self.#target === self.#sent) return false;
    self.#sent = self.#target;
    return true;
  }

  /** @internal */
  static write(self: SyncRef<NetworkBehaviour>, writer: NetworkWriter, isHidden = false): void {
    const netId = SyncRef.netIdOf(self);
    writeTarget(writer, isHidden ? 0 : netId, self.#index);
  }

  /** @internal */
  static read(self: SyncRef<NetworkBehaviour>, reader: NetworkReader): void {
    const { netId, index } = readTarget(reader);
    self.#refer(netId, index);
    self.#target = self.#sent = self.#find(self.#owner?.references, netId, index);
  }

  /** @internal */
  static take(self: SyncRef<NetworkBehaviour>, reader: NetworkReader, accepts: (value: unknown) => boolean): boolean {
    const { netId, index } = readTarget(reader);
    const target = self.#find(self.#owner?.references, netId, index);
    if ((netId !== 0 && target === null) || !accepts(target)) return false;
    if (target !== self.#target) {
      self.#owner?.changing(self.#spec.bit);
      self.#setTarget(target);
    }
    return true;
  }

  /** @internal */
  static copy(self: SyncRef<NetworkBehaviour>, into = new SyncRef<NetworkBehaviour>(self.#spec, null)) {
    into.#target = self.#target;
    into.#netId = self.#netId;
    return into;
  }

  /** @internal */
  static equals(one: SyncRef<NetworkBehaviour>, other: SyncRef<NetworkBehaviour>): boolean {
    return one.#target === other.#target;
  }
}

/**
 * Declares a reference to a behaviour of another object, or of the same: as the decorator
 * `@syncRef(() => Ship) accessor target!: SyncRef<Ship>`, or by name for `networked`.
 *
 * @param target gives the class of the behaviour: a function, since the class may be declared later
 * @throws TypeError for what is no function
 */
export function syncRef<C extends BehaviourClass>(
  target: () => C,
  options: RefOptions<InstanceType<C>> = {},
): Held<SyncRef<InstanceType<C>>> {
  return declareHeld<SyncRef<InstanceType<C>>>("syncRef", {
    kind: "reference",
    options: options as never,
    define(place, bit) {
      checkFunction("the class of a reference: syncRef(() => Ship)", target);
      if ((target as unknown) === NetworkBehaviour || target.prototype instanceof NetworkBehaviour) {
        throw invalidType("give a function that returns the class: syncRef(() => Ship)");
      }
      const spec = { place, bit, target };
      const held = class extends SyncRef<NetworkBehaviour> {
        constructor(owner: HeldOwner) {
          super(spec, owner as MemberValues);
        }
        static assign(
          reference: SyncRef<NetworkBehaviour>,
          value: SyncRef<NetworkBehaviour> | NetworkBehaviour | null,
        ) {
          reference.value = value instanceof SyncRef ? value.value : value;
        }
      };
      return { codec: refCodec, held: held as unknown as HeldClass };
    },
  });
}

/** {@link syncRef}, for `networked`. */
export const ref = syncRef;

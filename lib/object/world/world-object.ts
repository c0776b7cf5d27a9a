import type { MemberValues } from "../behaviour/member-values.js";
import { NetworkBehaviour } from "../behaviour/network-behaviour.js";
import type { Instance } from "../behaviour/prefab.js";
import type { CallOptions, RpcDefinition } from "../behaviour/rpc.js";
import type { ObjectLayout } from "../wire/object-layout.js";

/** What an object of either side needs of its manager. */
export interface WorldObjectOwner<Self> {
  /** Something of the object has changed for the first time since it was sent. */
  changed(object: Self): void;
  /** A listener has to be called. */
  noted(values: MemberValues): void;
  call(object: Self, behaviour: object, rpc: RpcDefinition, args: readonly unknown[], options?: CallOptions): unknown;
}

/** What the objects of a server's world and of a client's have in common. */
export abstract class WorldObject<Self, Owner extends WorldObjectOwner<Self>> {
  netId: number;
  readonly behaviours: Readonly<Record<string, NetworkBehaviour>>;
  readonly parts: readonly NetworkBehaviour[];
  readonly values: readonly MemberValues[];
  // What each change uses lies side by side in memory, up to the first fields of `ServerObject`.
  protected readonly manager: Owner;
  readonly layout: ObjectLayout;
  /** The first of the values, at hand: most objects have no other. */
  readonly first: MemberValues;
  isSpawned = false;
  /** It is among those that its manager knows to have changed. */
  isListed = false;

  constructor(manager: Owner, layout: ObjectLayout, netId: number, { behaviours, values }: Instance) {
    this.manager = manager;
    this.layout = layout;
    this.netId = netId;
    this.behaviours = behaviours;
    this.parts = layout.prefab.parts.flatMap((part) => behaviours[part] ?? []);
    this.values = values;
    this.first = values[0] as MemberValues;
  }

  get prefab(): string {
    return this.layout.prefab.name;
  }

  indexOf(behaviour: object): number {
    return this.parts.indexOf(behaviour as NetworkBehaviour);
  }

  noted(values: MemberValues): void {
    this.manager.noted(values);
  }

  /** Calls a hook of each behaviour. What one throws is reported, and stops no other. */
  callEach(call: (part: NetworkBehaviour) => void, report: (error: unknown) => void): void {
    for (const part of this.parts) {
      try {
        call(part);
      } catch (error) {
        report(error);
      }
    }
  }

  /** It is in no world any more, and refers to nothing. */
  release(): void {
    this.isSpawned = false;
    for (const part of this.parts) NetworkBehaviour.setLink(part, null);
    for (const value of this.values) value.leave();
  }
}

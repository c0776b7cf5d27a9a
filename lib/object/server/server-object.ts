import type { INetworkPlayer } from "../../message/index.js";
import { NetworkError } from "../../network-error.js";
import type { BehaviourLink } from "../behaviour/behaviour-link.js";
import type { MemberValues, ValuesOwner } from "../behaviour/member-values.js";
import { NetworkBehaviour } from "../behaviour/network-behaviour.js";
import type { NetworkIdentity } from "../behaviour/network-identity.js";
import type { CallOptions, RpcDefinition } from "../behaviour/rpc.js";
import type { ObjectLayout } from "../wire/object-layout.js";

/** What an object needs of its manager. */
export interface ObjectOwner {
  /** Something of the object has changed for the first time since it was sent. */
  changed(object: ServerObject): void;
  /** A listener has to be called. */
  noted(values: MemberValues): void;
  observersOf(object: ServerObject): ReadonlySet<INetworkPlayer>;
  setOwner(object: ServerObject, player: INetworkPlayer | null): void;
  show(object: ServerObject, player: INetworkPlayer): void;
  hide(object: ServerObject, player: INetworkPlayer): void;
  destroy(object: ServerObject): void;
  call(
    object: ServerObject,
    behaviour: object,
    rpc: RpcDefinition,
    args: readonly unknown[],
    options?: CallOptions,
  ): unknown;
}

/** One object of a server's world. */
export class ServerObject implements NetworkIdentity, ValuesOwner, BehaviourLink {
  readonly netId: number;
  /** Its number on the wire and in tables. */
  readonly item: number;
  readonly layout: ObjectLayout;
  readonly behaviours: Readonly<Record<string, NetworkBehaviour>>;
  readonly parts: readonly NetworkBehaviour[];
  readonly values: readonly MemberValues[];
  owner: INetworkPlayer | null = null;
  /** When somebody else owned it last, in the server's time. */
  ownedUntilMs = Number.NEGATIVE_INFINITY;
  isSpawned = false;
  isListed = false;
  /** Of each behaviour the members that have changed and are not sent yet: those that are not due. */
  readonly held: number[];
  /** Of each behaviour the members that its owner has set since the last state phase. */
  readonly setByOwner: number[];
  readonly #manager: ObjectOwner;

  constructor(manager: ObjectOwner, layout: ObjectLayout, item: number, netId: number) {
    this.#manager = manager;
    this.layout = layout;
    this.item = item;
    this.netId = netId;
    const { behaviours, values } = layout.prefab.create();
    this.behaviours = behaviours;
    this.parts = layout.prefab.parts.map((part) => behaviours[part] as NetworkBehaviour);
    this.values = values;
    this.held = values.map(() => 0);
    this.setByOwner = values.map(() => 0);
    for (const part of this.parts) NetworkBehaviour.setLink(part, this);
    for (const value of values) value.owner = this;
  }

  get identity(): NetworkIdentity {
    return this;
  }

  get prefab(): string {
    return this.layout.prefab.name;
  }

  get isOwner(): boolean {
    return false;
  }

  get observers(): ReadonlySet<INetworkPlayer> {
    return this.#manager.observersOf(this);
  }

  setOwner(player: INetworkPlayer | null): void {
    this.#assertSpawned();
    this.#manager.setOwner(this, player);
  }

  show(player: INetworkPlayer): void {
    this.#assertSpawned();
    this.#manager.show(this, player);
  }

  hide(player: INetworkPlayer): void {
    this.#assertSpawned();
    this.#manager.hide(this, player);
  }

  destroy(): void {
    if (this.isSpawned) this.#manager.destroy(this);
  }

  indexOf(behaviour: object): number {
    return this.parts.indexOf(behaviour as NetworkBehaviour);
  }

  changed(): void {
    if (this.isListed || !this.isSpawned) return;
    this.isListed = true;
    this.#manager.changed(this);
  }

  noted(values: MemberValues): void {
    this.#manager.noted(values);
  }

  callRpc(behaviour: object, rpc: RpcDefinition, args: readonly unknown[], options?: CallOptions): unknown {
    return this.#manager.call(this, behaviour, rpc, args, options);
  }

  /** It is in no world any more. */
  release(): void {
    this.isSpawned = false;
    for (const part of this.parts) NetworkBehaviour.setLink(part, null);
    for (const value of this.values) value.owner = null;
  }

  #assertSpawned(): void {
    if (!this.isSpawned) throw new NetworkError("ERR_STATE", `The object ${this.prefab} is in no world any more`);
  }
}

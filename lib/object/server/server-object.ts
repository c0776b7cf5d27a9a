import type { INetworkPlayer } from "../../message/index.js";
import { NetworkError } from "../../network-error.js";
import type { BehaviourLink } from "../behaviour/behaviour-link.js";
import { runAs } from "../behaviour/callback-side.js";
import type { Member } from "../behaviour/member.js";
import type { ValuesOwner } from "../behaviour/member-values.js";
import { NetworkBehaviour } from "../behaviour/network-behaviour.js";
import type { NetworkIdentity } from "../behaviour/network-identity.js";
import type { Instance } from "../behaviour/prefab.js";
import type { CallOptions, RpcDefinition } from "../behaviour/rpc.js";
import type { ObjectLayout } from "../wire/object-layout.js";
import type { SpawnTag } from "../wire/object-messages.js";
import type { SharedObject, SharedWorld } from "../world/shared-world.js";
import { WorldObject, type WorldObjectOwner } from "../world/world-object.js";
import type { ObjectView } from "./object-view.js";
import type { PlayerControl } from "./player-control.js";
import type { ViewerSets, Viewers } from "./viewers.js";

/** What an object needs of its manager. */
export interface ObjectOwner extends WorldObjectOwner<ServerObject> {
  readonly viewerSets: ViewerSets;
  setOwner(object: ServerObject, player: INetworkPlayer | null): void;
  show(object: ServerObject, player: INetworkPlayer): void;
  hide(object: ServerObject, player: INetworkPlayer): void;
  teleport(object: ServerObject): void;
  rescope(object: ServerObject, behaviour: object, member: Member): void;
  destroy(object: ServerObject): void;
  readonly share: Pick<SharedWorld, "client">;
}

/** The step of a player that has spawned an object. */
export interface StepSpawn extends SpawnTag {
  readonly player: INetworkPlayer;
}

/** A vector of two or three dimensions: the place of its behaviour, and of it among the members of that. */
export interface PositionMember {
  readonly behaviour: number;
  readonly index: number;
  readonly isSpace: boolean;
}

/** Where an object comes from. */
export interface ObjectSource {
  readonly instance: Instance;
  /** @defaultValue no step has spawned it */
  readonly step?: StepSpawn | null;
  readonly staticName?: string | null;
  /** @defaultValue a new one */
  readonly netId?: number;
}

/** What most objects have, and which stays empty. */
const NONE: number[] = [];
const NOBODY: ObjectView[] = [];

/** One object of a server's world. */
export class ServerObject
  extends WorldObject<ServerObject, ObjectOwner>
  implements NetworkIdentity, ValuesOwner, BehaviourLink, SharedObject
{
  /** Its number on the wire and in tables. */
  readonly item: number;
  viewers: Viewers;
  /** How many views are special. */
  specialCount = 0;
  /** In which tick it has appeared where it was then; null if that is long ago. */
  teleportTick: number | null = null;
  /** The member that is its position, if that is a vector. */
  positionMember: PositionMember | null = null;

  /** Those of the views that do not get what is written for all. */
  special: ObjectView[] = NOBODY;
  owner: INetworkPlayer | null = null;
  /** When somebody else owned it last, in the server's time. */
  ownedUntilMs = Number.NEGATIVE_INFINITY;
  /** Of each behaviour the members that have changed and are not sent yet. Empty where the owner sets none. */
  readonly held: number[];
  /** Of each behaviour the members that its owner has set and that are not sent yet. Empty where it sets none. */
  readonly setByOwner: number[];
  isHostOwner = false;
  /** Of each player that sees it what that knows. */
  readonly views: ObjectView[] = [];
  #observers: ReadonlySet<INetworkPlayer> | null = null;

  /** The name under which clients have it as well; null: they make it. */
  readonly staticName: string | null;
  readonly step: StepSpawn | null;
  /** What its owner controls of it: those members reach the owner with what became of its inputs. */
  control: PlayerControl | null = null;

  constructor(
    manager: ObjectOwner,
    layout: ObjectLayout,
    item: number,
    netId: number,
    { instance, staticName = null, step = null }: ObjectSource,
  ) {
    super(manager, layout, netId, instance);
    this.viewers = manager.viewerSets.nobody;
    this.staticName = staticName;
    this.step = step;
    this.item = item;
    this.held = layout.isFromOwner ? this.values.map(() => 0) : NONE;
    this.setByOwner = layout.isFromOwner ? this.values.map(() => 0) : NONE;
    for (const part of this.parts) NetworkBehaviour.setLink(part, this);
    for (const value of this.values) value.owner = this;
  }

  /** Whether members have changed that were not due. */
  get hasMore(): boolean {
    return this.held.some((held) => held !== 0) || this.values.some((values) => values.isChanged);
  }

  /** All that is due is sent. Of what is not due yet it is still known whether its owner has set it. */
  forgetSetByOwner(): void {
    const { held, setByOwner } = this;
    for (let index = 0; index < held.length; index++) (setByOwner[index] as number) &= held[index] as number;
  }

  get identity(): NetworkIdentity {
    return this;
  }

  get isOwner(): boolean {
    return this.isHostOwner;
  }

  get isPredicted(): boolean {
    return false;
  }

  get observers(): ReadonlySet<INetworkPlayer> {
    this.#observers ??= new Set(
      this.views.filter(({ player }) => !player.isWatcher).map(({ player }) => player.player),
    );
    return this.#observers;
  }

  addView(view: ObjectView): void {
    view.place = this.views.push(view) - 1;
    this.viewers = this.manager.viewerSets.add(this.viewers, view.player);
    this.#observers = null;
  }

  removeView(view: ObjectView): void {
    const { place, player } = view;
    const last = this.views.pop() as ObjectView;
    if (last.place !== place) {
      last.place = place;
      this.views[place] = last;
    }
    if (view.specialPlace >= 0) this.removeSpecial(view);
    this.viewers = this.manager.viewerSets.remove(this.viewers, player);
    this.#observers = null;
  }

  addSpecial(view: ObjectView): void {
    if (this.special === NOBODY) this.special = [];
    view.specialPlace = this.special.push(view) - 1;
    this.specialCount++;
  }

  removeSpecial(view: ObjectView): void {
    const last = this.special.pop() as ObjectView;
    this.specialCount--;
    last.specialPlace = view.specialPlace;
    if (last !== view) this.special[view.specialPlace] = last;
    view.specialPlace = -1;
  }

  setOwner(player: INetworkPlayer | null): void {
    this.#assertSpawned();
    this.manager.setOwner(this, player);
  }

  show(player: INetworkPlayer): void {
    this.#assertSpawned();
    this.manager.show(this, player);
  }

  hide(player: INetworkPlayer): void {
    this.#assertSpawned();
    this.manager.hide(this, player);
  }

  teleport(): void {
    this.#assertSpawned();
    this.manager.teleport(this);
  }

  destroy(): void {
    if (this.isSpawned) this.manager.destroy(this);
  }

  override callEach(call: (part: NetworkBehaviour) => void, report: (error: unknown) => void): void {
    runAs("server", () => super.callEach(call, report));
  }

  changed(): void {
    if (this.isListed || !this.isSpawned) return;
    this.isListed = true;
    this.manager.changed(this);
  }

  callRpc(behaviour: object, rpc: RpcDefinition, args: readonly unknown[], options?: CallOptions): unknown {
    return this.manager.call(this, behaviour, rpc, args, options);
  }

  startControl(behaviour: object, prediction: object, sample: () => unknown): () => void {
    const { client } = this.manager.share;
    if (client?.isShared) return client.startControl(this, behaviour, prediction, sample);
    throw new NetworkError("ERR_WRONG_SIDE", "Only a client controls a behaviour");
  }

  rescope(behaviour: object, member: Member): void {
    this.#assertSpawned();
    this.manager.rescope(this, behaviour, member);
  }

  #assertSpawned(): void {
    if (!this.isSpawned) throw new NetworkError("ERR_STATE", `The object ${this.prefab} is in no world any more`);
  }
}

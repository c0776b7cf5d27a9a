import type { INetworkPlayer } from "../../message/index.js";
import { NetworkError } from "../../network-error.js";
import type { NetworkReader } from "../../serialization/index.js";
import type { BehaviourLink } from "../behaviour/behaviour-link.js";
import { readFullState } from "../behaviour/identity-state.js";
import type { MemberValues, ValuesOwner } from "../behaviour/member-values.js";
import { NetworkBehaviour } from "../behaviour/network-behaviour.js";
import type { NetworkIdentity } from "../behaviour/network-identity.js";
import type { Instance } from "../behaviour/prefab.js";
import type { CallOptions, RpcDefinition } from "../behaviour/rpc.js";
import type { BehaviourTimeline } from "../timeline/object-timeline.js";
import type { ShownTime } from "../timeline/shown-time.js";
import type { ObjectAudience } from "../wire/object-audience.js";
import type { ObjectLayout } from "../wire/object-layout.js";
import type { SharedObject } from "../world/shared-world.js";
import { WorldObject, type WorldObjectOwner } from "../world/world-object.js";

/** What an object needs of its manager. */
export interface ClientObjectOwner extends WorldObjectOwner<ClientObject> {
  readonly player: INetworkPlayer | null;
  /** Null where no member is interpolated. */
  readonly shown: ShownTime | null;
  report(error: unknown): void;
  /** Calls `run`, which does not throw, when what was applied last is shown. */
  whenShown(object: ClientObject, run: () => void): void;
  /** The client owns the object no more. */
  lost(object: ClientObject): void;
  startControl(object: ClientObject, behaviour: object, prediction: object, sample: () => unknown): () => void;
}

const NOBODY: ReadonlySet<INetworkPlayer> = new Set();

/** Where an object comes from: a host's server, or else the behaviours that were made for it, once they are there. */
export interface ClientObjectSource {
  readonly shared?: SharedObject | null;
  readonly made?: Instance | null;
  readonly staticName?: string | null;
}

/** One object of a client's world. */
export class ClientObject
  extends WorldObject<ClientObject, ClientObjectOwner>
  implements NetworkIdentity, ValuesOwner, BehaviourLink
{
  item = 0;
  /** The tick of its values at the spawn: older ones come too late. */
  #spawnTick = 0;
  /** The tick of the newest packet with its latest state. */
  latestTick = 0;
  isOwner = false;
  /** By behaviour; empty where no member is interpolated. */
  readonly #timelines: readonly BehaviourTimeline[];
  /** Which of its members this client gets. */
  audience: ObjectAudience;
  /** Of each member the last message that held its latest value. */
  readonly #sentIn: number[] = [];
  /** The server's object, in a host that shares its instances: the values here are those that were received. */
  readonly shared: SharedObject | null;

  /** Whether its behaviours are not there yet: it is read, and nobody knows of it. */
  readonly isWaiting: boolean;
  readonly staticName: string | null;
  /** Whether a step of this client has spawned it, and the server has not. */
  isPredicted = false;

  constructor(
    manager: ClientObjectOwner,
    layout: ObjectLayout,
    netId: number,
    { shared = null, made = null, staticName = null }: ClientObjectSource,
  ) {
    super(manager, layout, netId, made ?? receivedOf(layout, shared?.behaviours ?? {}));
    this.shared = shared;
    this.isWaiting = !shared && !made;
    this.staticName = staticName;
    const shown = layout.interpolated.length > 0 && !this.isWaiting ? manager.shown : null;
    this.#timelines = shown ? this.values.map((values) => shown.timelineOf(values)) : [];
    this.audience = layout.audiences.others;
    for (const [index, value] of this.values.entries()) {
      value.owner = this;
      if (shared) (shared.values[index] as MemberValues).received = value;
      else if (made) NetworkBehaviour.setLink(this.parts[index] as NetworkBehaviour, this);
    }
    for (const [index, timeline] of this.#timelines.entries()) {
      NetworkBehaviour.setShownSource(this.parts[index] as NetworkBehaviour, timeline);
    }
  }

  get spawnTick(): number {
    return this.#spawnTick;
  }

  set spawnTick(tick: number) {
    this.#spawnTick = this.latestTick = tick;
  }

  /** The members `masks` have their present values from `tick` on. */
  record(tick: number, masks: readonly number[], breakTick: number): void {
    for (const [index, timeline] of this.#timelines.entries()) timeline.record(tick, masks[index] as number, breakTick);
  }

  /** What is shown of a behaviour that is not predicted; null where it is shown as it is. */
  timelineOf(index: number): BehaviourTimeline | null {
    return this.#timelines[index] ?? null;
  }

  /** It appears with all the values that it has now. */
  appear(tick: number): void {
    for (const timeline of this.#timelines) {
      timeline.clear();
      timeline.record(tick, -1, tick);
    }
  }

  /** What users get: in a host the server's object, if its instances are shared. */
  get identity(): NetworkIdentity {
    return this.shared?.identity ?? this;
  }

  get owner(): INetworkPlayer | null {
    return this.isOwner ? this.manager.player : null;
  }

  get observers(): ReadonlySet<INetworkPlayer> {
    return NOBODY;
  }

  setOwner(): never {
    return wrongSide("gives an object to another owner");
  }

  show(): never {
    return wrongSide("shows an object");
  }

  hide(): never {
    return wrongSide("hides an object");
  }

  teleport(): never {
    return wrongSide("teleports an object");
  }

  destroy(): never {
    return wrongSide("destroys an object");
  }

  rescope(): never {
    return wrongSide("says who gets a member");
  }

  changed(): void {
    if (this.isListed || !this.isOwner || this.isPredicted) return;
    this.isListed = true;
    this.manager.changed(this);
  }

  whenShown(run: () => void): void {
    this.manager.whenShown(this, () => {
      try {
        run();
      } catch (error) {
        this.manager.report(error);
      }
    });
  }

  callRpc(behaviour: object, rpc: RpcDefinition, args: readonly unknown[], options?: CallOptions): unknown {
    this.#assertAdopted();
    return this.manager.call(this, behaviour, rpc, args, options);
  }

  startControl(behaviour: object, prediction: object, sample: () => unknown): () => void {
    this.#assertAdopted();
    return this.manager.startControl(this, behaviour, prediction, sample);
  }

  #assertAdopted(): void {
    if (!this.isPredicted) return;
    throw new NetworkError("ERR_STATE", `The server has not spawned this ${this.prefab} yet: wait until it is adopted`);
  }

  /** A step has spawned it: this client owns it, and has the values that it was made with. */
  predict(): void {
    this.isPredicted = true;
    this.isSpawned = true;
    const { audiences, definitions } = this.layout;
    this.setAudience(
      audiences.of(
        true,
        definitions.map(() => 0),
      ),
    );
    this.setIsOwner(true);
  }

  /** The server has spawned it: the values that follow take the place of what was set here. */
  adopt(netId: number): void {
    this.isPredicted = false;
    this.netId = netId;
    for (const values of this.values) values.settle();
  }

  /** Reads whom it belongs to, and its values for that. @returns whether this client owns it */
  readOwner(tick: number, reader: NetworkReader): boolean {
    const isOwner = reader.readBoolean();
    this.setAudience(this.audience.layout.readAudience(reader, isOwner));
    const { visible } = this.audience;
    readFullState(reader, this.values, visible);
    this.record(tick, visible, Number.NEGATIVE_INFINITY);
    this.spawnTick = tick;
    return isOwner;
  }

  /** Reads which members this client gets by functions in `to`, and the values of the new ones. */
  readScope(tick: number, reader: NetworkReader): void {
    const { audience: before } = this;
    const { layout } = before;
    this.setAudience(layout.readAudience(reader, before.isOwner));
    const masks = layout.scopeChange(before, this.audience);
    readFullState(reader, this.values, masks);
    this.record(tick, masks, Number.NEGATIVE_INFINITY);
    // What it does not get any more is at its default at once.
    const { latest } = this.audience;
    this.record(
      tick,
      before.latest.map((mask, index) => mask & ~(latest[index] as number)),
      tick,
    );
    if (layout.hasScopedLatest) this.spawnTick = tick;
  }

  /** It belongs to this client from now on, or no more. */
  setIsOwner(isOwner: boolean): void {
    if (this.isOwner && !isOwner) this.manager.lost(this);
    this.isOwner = isOwner;
    if (this.shared) this.shared.isHostOwner = isOwner;
    for (const timeline of this.#timelines) timeline.isOwner = isOwner;
    for (const [index, values] of this.values.entries()) {
      values.locked = isOwner && !this.shared ? ~(this.layout.fromOwner[index] as number) : -1;
    }
  }

  /** Whether its instances are those of a host's server. */
  get isShared(): boolean {
    return this.shared !== null;
  }

  override release(): void {
    for (const part of this.parts) NetworkBehaviour.setShownSource(part, null);
    if (!this.shared) {
      super.release();
      return;
    }
    this.isSpawned = false;
    for (const value of this.shared.values) value.received = null;
    for (const value of this.values) value.leave();
  }

  /** This client gets the members of `audience` from now on. What it gets no more is as at the object's start. */
  setAudience(audience: ObjectAudience): void {
    const { fromOwner, fresh } = this.layout;
    const before = this.audience;
    this.audience = audience;
    if (before === audience) return;
    for (const [index, values] of this.values.entries()) {
      const kept = (audience.visible[index] as number) | (audience.isOwner ? (fromOwner[index] as number) : 0);
      const lost = (before.visible[index] as number) & ~kept;
      if (lost !== 0) values.copyFrom(fresh[index] as MemberValues, lost);
    }
  }

  /** The latest members `masks` are in the message of this number. */
  sentLatest(masks: readonly number[], number: number): void {
    for (const [index, mask] of masks.entries()) {
      for (let left = mask; left !== 0; left &= left - 1) {
        this.#sentIn[index * 32 + 31 - Math.clz32(left & -left)] = number;
      }
    }
  }

  /** Those of `masks` that no message after that of this number holds. */
  notSentSince(masks: readonly number[], number: number): number[] {
    return masks.map((mask, index) => {
      let kept = 0;
      for (let left = mask; left !== 0; left &= left - 1) {
        const bit = left & -left;
        if (this.#sentIn[index * 32 + 31 - Math.clz32(bit)] === number) kept |= bit;
      }
      return kept;
    });
  }
}

/** These behaviours, or none, with values of their own for what has been received. */
function receivedOf(layout: ObjectLayout, behaviours: SharedObject["behaviours"]): Instance {
  const values = layout.definitions.map((definition) => new definition.Values(definition));
  layout.reset(values);
  return { behaviours: behaviours as Instance["behaviours"], values };
}

function wrongSide(what: string): never {
  throw new NetworkError("ERR_WRONG_SIDE", `Only the server ${what}`);
}

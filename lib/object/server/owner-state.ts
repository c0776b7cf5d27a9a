import type { INetworkPlayer, INetworkTime } from "../../message/index.js";
import { ErrorFlags } from "../../message/index.js";
import { errorCosts } from "../../message/protocol/error-flags.js";
import { NetworkReader } from "../../serialization/index.js";
import { readMask } from "../behaviour/identity-state.js";
import type { MemberValues } from "../behaviour/member-values.js";
import { NetworkBehaviour } from "../behaviour/network-behaviour.js";
import { AUTHORITY_GRACE_MS, callCosts } from "../rpc/server-calls.js";
import { KIND_BITS, RecordKind } from "../wire/object-messages.js";
import type { ObjectPlayer } from "./object-player.js";
import type { ObjectServer } from "./object-server.js";
import type { ServerObject } from "./server-object.js";

/** Takes what clients send: state of the objects that they own, and what they have applied. */
export class OwnerState {
  readonly #world: ObjectServer;
  readonly #time: INetworkTime;
  readonly #reader = new NetworkReader();
  /** How many messages the client had applied when it wrote the one that is read. */
  #appliedBatches = 0;
  /** Reads the records of other layers. */
  readonly extensions = new Map<RecordKind, (player: ObjectPlayer, reader: NetworkReader) => void>();

  constructor(world: ObjectServer, time: INetworkTime) {
    this.#world = world;
    this.#time = time;
  }

  /** Reads a message. It throws for nothing that a client can send. */
  receive(player: INetworkPlayer, bytes: Uint8Array): void {
    const of = this.#world.players.get(player);
    if (!of) return;
    const reader = this.#reader;
    reader.reset(bytes);
    this.#appliedBatches = 0;
    try {
      for (;;) {
        const kind: RecordKind = reader.readBits(KIND_BITS);
        if (kind === RecordKind.End) return;
        const bits = reader.readPacked();
        const outer = reader.enter(bits);
        const end = reader.bitPosition + bits;
        this.#read(of, kind, reader);
        reader.seek(end);
        reader.leave(outer);
      }
    } catch {
      player.chargeError(errorCosts.deserialization, ErrorFlags.Deserialization);
    }
  }

  #read(player: ObjectPlayer, kind: RecordKind, reader: NetworkReader): void {
    if (kind === RecordKind.Applied) {
      this.#appliedBatches = reader.readPacked();
      this.#world.applied(player, this.#appliedBatches);
    } else if (kind === RecordKind.State) this.#readState(player, reader);
    else {
      const read = this.extensions.get(kind);
      if (read) read(player, reader);
      else player.player.chargeError(errorCosts.deserialization, ErrorFlags.Deserialization);
    }
  }

  /** The object of this number, if it is the player's. A player that claims what it never had is charged for it. */
  ownedBy(player: ObjectPlayer, netId: number): ServerObject | null {
    const object = this.#world.byNetId.get(netId);
    if (object && object.owner === player.player) return object;
    const isLate =
      object && player.views.has(object.item) && this.#time.nowMs - object.ownedUntilMs < AUTHORITY_GRACE_MS;
    if (!isLate && !this.#world.sawLately(player.player, netId)) {
      player.player.chargeError(callCosts.noAuthority, ErrorFlags.NoAuthority);
    }
    return null;
  }

  #readState(player: ObjectPlayer, reader: NetworkReader): void {
    const object = this.ownedBy(player, reader.readUint32());
    if (!object) return;
    const view = player.views.get(object.item);
    const layout = player.layouts.of(object.layout);
    if (!layout) {
      player.player.chargeError(callCosts.noAuthority, ErrorFlags.NoAuthority);
      return;
    }
    const { values } = object;
    const refused = values.map(() => 0);
    const masks = layout.fromOwner.map((may) => readMask(reader, may));
    for (const [index, part] of values.entries()) {
      const mask = masks[index] as number;
      if (mask !== 0) refused[index] = this.#take(player, object, part, index, mask, reader);
    }
    if (view && refused.some((mask) => mask !== 0)) this.#world.ordered.correct(view, refused);
  }

  #take(
    { player, views }: ObjectPlayer,
    object: ServerObject,
    values: MemberValues,
    index: number,
    mask: number,
    reader: NetworkReader,
  ): number {
    // What both sides change of these, the state tells the owner in any case.
    const { collectionMask, referenceMask, fromServerMask } = values.definition;
    const told = (collectionMask | referenceMask) & fromServerMask;
    const crossing = views.get(object.item)?.crossing(index, mask & ~told, this.#appliedBatches) ?? 0;
    const refused = values.take(reader, mask, ({ bit, kind, options }, value) => {
      if ((crossing & bit) !== 0) return false;
      // Nobody learns by a reference whether there is an object that it does not see.
      if (kind === "reference" && value !== null) {
        const netId = NetworkBehaviour.linkOf(value as NetworkBehaviour)?.netId ?? 0;
        if (!views.has(this.#world.byNetId.get(netId)?.item ?? -1)) return false;
      }
      try {
        return options.validate === undefined || options.validate(value, player) === true;
      } catch (error) {
        this.#world.report(error);
        return false;
      }
    });
    // Operations of collections wait for those that follow in this tick.
    (object.held[index] as number) |= values.settle(~values.definition.collectionMask);
    (object.setByOwner[index] as number) |= mask & ~refused;
    return refused & ~crossing;
  }
}

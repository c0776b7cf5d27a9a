import { type INetworkPlayer, NetworkServer } from "../../message/index.js";
import { ErrorFlags, errorCosts } from "../../message/protocol/error-flags.js";
import { NetworkReader, NetworkWriter } from "../../serialization/index.js";
import type { NetworkBehaviour } from "../behaviour/network-behaviour.js";
import { body, renumberCall } from "../rpc/call-format.js";
import { ServerCalls } from "../rpc/server-calls.js";
import { RecordKind, UnorderedMessage } from "../wire/object-messages.js";
import { bytesToSend } from "../wire/written-bytes.js";
import type { ObjectServer } from "./object-server.js";
import type { OwnerState } from "./owner-state.js";
import type { ServerObject } from "./server-object.js";

/** Has the calls of a server's objects sent and run. */
export function useCalls(
  server: NetworkServer,
  world: ObjectServer,
  ownerState: OwnerState,
): ServerCalls<ServerObject> {
  const clock = NetworkServer.clockOf(server);
  const unordered = new NetworkWriter();
  const sees = (player: INetworkPlayer, { item, owner }: ServerObject) =>
    owner === player || world.players.get(player)?.views.has(item) === true;
  /** Whether it sees it now, or will once what happened in this tick is applied: an owner may not, if it is hidden. */
  const willSee = (player: INetworkPlayer, object: ServerObject) =>
    world.players.get(player)?.views.has(object.item) === true ||
    world.players.get(player)?.entering.has(object) === true;
  const sendUnordered = (player: INetworkPlayer) => {
    unordered.reset();
    unordered.writeUint32(server.tick);
    unordered.copyFrom(body, 0, body.bitLength);
    player.send(UnorderedMessage, bytesToSend(unordered));
  };
  const rpcsOf = ({ layout }: ServerObject, player: INetworkPlayer) =>
    world.players.get(player)?.layouts.of(layout)?.rpcs ?? [];
  const calls = new ServerCalls<ServerObject>({
    clock,
    get tick() {
      return server.tick;
    },
    find(player, netId) {
      const object = world.byNetId.get(netId);
      if (object && sees(player, object)) return object;
      return world.sawLately(player, netId) ? "gone" : null;
    },
    rpcsOf,
    lostMs: (object) => clock.now() - (server.time.nowMs - object.ownedUntilMs),
    viewed(player, viewTick) {
      const of = world.players.get(player);
      if (!of) return;
      of.viewTick = viewTick;
      of.waitedTicks = 1;
    },
    observersOf(object) {
      world.updateVisibility();
      return [...world.players.keys()].filter((player) => willSee(player, object));
    },
    isSeenBy(object, player) {
      world.updateVisibility();
      return world.players.has(player) && willSee(player, object);
    },
    sendCall(object, players, { behaviour, rpc, place }) {
      if (!rpc.isUnordered) world.states.flush(object);
      let written = rpc.index;
      for (const player of players) {
        const of = world.players.get(player);
        const isWhole = of?.layouts === world.layouts.whole;
        const number = isWhole ? rpc.index : (rpcsOf(object, player)[behaviour]?.indexOf(rpc.index) ?? -1);
        if (!of || number < 0) continue;
        if (number !== written) renumberCall(place, number);
        written = number;
        if (rpc.isUnordered) {
          if (of.views.has(object.item)) sendUnordered(player);
          continue;
        }
        world.spawnNow(of, object);
        of.begin(RecordKind.Call, server.tick).copyFrom(body, 0, body.bitLength);
      }
      if (!rpc.isUnordered) server.requestTick();
    },
    sendAnswer(player) {
      world.players.get(player)?.begin(RecordKind.Answer, server.tick).copyFrom(body, 0, body.bitLength);
      server.requestTick();
    },
    report: (error) => world.report(error),
  });
  world.onCall = (object, behaviour, rpc, args, options) => {
    const host = world.share.client;
    // A host calls as its own player.
    if (rpc.runsOn === "server" && host) return host.call(object, behaviour, rpc, args, options);
    return calls.call(object, behaviour as NetworkBehaviour, rpc, args, options);
  };
  world.onHidden = (player, object) => {
    calls.hidden(player, object);
    if (!object.isSpawned) calls.objectGone(object);
  };
  ownerState.extensions.set(RecordKind.Call, ({ player }, reader) => calls.receive(player, reader));
  ownerState.extensions.set(RecordKind.Answer, ({ player }, reader) => calls.receiveAnswer(player, reader));
  return calls;
}

/** Has unordered calls of players run, once the messages of objects are in the protocol. */
export function receiveUnordered(server: NetworkServer, calls: ServerCalls<ServerObject>): void {
  const reader = new NetworkReader();
  server.messageHandler.register(UnorderedMessage, (bytes, player) => {
    reader.reset(bytes);
    try {
      calls.receive(player, reader);
    } catch {
      player.chargeError(errorCosts.deserialization, ErrorFlags.Deserialization);
    }
  });
}

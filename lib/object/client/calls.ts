import { type INetworkPlayer, NetworkClient } from "../../message/index.js";
import { NetworkReader } from "../../serialization/index.js";
import type { NetworkBehaviour } from "../behaviour/network-behaviour.js";
import { body } from "../rpc/call-format.js";
import { ClientCalls } from "../rpc/client-calls.js";
import { RecordKind, UnorderedMessage } from "../wire/object-messages.js";
import { bytesToSend } from "../wire/written-bytes.js";
import type { Called, ObjectClient } from "./object-client.js";

/** Has the calls of a client's objects sent and run. */
function useCalls(client: NetworkClient, world: ObjectClient): ClientCalls<Called> {
  let lastTick = 0;
  const calls = new ClientCalls<Called>({
    clock: NetworkClient.clockOf(client),
    get tick() {
      return lastTick;
    },
    get viewTick() {
      return world.viewTick();
    },
    get player() {
      return client.player as INetworkPlayer;
    },
    find: (item) => world.objectOf(item),
    // A host may call an object that its client does not have: the server says what becomes of it.
    rpcsOf: ({ layout }) => (world.wire.of(layout) ?? layout).rpcs,
    whenShown: (object, tick, run) => world.whenShown(object, run, tick),
    sendCall(isUnordered) {
      if (isUnordered) client.send(UnorderedMessage, bytesToSend(body));
      else world.writeCall(RecordKind.Call, body);
    },
    sendAnswer: () => world.writeCall(RecordKind.Answer, body),
    report: (error) => world.report(error),
  });
  world.onCall = (object, behaviour, rpc, args, options) =>
    calls.call(object, behaviour as NetworkBehaviour, rpc, args, options);
  world.onUnspawned = (object) => calls.objectGone(object);
  world.extensions.set(RecordKind.Call, (reader, tick) => {
    lastTick = tick;
    calls.receive(reader);
  });
  world.extensions.set(RecordKind.Answer, (reader) => calls.receiveAnswer(reader));
  return calls;
}

/** Has unordered calls of the server run, once the messages of objects are in the protocol. */
function receiveUnordered(client: NetworkClient, world: ObjectClient): void {
  const reader = new NetworkReader();
  client.messageHandler.register(UnorderedMessage, (bytes) => {
    reader.reset(bytes);
    world.read(UnorderedMessage.name, () => world.extensions.get(RecordKind.Call)?.(reader, reader.readUint32()));
  });
}

/** What sends and runs the calls of a client: each RPC brings it. */
export const clientCalls = { use: useCalls, receiveUnordered };

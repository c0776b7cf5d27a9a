import { type INetworkPlayer, NetworkClient } from "../../message/index.js";
import type { NetworkBehaviour } from "../behaviour/network-behaviour.js";
import { body } from "../rpc/call-format.js";
import { ClientCalls } from "../rpc/client-calls.js";
import { RecordKind } from "../wire/object-messages.js";
import type { ObjectClient } from "./object-client.js";

/** Has the calls of a client's objects sent and run. */
export function useCalls(client: NetworkClient, world: ObjectClient): ClientCalls {
  let lastTick = 0;
  const calls = new ClientCalls({
    clock: NetworkClient.clockOf(client),
    get tick() {
      return lastTick;
    },
    get player() {
      return client.player as INetworkPlayer;
    },
    find: (item) => world.objectOf(item),
    sendCall: () => world.writeCall(RecordKind.Call, body),
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

// Connects, and then does something drastic inside one of the addon's callbacks.
import { Address, ConnectionState, DebugType, Library, NetworkingSockets, SendType } from "../../dist/index.js";

const [driver, where, what, port] = process.argv.slice(2);
Library.initialize({ driver });
const sockets = new NetworkingSockets();
const address = new Address();
address.setIPv4("127.0.0.1", Number(port));
let isDone = false;

const acts = {
  exit: () => process.exit(5),
  throw: () => {
    throw new Error("nobody catches this");
  },
  close: () => sockets.closeConnection(connection, 7),
  destroy: () => sockets.destroy(),
  deinitialize: () => Library.deinitialize(),
  /** The next life begins in the callback of the one before. */
  restart: () => {
    Library.deinitialize();
    Library.initialize({ driver: driver === "hybrid" ? "thread" : "hybrid" });
    const again = new NetworkingSockets();
    if (again.createSocketPair() === null) throw new Error("no pair");
    Library.deinitialize();
  },
};
function act(here) {
  if (here !== where || isDone) return;
  isDone = true;
  acts[what]();
}

// Something of every kind is open, and more is on its way.
const connection = sockets.connect(address);
const bystanders = [sockets.createSocketPair(false), sockets.createSocketPair(true)];
for (const { connectionOne } of bystanders) {
  sockets.unref(connectionOne);
  for (let index = 0; index < 20; index++)
    sockets.sendMessageToConnection(connectionOne, new Uint8Array(1000), SendType.Reliable);
}
for (const { connectionTwo } of bystanders) sockets.unref(connectionTwo);

let isConnected = false;
let isReading = false;
sockets.onReadable(() => {
  isReading = true;
  if (isConnected) act("readable");
  if (isDone && what !== "close") return;
  sockets.dispatchCallbacks(({ connection: whose, connectionInfo }) => {
    if (whose !== connection || connectionInfo.state !== ConnectionState.Connected) return;
    isConnected = true;
    sockets.sendMessageToConnection(connection, Uint8Array.of(1), SendType.Reliable);
    act("status");
    if (isDone && what !== "close") return;
    // GNS says something about this on the next turn.
    sockets.setConnectionName(connection, "named");
    sockets.createListenSocket(address);
  });
});
Library.setDebugCallback(DebugType.Everything, () => {
  if (isConnected && isReading) act("debug");
});

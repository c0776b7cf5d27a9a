// Connects, and closes with something on its way that never arrives. Then it has nothing more to do.
import { Address, ConfigValue, ConnectionState, Library, NetworkingSockets, SendType } from "../../dist/index.js";

const [driver, how, port] = process.argv.slice(2);
Library.initialize({ driver });
const sockets = new NetworkingSockets();
const address = new Address();
address.setIPv4("127.0.0.1", Number(port));
const connection = sockets.connect(address);
const connected = () => {
  if (how === "graceful and unref") sockets.unref(connection);
  sockets.setConfigValue(ConfigValue.FakePacketLossSend, 100);
  sockets.sendMessageToConnection(connection, new Uint8Array(1000), SendType.Reliable);
  if (how === "seed") sockets.closeConnection(connection, 1, "", true);
  else sockets.closeConnectionGracefully(connection, 1, "", 300);
  console.log("closed");
};
sockets.onReadable(() =>
  sockets.dispatchCallbacks(({ connectionInfo, flushed }) => {
    if (connectionInfo.state === ConnectionState.Connected) connected();
    if (connectionInfo.state === ConnectionState.None) console.log(`flushed: ${flushed}`);
  }),
);

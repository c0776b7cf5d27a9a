// A chat client: node examples/chat/client.mjs <name> [address] [port]
import { createInterface } from "node:readline";
import { Address, ConnectionState, Library, NetworkingSockets, SendType } from "valve-sockets";
import { printable } from "valve-sockets/message";

const [name = "Somebody", ip = "127.0.0.1", port = "27015"] = process.argv.slice(2);
if (!Library.initialize()) throw Library.lastError;
const sockets = new NetworkingSockets();
const address = new Address();
address.setAddress(ip, Number(port));
const connection = sockets.connect(address);
if (connection === 0) throw Library.lastError;

console.log(`Connecting to ${ip}:${port} …`);

function send(text) {
  sockets.sendMessageToConnection(connection, new TextEncoder().encode(text), SendType.Reliable);
}

function statusChanged({ connectionInfo }) {
  switch (connectionInfo.state) {
    case ConnectionState.Connected: {
      send(name);
      const lines = createInterface({ input: process.stdin });
      lines.on("line", send);
      // The end of the input (Ctrl-D) ends the chat; what was said last is still delivered.
      lines.on("close", () => sockets.closeConnection(connection, 0, "left", true));
      break;
    }
    case ConnectionState.ClosedByPeer:
    case ConnectionState.ProblemDetectedLocally:
      console.log(printable(connectionInfo.endDebug));
      if (connectionInfo.state === ConnectionState.ProblemDetectedLocally) {
        console.log(`Does the server run at ${ip}:${port}, and does a firewall let UDP through?`);
      }
      sockets.closeConnection(connection);
      process.stdin.destroy();
      break;
  }
}

sockets.onReadable(() => {
  for (const message of sockets.receiveMessagesOnConnection(connection, 1000) ?? []) {
    console.log(printable(new TextDecoder().decode(message.data))); // others have written it
    message.destroy();
  }
  sockets.dispatchCallbacks(statusChanged);
});

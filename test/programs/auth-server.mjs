// A server that sends everything back. The argument is JSON: { authority?, certificate?, authenticated? }, both base64.
// Says `{ port }` over IPC, then `{ client, authenticated }` for each connection.
import {
  Address,
  authenticatedOnly,
  ConnectionState,
  Library,
  NetworkingSockets,
  SendFlags,
} from "../../dist/index.js";

const { authority, certificate, authenticated = false } = JSON.parse(process.argv[2]);
Library.initialize();
if (authority !== undefined) Library.addCertificateAuthority(authority);
const sockets = new NetworkingSockets();
if (certificate !== undefined) sockets.setCertificate(Buffer.from(certificate, "base64"));
const address = new Address();
address.setAddress("127.0.0.1", 0);
const listener = sockets.createListenSocket(address, authenticated ? authenticatedOnly : []);
sockets.onReadable(() => {
  sockets.dispatchCallbacks(({ connection, connectionInfo: { state, identity, isAuthenticated } }) => {
    if (state === ConnectionState.Connecting) sockets.acceptConnection(connection);
    if (state === ConnectionState.Connected) process.send({ client: String(identity), authenticated: isAuthenticated });
  });
  for (const message of sockets.receiveMessagesOnListenSocket(listener, 100) ?? []) {
    sockets.sendMessage(message.connection, message.data, SendFlags.ReliableNoNagle);
    message.destroy();
  }
});
process.on("disconnect", () => process.exit());
process.send({ port: sockets.getListenSocketAddress(listener).port });

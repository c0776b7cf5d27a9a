// A man in the middle who ends both encrypted connections at himself. The argument is JSON: { upstream, name?,
// authority?, certificate? }. Says `{ port }` over IPC, then `{ saw }` for each message that it can read.
import {
  Address,
  ConnectionState,
  Library,
  NetworkingIdentity,
  NetworkingSockets,
  SendFlags,
} from "../../dist/index.js";

const { upstream, name, authority, certificate } = JSON.parse(process.argv[2]);
const identity = new NetworkingIdentity();
if (name !== undefined) identity.setGenericString(name);
Library.initialize(name === undefined ? {} : { identity });
if (authority !== undefined) Library.addCertificateAuthority(authority);
const sockets = new NetworkingSockets();
if (certificate !== undefined) sockets.setCertificate(Buffer.from(certificate, "base64"));
const at = (port) => {
  const address = new Address();
  address.setAddress("127.0.0.1", port);
  return address;
};
const listener = sockets.createListenSocket(at(0));
const other = new Map();
sockets.onReadable(() => {
  sockets.dispatchCallbacks(({ connection, connectionInfo: { state, listenSocket } }) => {
    if (state !== ConnectionState.Connecting || listenSocket === 0) return;
    sockets.acceptConnection(connection);
    const toServer = sockets.connect(at(upstream));
    other.set(connection, toServer).set(toServer, connection);
  });
  for (const [from, to] of other) {
    for (const message of sockets.receiveMessagesOnConnection(from, 100) ?? []) {
      process.send({ saw: Buffer.from(message.data).toString() });
      sockets.sendMessage(to, message.data, SendFlags.ReliableNoNagle);
      message.destroy();
    }
  }
});
process.on("disconnect", () => process.exit());
process.send({ port: sockets.getListenSocketAddress(listener).port });

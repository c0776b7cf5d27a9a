// One end of the socket layer over GNS. The argument is JSON: { listen, remote?, identity?, port?, ice?, driver?,
// authority?, certificate?, authenticated?, p2p?, packets }. With `p2p`, or an `identity` and no certificate, it is
// P2P, and signals travel over IPC. A listener echoes. A connector sends that many reliable packets and, when all are
// back, ends with reason 77.
import { authenticatedOnly, Library, NetworkingIdentity, NetworkingSockets } from "../../dist/index.js";
import { GnsSocketFactory } from "../../dist/socket/gns.js";
import { Delivery, ReceivedPacket } from "../../dist/socket/index.js";

const settings = JSON.parse(process.argv[2]);
const { listen, remote, port = 0, ice, driver = "auto", authority, certificate, packets = 0 } = settings;
const identity = settings.identity && NetworkingIdentity.parse(`str:${settings.identity}`);
if (authority !== undefined) {
  Library.initialize({ driver, identity });
  Library.addCertificateAuthority(authority);
}
if (certificate !== undefined) new NetworkingSockets().setCertificate(Buffer.from(certificate, "base64"));

const signaling = {
  send: (to, data) => process.send({ signal: Buffer.from(data).toString("base64"), to: String(to) }),
  onSignal(callback) {
    const listener = ({ signal }) => signal !== undefined && callback(Buffer.from(signal, "base64"));
    process.on("message", listener);
    return () => process.off("message", listener);
  },
};
const peer = { identity: remote && NetworkingIdentity.parse(`str:${remote}`), virtualPort: 3, signaling, ice };
const isP2P = settings.p2p ?? (settings.identity !== undefined && certificate === undefined);
const factory = new GnsSocketFactory({
  host: "127.0.0.1",
  bindHost: "127.0.0.1",
  port,
  driver,
  ...(identity && { identity }),
  ...(isP2P && { peer }),
  config: settings.authenticated ? authenticatedOnly : [],
});

const socket = listen ? factory.createServerSocket() : factory.createClientSocket();
const packet = new ReceivedPacket();
let received = 0;
socket.events = {
  onReadable() {
    socket.tick();
    while (socket.poll()) {
      socket.receive(packet);
      received++;
      const data = packet.buffer.subarray(packet.offset, packet.offset + packet.length);
      if (listen) socket.send(packet.handle, data, data.length, packet.delivery, packet.lane);
    }
    socket.flush();
    if (!listen && received === packets && received > 0) end(packet.handle);
  },
  onIncoming(incoming) {
    process.send({ incoming });
    return true;
  },
  onConnect: ({ address, security, identity }) => process.send({ connected: { address, security, identity } }),
  onDisconnect: (_handle, reason) => process.send({ disconnected: reason, received }),
  onWritable() {},
};

async function end(handle) {
  received = 0;
  await handle.disconnect({ code: 77, text: "enough" });
  process.send({ done: true });
}

process.on("disconnect", () => process.exit());
process.on("message", async ({ end }) => {
  if (end === undefined) return;
  await socket.close();
  process.exit();
});

if (listen) {
  await socket.bind(factory.getBindEndPoint());
  process.send({ port: socket.boundPort });
} else {
  try {
    const handle = await socket.connect(factory.getConnectEndPoint());
    const { address, security, identity } = handle;
    process.send({ connected: { address, security, identity } });
    for (let number = 0; number < packets; number++) {
      socket.send(handle, new Uint8Array(500).fill(number), 500, Delivery.Reliable, number % 6);
    }
    socket.flush();
  } catch ({ code, reason, endReason }) {
    process.send({ failed: { code, reason, endReason } });
  }
}

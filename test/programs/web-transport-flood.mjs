// A WebTransport client that sends packets of 64 bytes of both kinds, as many as are taken, until it is killed:
// node web-transport-flood.mjs <port> <hash of the certificate>
import { Delivery, ReceivedPacket } from "../../dist/socket/index.js";
import { WebTransportSocketFactory } from "../../dist/socket/webtransport-server.js";

const [port, hash] = process.argv.slice(2);
const factory = new WebTransportSocketFactory({ certificateHashes: [hash] });
const socket = factory.createClientSocket();
const packet = new ReceivedPacket();
const payload = new Uint8Array(64);
let handle = null;
const send = () => {
  for (let count = 0; count < 200; count++) {
    socket.send(handle, payload, payload.length, Delivery.Unreliable);
    if (!socket.send(handle, payload, payload.length, Delivery.Reliable, count % 6)) break;
  }
  socket.flush();
};
socket.events = {
  onReadable() {
    for (socket.tick(); socket.poll(); socket.tick()) socket.receive(packet);
  },
  onIncoming: () => true,
  onConnect() {},
  onDisconnect() {},
  onWritable() {},
};
handle = await socket.connect(factory.getConnectEndPoint("127.0.0.1", Number(port)));
setInterval(send, 1);

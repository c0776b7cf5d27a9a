import { rival } from "./rival.mjs";

/** What ENet calls channels, of which one is used; 0 bandwidth: no limit. */
const settings = { peers: 64, channels: 1, down: 0, up: 0 };
/** ENet is polled; its package's default of 10 ms would be what is measured. */
const POLL_MS = 1;

class EnetLink {
  bufferedBytes = 0;
  #enet;
  #peer;
  #flags;

  constructor(enet, peer, onMessage, { reliable }) {
    this.#enet = enet;
    this.#peer = peer;
    this.#flags = reliable ? enet.PACKET_FLAG.RELIABLE : enet.PACKET_FLAG.UNSEQUENCED;
    peer.on("message", (packet) => {
      const data = packet.data();
      onMessage(this, data, 0, data.length);
    });
  }

  send(buffer, offset, length) {
    const packet = new this.#enet.Packet(Buffer.from(buffer.buffer, buffer.byteOffset + offset, length), this.#flags);
    this.#peer.send(0, packet);
    return true;
  }

  close() {
    this.#peer.disconnect(0);
  }
}

export function listen(onMessage, options) {
  const enet = rival("enet");
  const address = new enet.Address(options.host ?? "127.0.0.1", 0);
  return new Promise((resolve, reject) => {
    enet.createServer({ ...settings, address }, (error, host) => {
      if (error) return reject(error);
      host.on("connect", (peer) => new EnetLink(enet, peer, onMessage, options));
      host.start(POLL_MS);
      resolve({ port: host.address().port });
    });
  });
}

export function connect(onMessage, options) {
  const enet = rival("enet");
  return new Promise((resolve, reject) => {
    enet.createClient(settings, (error, host) => {
      if (error) return reject(error);
      const address = new enet.Address(options.host ?? "127.0.0.1", options.port);
      host.connect(address, 1, 0, (failure, peer) => {
        if (failure) return reject(failure);
        resolve(new EnetLink(enet, peer, onMessage, options));
      });
      host.start(POLL_MS);
    });
  });
}

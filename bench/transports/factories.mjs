import { createDevelopmentCertificate } from "valve-sockets/socket/browser";
import { GnsSocketFactory } from "valve-sockets/socket/gns";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { WebSocketFactory } from "valve-sockets/socket/websocket";
import { WebTransportSocketFactory } from "valve-sockets/socket/webtransport";

const MEBIBYTE = 2 ** 20;
const local = { host: "127.0.0.1", bindHost: "127.0.0.1" };

const factories = {
  udp: ({ host, port, implementation, spin }) =>
    new UdpSocketFactory({ ...local, ...place(host, port), implementation, spin }),
  gns: ({ host, port, rate = 100 * MEBIBYTE }) =>
    new GnsSocketFactory({ ...local, ...place(host, port), sendRate: rate, sendQueueBytes: 4 * MEBIBYTE }),
  websocket: ({ host, port }) => new WebSocketFactory({ ...local, ...place(host, port) }),
  wss: ({ host, port }) => {
    const { cert, key } = createDevelopmentCertificate();
    const tls = port ? { rejectUnauthorized: false } : { cert, key };
    return new WebSocketFactory({ ...local, ...place(host, port), secure: true, tls });
  },
  webtransport: ({ host, port, hash, coalesceMs = 0 }) => {
    const certificateHashes = hash ? { certificateHashes: [hash] } : {};
    return new WebTransportSocketFactory({ ...local, ...place(host, port), ...certificateHashes, coalesceMs });
  },
};

function place(host, port = 0) {
  return { port, ...(host && { host, bindHost: host }) };
}

/** The factory of `options.socket`: `udp`, `gns`, `websocket`, `wss` or `webtransport`. A `port` is a server's. */
export const factoryOf = (options) => factories[options.socket](options);

import { GnsSocketFactory } from "valve-sockets/socket/gns";
import { UdpSocketFactory } from "valve-sockets/socket/udp";

const local = { host: "127.0.0.1", bindHost: "127.0.0.1" };

export const factoryOf = (socket, port) =>
  socket === "gns" ? new GnsSocketFactory({ ...local, port }) : new UdpSocketFactory({ ...local, port });

/** Hundreds of members join at once. */
export const peerSettings = (encryption) => ({
  encryption,
  maxConnections: 4096,
  maxPendingConnections: 4096,
  timeoutMs: 60_000,
  handshakeTimeoutMs: 30_000,
});

import { MemoryNetwork, MemorySocketFactory } from "valve-sockets/socket";
import { GnsSocketFactory } from "valve-sockets/socket/gns";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { WebSocketFactory } from "valve-sockets/socket/websocket";

/** What can carry the game, by name. Servers take a free port unless one is told. */
export const transports = {
  // GNS never sends faster than it is told: by default 1 MiB/s, which would be most of a round trip.
  gns: (host, port) => new GnsSocketFactory({ host, port, sendRate: 100 * 2 ** 20 }),
  udp: (host, port) => new UdpSocketFactory({ host, port }),
  "udp-dgram": (host, port) => new UdpSocketFactory({ host, port, implementation: "dgram" }),
  "udp-batched": (host, port) => new UdpSocketFactory({ host, port, implementation: "batched" }),
  websocket: (host, port) => new WebSocketFactory({ host, port }),
  memory: () => new MemorySocketFactory(new MemoryNetwork()),
};

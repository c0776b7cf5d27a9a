import { MemoryNetwork, MemorySocketFactory } from "valve-sockets/socket";
import { GnsSocketFactory } from "valve-sockets/socket/gns";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { WebSocketFactory } from "valve-sockets/socket/websocket";

/** What can carry the game, by name. Servers take a free port unless one is told. */
export const transports = {
  // GNS never sends faster than it is told: by default 1 MiB/s, which would be most of a round trip.
  gns: (address, port) => new GnsSocketFactory({ address, port, sendRate: 100 * 2 ** 20 }),
  udp: (address, port) => new UdpSocketFactory({ address, port }),
  "udp-dgram": (address, port) => new UdpSocketFactory({ address, port, implementation: "dgram" }),
  "udp-batched": (address, port) => new UdpSocketFactory({ address, port, implementation: "batched" }),
  websocket: (address, port) => new WebSocketFactory({ address, port }),
  memory: () => new MemorySocketFactory(new MemoryNetwork()),
};

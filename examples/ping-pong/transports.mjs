import { MemoryNetwork, MemorySocketFactory } from "valve-sockets/socket";
import { GnsSocketFactory } from "valve-sockets/socket/gns";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { WebSocketFactory } from "valve-sockets/socket/websocket";

/** The transports by name. With port 0 a server takes a free port. */
export const transports = {
  // GNS sends at this rate at most. At its default, 1 MiB/s, a large ball would mostly wait for its turn to be sent.
  gns: (host, port) => new GnsSocketFactory({ host, port, sendRate: 100 * 2 ** 20 }),
  udp: (host, port) => new UdpSocketFactory({ host, port }),
  "udp-dgram": (host, port) => new UdpSocketFactory({ host, port, implementation: "dgram" }),
  "udp-batched": (host, port) => new UdpSocketFactory({ host, port, implementation: "batched" }),
  websocket: (host, port) => new WebSocketFactory({ host, port }),
  memory: () => new MemorySocketFactory(new MemoryNetwork()),
};

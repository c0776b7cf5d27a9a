import type { PlacesMetrics } from "../../guard/places.js";
import type { ISocket, SocketMetrics } from "../socket.js";

/** What sockets that act as one have counted together. */
export function socketMetrics(sockets: readonly ISocket[]): SocketMetrics {
  const pending = sockets.flatMap(({ pendingConnections }) => pendingConnections ?? []);
  return {
    droppedPackets: sockets.reduce((sum, { droppedPackets = 0 }) => sum + droppedPackets, 0),
    pendingConnections: pending.length === 0 ? null : pending.reduce(added),
    transport: Object.assign({}, ...sockets.map(({ transportFigures }) => transportFigures)),
  };
}

function added(one: PlacesMetrics, two: PlacesMetrics): PlacesMetrics {
  return {
    count: one.count + two.count,
    sources: one.sources + two.sources,
    largestShare: Math.max(one.largestShare, two.largestShare),
    evicted: one.evicted + two.evicted,
    refused: one.refused + two.refused,
  };
}

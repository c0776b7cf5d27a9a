import type { Security } from "../socket.js";

/**
 * What memory sockets are like: `datagram` as UDP (stateless handles, unreliable), `reliable-lanes` as GNS (connections
 * with reliable packets in lanes, and unreliable ones), `stream` as WebSocket (connections with everything in one
 * order), `host` as `stream`, between a server and a client of one program (host mode): authenticated, and never held
 * back.
 */
export type MemorySocketKind = "datagram" | "reliable-lanes" | "stream" | "host";

/** Where a memory socket is bound or connected. */
export interface MemoryEndPoint {
  /** A port of the `MemoryNetwork`, 0 to 65535; to listen, 0 takes a free one. */
  readonly port: number;
}

/** What a `MemorySocketFactory` tells its sockets. */
export interface MemorySocketOptions {
  readonly kind: MemorySocketKind;
  readonly security: Security;
  readonly isTls: boolean;
  readonly maxPacketSize: number;
  readonly receiveQueuePackets: number;
  readonly sendQueueBytes: number;
}

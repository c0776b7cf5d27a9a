/** Counters of one connection since its start. */
export interface ConnectionMetrics {
  packetsSent: number;
  bytesSent: number;
  packetsReceived: number;
  bytesReceived: number;
  /** By channel: reliable, unreliable, notify. */
  messagesSent: number[];
  messageBytesSent: number[];
  messagesReceived: number[];
  messageBytesReceived: number[];
  /** Messages that `send` refused because a queue was full. */
  messagesRefused: number;
  /** Packets with the session of this connection that did not authenticate: forged, altered, or received before. */
  strayPackets: number;
}

export function newConnectionMetrics(): ConnectionMetrics {
  return {
    packetsSent: 0,
    bytesSent: 0,
    packetsReceived: 0,
    bytesReceived: 0,
    messagesSent: [0, 0, 0],
    messageBytesSent: [0, 0, 0],
    messagesReceived: [0, 0, 0],
    messageBytesReceived: [0, 0, 0],
    messagesRefused: 0,
    strayPackets: 0,
  };
}

/** Counters of a Peer since its start, besides those of its connections. */
export interface PeerMetrics {
  /** Packets that belong to no connection and are no request for one. */
  strayPackets: number;
  challengesSent: number;
  /** Requests with a cookie that was forged or too old. */
  cookiesRefused: number;
  rejectsSent: number;
  connectionsOpened: number;
  connectionsClosed: number;
  /** Packets that the socket refused over unreliable transports. */
  packetsDropped: number;
}

export function newPeerMetrics(): PeerMetrics {
  return {
    strayPackets: 0,
    challengesSent: 0,
    cookiesRefused: 0,
    rejectsSent: 0,
    connectionsOpened: 0,
    connectionsClosed: 0,
    packetsDropped: 0,
  };
}

/** Counts of one connection since its start. */
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
  /** Refused by a full queue. */
  messagesRefused: number;
  /** Packets with its session that proved nothing: forged, altered, or there twice. */
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

/** Counts of a Peer since its start, beside those of its connections. */
export interface PeerMetrics {
  /** Packets of nobody known, or not meant for this end. */
  strayPackets: number;
  challengesSent: number;
  /** Requests whose cookie was forged or too old. */
  cookiesRefused: number;
  rejectsSent: number;
  connectionsOpened: number;
  connectionsClosed: number;
  /** Packets that the socket refused, and that nothing sends again. */
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

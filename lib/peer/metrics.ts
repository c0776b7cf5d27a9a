/** Counters of one connection since its start, and its times. */
export class ConnectionMetrics {
  /**
   * The largest packet that is sent now, in bytes; no counter. UDP: 1128 to 1452, what the path to the other side has
   * been found to carry. In the sum of several connections the smallest.
   */
  maxPacketSize = 0;
  /** The round-trip time, smoothed, in milliseconds; 0 before the first measurement. */
  roundTripTimeMs = 0;
  /** UDP, GNS: how long the other side kept its last acknowledgement back, in milliseconds, as it says. */
  acknowledgeDelayMs = 0;
  /** Packets that the socket has taken since the handshake, acknowledgements among them. */
  packetsSent = 0;
  /** Their bytes, without the headers of the transport, such as those of UDP and IP. */
  bytesSent = 0;
  /** Packets that have come since the handshake, also those that were dropped then. */
  packetsReceived = 0;
  /** Their bytes, without the headers of the transport. */
  bytesReceived = 0;
  /** UDP: packets that were declared lost. */
  packetsLost = 0;
  /** UDP: of these, the packets that were acknowledged after all. */
  packetsLate = 0;
  /** UDP: bytes of reliable messages and streams that were queued again. */
  bytesRetransmitted = 0;
  /** UDP with encryption, server: how often the client's address has changed. */
  pathMoves = 0;
  /** UDP: copies of packets, and packets older than the receive window. They are strays too. */
  duplicatePackets = 0;
  /** Bytes that are held now of incomplete messages, and bytes that came too early. */
  reassemblyBytes = 0;
  /** UDP: pieces that came too early for what may be held, and have to come again. */
  piecesRefused = 0;
  /** By channel: reliable, unreliable, notify, sequenced. */
  readonly messagesSent = [0, 0, 0, 0];
  /** Bytes of these messages, without headers, in the same order. */
  readonly messageBytesSent = [0, 0, 0, 0];
  /** Messages that were handed to `onMessage`, in the same order. */
  readonly messagesReceived = [0, 0, 0, 0];
  /** Bytes of these messages, in the same order. */
  readonly messageBytesReceived = [0, 0, 0, 0];
  /** Messages that `send` refused because a queue was full. */
  messagesRefused = 0;
  /** WebSocket: notify messages that were lost at once because 8192 of them waited for the other side's answer. */
  notifiesDropped = 0;
  /** Messages that were older than their `maxAgeMs` before they could leave, and were not sent. */
  messagesExpired = 0;
  /** Notify messages that came after a newer one and were dropped. */
  notifiesLate = 0;
  /** Sequenced messages that came after a newer one of their lane and were dropped. */
  sequencedLate = 0;
  /** Received messages that were given up because a fragment of theirs was missing. */
  messagesIncomplete = 0;
  /** Received fragments that were dropped: they came too late, or twice, or there was no room for them. */
  fragmentsDropped = 0;
  /** Packets with the session of this connection that did not authenticate: forged, altered, or received before. */
  strayPackets = 0;
}

/** Counters of a Peer since its start, besides those of its connections. */
export class PeerMetrics {
  /** Packets that belong to no connection and are no request for one. */
  strayPackets = 0;
  /** UDP: packets of sources that the guard has banned, which got no answer. Those of open connections do not count. */
  bannedPackets = 0;
  /** UDP, server: cookies that were sent to clients whose address was not proved yet. */
  challengesSent = 0;
  /** Requests with a cookie that was forged or too old. */
  cookiesRefused = 0;
  /** Server: requests that were refused with a reason. */
  rejectsSent = 0;
  /** Connections whose handshake has finished: those of `onConnected`. */
  connectionsOpened = 0;
  /** Connections of these that have ended: those of `onDisconnected`. */
  connectionsClosed = 0;
  /** Packets that the socket refused and that are lost: those of reliable messages over GNS and WebSocket are not. */
  packetsDropped = 0;
  /** Bytes that all connections hold now of incomplete messages. */
  reassemblyBytes = 0;
  /** Connections that ended because all together held too many of them. */
  reassemblyEvictions = 0;
  /** Server: questions for information, such as those of `askServer`, that were answered. */
  infoAnswersSent = 0;
  /** Questions for information that got no answer because their source had one within the last second. */
  infoRequestsDropped = 0;
  /** Requests that got no answer because of too many key agreements: the client asks again. */
  agreementsDropped = 0;
  /** Answers to packets of connections that the server does not know, such as those before its restart. */
  resetsSent = 0;
}

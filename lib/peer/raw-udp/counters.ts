/** What a connection over raw datagrams has sent and received so far. Bytes are those of whole packets. */
export class RawUdpCounters {
  packetsSent = 0;
  bytesSent = 0;
  packetsReceived = 0;
  bytesReceived = 0;
  /** Packets that were declared lost. */
  packetsLost = 0;
  /** Of these, packets that came after all. */
  packetsLate = 0;
  /** Bytes of lanes that were queued to be sent again. */
  bytesRetransmitted = 0;
  /** Copies of packets, and packets older than the receive window. */
  duplicates = 0;
  /** Packets that proved nothing, copies among them. */
  strays = 0;
  /** Notify messages that came behind a newer one and were dropped. */
  notifiesLate = 0;
}

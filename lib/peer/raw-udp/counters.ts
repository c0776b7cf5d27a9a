/** Counters of a connection over UDP. Bytes are those of whole packets. */
export class RawUdpCounters {
  packetsSent = 0;
  bytesSent = 0;
  packetsReceived = 0;
  bytesReceived = 0;
  /** Packets that were declared lost. */
  packetsLost = 0;
  /** Of these, the packets that were acknowledged after all. */
  packetsLate = 0;
  /** Bytes of lanes that were queued again. */
  bytesRetransmitted = 0;
  /** Copies of packets, and packets older than the receive window. */
  duplicates = 0;
  /** Packets that did not authenticate, copies among them. */
  strays = 0;
  /** Notify messages that came after a newer one and were dropped. */
  notifiesLate = 0;
}

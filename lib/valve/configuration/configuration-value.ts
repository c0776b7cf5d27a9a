/**
 * Values of `setConfigurationValue` and the other methods of the ValveSockets README, with its numbers and units.
 * `setConfigValue` takes {@link ConfigValue}: there 10 and 11 are swapped, and timeouts are milliseconds. GNS clamps
 * values that are out of range.
 */
export enum ConfigurationValue {
  /** Share of unreliable messages thrown away instead of sent, 0-100 %. Emulated here, for this thread's sockets. */
  FakeMessageLossSend = 0,
  /** Share of unreliable messages thrown away when received, 0-100 %. Emulated here, for this thread's sockets. */
  FakeMessageLossRecv = 1,
  /** Share of packets thrown away instead of sent, 0-100 %. */
  FakePacketLossSend = 2,
  /** Share of packets thrown away when received, 0-100 %. */
  FakePacketLossRecv = 3,
  /** Delay of packets sent, milliseconds, 0-5000. */
  FakePacketLagSend = 4,
  /** Delay of packets received, milliseconds, 0-5000. */
  FakePacketLagRecv = 5,
  /** Share of packets sent out of order, 0-100 %. */
  FakePacketReorderSend = 6,
  /** Share of packets taken out of order, 0-100 %. */
  FakePacketReorderRecv = 7,
  /** Delay of reordered packets, milliseconds, 0-5000. */
  FakePacketReorderTime = 8,
  /**
   * Bytes that may wait to be sent, unacknowledged ones included, 4096-268,435,456; more is `Result.LimitExceeded`.
   *
   * @defaultValue 524,288
   */
  SendBufferSize = 9,
  /**
   * Highest send rate in bytes per second; 0 is no limit (GNS stops at 104,857,600). Also sets the lowest rate, unless
   * `MinRate` was set.
   */
  MaxRate = 10,
  /** Lowest send rate in bytes per second; 0 is no limit (1024). */
  MinRate = 11,
  /**
   * How long a small message waits for others to share a packet with (Nagle's algorithm), microseconds, 0-20,000.
   *
   * @defaultValue 5000
   */
  NagleTime = 12,
  /** Log round-trip times measured by acknowledgements: 0 off, 1-5 on, 6-8 a level of `DebugType`. */
  LogLevelAckRTT = 13,
  /** Log the decoding of packets; values as above. */
  LogLevelPacket = 14,
  /** Log messages sent and received; values as above. */
  LogLevelMessage = 15,
  /** Log lost packets; values as above. */
  LogLevelPacketGaps = 16,
  /** Log how peers find each other; values as above. */
  LogLevelP2PRendezvous = 17,
  /** Log pings to relays. Stored only: relays need Valve's network. */
  LogLevelRelayPings = 18,
  /** Stored only: relays need Valve's network. */
  ClientConsecutitivePingTimeoutsFailInitial = 19,
  /** Stored only: relays need Valve's network. */
  ClientConsecutitivePingTimeoutsFail = 20,
  /** Stored only: relays need Valve's network. */
  ClientMinPingsBeforePingAccurate = 21,
  /** Stored only: relays need Valve's network. */
  ClientSingleSocket = 22,
  /**
   * Whether peers without a certificate are allowed: 0 no (nothing connects in the open GNS), 1 with a warning, 2 yes.
   */
  IPAllowWithoutAuth = 23,
  /**
   * Seconds until an attempt to connect fails.
   *
   * @defaultValue 10
   */
  TimeoutSecondsInitial = 24,
  /**
   * Seconds without a packet from the peer after which a connection has failed.
   *
   * @defaultValue 10
   */
  TimeoutSecondsConnected = 25,
  /** Share of packets sent twice, 0-100 %. */
  FakePacketDupSend = 26,
  /** Share of packets taken twice, 0-100 %. */
  FakePacketDupRecv = 27,
  /** Highest delay of the second copy, milliseconds, 0-5000. */
  FakePacketDupTimeMax = 28,
}

/**
 * Strings that the methods of the ValveSockets README store and give back; without Valve's relays they have no effect.
 */
export enum ConfigurationString {
  ClientForceRelayCluster = 0,
  ClientDebugTicketAddress = 1,
  ClientForceProxyAddr = 2,
}

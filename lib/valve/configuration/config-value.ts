/**
 * Values of `setConfigValue`, `getConfigValue` and {@link ConfigOption}, with the numbers and units of GNS.
 * The methods of the ValveSockets README (`setConfigurationValue` and kin) take {@link ConfigurationValue}.
 */
export enum ConfigValue {
  /** Percent. */
  FakePacketLossSend = 2,
  /** Percent. */
  FakePacketLossRecv = 3,
  /** Milliseconds. */
  FakePacketLagSend = 4,
  /** Milliseconds. */
  FakePacketLagRecv = 5,
  /** Percent. */
  FakePacketReorderSend = 6,
  /** Percent. */
  FakePacketReorderRecv = 7,
  /** Milliseconds. */
  FakePacketReorderTime = 8,
  /** Bytes. */
  SendBufferSize = 9,
  /** Bytes per second. */
  SendRateMin = 10,
  /** Bytes per second. */
  SendRateMax = 11,
  /** Microseconds. */
  NagleTime = 12,
  /** A level of `DebugType`. */
  LogLevelAckRTT = 13,
  /** A level of `DebugType`. */
  LogLevelPacketDecode = 14,
  /** A level of `DebugType`. */
  LogLevelMessage = 15,
  /** A level of `DebugType`. */
  LogLevelPacketGaps = 16,
  /** A level of `DebugType`. */
  LogLevelP2PRendezvous = 17,
  /** 0 no, 1 with a warning, 2 yes. */
  IPAllowWithoutAuth = 23,
  /** Milliseconds. */
  TimeoutInitial = 24,
  /** Milliseconds. */
  TimeoutConnected = 25,
  /** Percent. */
  FakePacketDupSend = 26,
  /** Percent. */
  FakePacketDupRecv = 27,
  /** Milliseconds. */
  FakePacketDupTimeMax = 28,
  /** Bytes of UDP payload. */
  MTUPacketSize = 32,
  /** Bytes, read only. */
  MTUDataSize = 33,
  /** 0 never, 1 allowed, 2 preferred, 3 required. */
  Unencrypted = 34,
  /** 0 or 1. */
  SymmetricConnect = 37,
  /** 0 to 65535, where this side's differs from the peer's (`SymmetricConnect`). */
  LocalVirtualPort = 38,
  /** Int64, of new connections. */
  ConnectionUserData = 40,
  /** Bytes, -1 off. */
  PacketTraceMaxBytes = 41,
  /** Bytes per second, 0 off. */
  FakeRateLimitSendRate = 42,
  /** Bytes. */
  FakeRateLimitSendBurst = 43,
  /** Bytes per second, 0 off. */
  FakeRateLimitRecvRate = 44,
  /** Bytes. */
  FakeRateLimitRecvBurst = 45,
  /** Bytes. */
  RecvBufferSize = 47,
  /** Messages. */
  RecvBufferMessages = 48,
  /** Bytes. */
  RecvMaxMessageSize = 49,
  /** Segments; what follows these in a packet is dropped. */
  RecvMaxSegmentsPerPacket = 50,
  /** Microseconds. */
  OutOfOrderCorrectionWindow = 51,
  /** Like `IPAllowWithoutAuth`, for peers on this machine. */
  IPLocalHostAllowWithoutAuth = 52,
  /** Milliseconds. */
  FakePacketJitterSendAvg = 53,
  /** Milliseconds. */
  FakePacketJitterSendMax = 54,
  /** Percent. */
  FakePacketJitterSendPct = 55,
  /** Milliseconds. */
  FakePacketJitterRecvAvg = 56,
  /** Milliseconds. */
  FakePacketJitterRecvMax = 57,
  /** Percent. */
  FakePacketJitterRecvPct = 58,
  /** 0 no, 1 yes, -1 as is usual for the kind of connection. */
  SendTimeSincePreviousPacket = 59,
  /** Text, separated by commas. */
  P2PSTUNServerList = 103,
  /** Bits: 1 relay, 2 private, 4 public. */
  P2PTransportICEEnable = 104,
  /** Milliseconds, added to the ping of this route when routes are compared. */
  P2PTransportICEPenalty = 105,
  /** Text, separated by commas. */
  P2PTURNServerList = 107,
  /** Text, separated by commas. */
  P2PTURNUserList = 108,
  /** Text, separated by commas. */
  P2PTURNPassList = 109,
  /** 0 as GNS chooses, 1 GNS's own, 2 that of WebRTC, where GNS was built with it. */
  P2PTransportICEImplementation = 110,
}

/** What a configuration value is set for (GNS). */
export enum ConfigScope {
  /** The whole process. */
  Global = 1,
  /** A listen socket and the connections that come in by it later. */
  ListenSocket = 3,
  /** One connection. */
  Connection = 4,
}

/** GNS's data types of configuration values. */
export enum ConfigDataType {
  Int32 = 1,
  Int64 = 2,
  Float = 3,
  String = 4,
}

/** Whether a value was found (GNS). */
export enum ConfigResult {
  /** No such value in this GNS. */
  BadValue = -1,
  /** No such handle, or the value does not exist in this scope. */
  BadScopeObject = -2,
  BufferTooSmall = -3,
  OK = 1,
  /** The value is not set in this scope: it is that of the listen socket or of the process. */
  OKInherited = 2,
}

/** A configuration value for `createListenSocket` and `connect`. It is in effect from the first packet on. */
export interface ConfigOption {
  /** Which value of GNS is set. */
  value: ConfigValue;
  /** What it is set to: a whole number or a fraction, a text, or a bigint for 64-bit values. */
  data: number | bigint | string;
}

/**
 * For `connect` and `createListenSocket`: refuses peers without a certificate of a trusted authority, also on this
 * machine, with end reason 4003. A client with the default identity needs no certificate of its own; others do.
 */
export const authenticatedOnly: readonly ConfigOption[] = [
  { value: ConfigValue.IPAllowWithoutAuth, data: 0 },
  { value: ConfigValue.IPLocalHostAllowWithoutAuth, data: 0 },
];

/** The answer of `getConfigValue`; `data` is null unless `result` is `OK` or `OKInherited`. */
export interface ConfigReading {
  /** Whether there is such a value, and where it is set. */
  result: ConfigResult;
  /** The type of the value in GNS. */
  dataType: ConfigDataType;
  /** The value; null unless `result` is `OK` or `OKInherited`. */
  data: number | bigint | string | null;
}

/** @internal The type with which `data` is handed to GNS, which converts it to the type of the value. */
export function dataTypeOf(data: number | bigint | string): ConfigDataType {
  if (typeof data === "bigint") return ConfigDataType.Int64;
  if (typeof data === "string") return ConfigDataType.String;
  return Number.isInteger(data) ? ConfigDataType.Int32 : ConfigDataType.Float;
}

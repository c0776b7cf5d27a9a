import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  ConfigDataType,
  ConfigResult,
  ConfigScope,
  ConfigurationString,
  ConfigurationValue,
  ConfigValue,
  Library,
  NetworkingSockets,
  StringBuilder,
} from "../../../lib/index.js";
import { addressOf, connectPeers } from "../../support/peer.js";

let sockets: NetworkingSockets;
beforeEach(() => {
  expect(Library.initialize()).toBe(true);
  sockets = new NetworkingSockets();
});
afterEach(() => Library.deinitialize());

const V = ConfigurationValue;
const outOfRange = expect.objectContaining({ name: "RangeError", code: "ERR_OUT_OF_RANGE" });
const wrongType = expect.objectContaining({ name: "TypeError", code: "ERR_INVALID_ARG_TYPE" });

/** The seed's value, GNS's, what GNS starts with (in the seed's unit), then [set, GNS's number, read back]. */
const kept: [keyof typeof V, ConfigValue, number, [number, number, number][]][] = [
  [
    "FakePacketLossSend",
    ConfigValue.FakePacketLossSend,
    0,
    [
      [25, 25, 25],
      [100, 100, 100],
      [101, 100, 100],
      [-1, 0, 0],
    ],
  ],
  ["FakePacketLossRecv", ConfigValue.FakePacketLossRecv, 0, [[7, 7, 7]]],
  [
    "FakePacketLagSend",
    ConfigValue.FakePacketLagSend,
    0,
    [
      [80, 80, 80],
      [9999, 5000, 5000],
    ],
  ],
  ["FakePacketLagRecv", ConfigValue.FakePacketLagRecv, 0, [[81, 81, 81]]],
  ["FakePacketReorderSend", ConfigValue.FakePacketReorderSend, 0, [[9, 9, 9]]],
  ["FakePacketReorderRecv", ConfigValue.FakePacketReorderRecv, 0, [[10, 10, 10]]],
  ["FakePacketReorderTime", ConfigValue.FakePacketReorderTime, 15, [[20, 20, 20]]],
  [
    "SendBufferSize",
    ConfigValue.SendBufferSize,
    524288,
    [
      [1_000_000, 1_000_000, 1_000_000],
      [1, 4096, 4096],
    ],
  ],
  [
    "NagleTime",
    ConfigValue.NagleTime,
    5000,
    [
      [0, 0, 0],
      [20_000, 20_000, 20_000],
      [99_999, 20_000, 20_000],
    ],
  ],
  [
    "LogLevelAckRTT",
    ConfigValue.LogLevelAckRTT,
    4,
    [
      [0, 2, 2],
      [1, 6, 6],
      [5, 6, 6],
      [6, 6, 6],
      [7, 7, 7],
      [8, 8, 8],
    ],
  ],
  [
    "LogLevelPacket",
    ConfigValue.LogLevelPacketDecode,
    4,
    [
      [0, 2, 2],
      [3, 6, 6],
      [7, 7, 7],
      [9, 8, 8],
    ],
  ],
  [
    "LogLevelMessage",
    ConfigValue.LogLevelMessage,
    4,
    [
      [0, 2, 2],
      [2, 6, 6],
      [8, 8, 8],
    ],
  ],
  [
    "LogLevelPacketGaps",
    ConfigValue.LogLevelPacketGaps,
    4,
    [
      [0, 2, 2],
      [4, 6, 6],
      [7, 7, 7],
    ],
  ],
  [
    "LogLevelP2PRendezvous",
    ConfigValue.LogLevelP2PRendezvous,
    4,
    [
      [0, 2, 2],
      [5, 6, 6],
      [8, 8, 8],
    ],
  ],
  [
    "IPAllowWithoutAuth",
    ConfigValue.IPAllowWithoutAuth,
    2,
    [
      [1, 1, 1],
      [2, 2, 2],
    ],
  ],
  [
    "TimeoutSecondsInitial",
    ConfigValue.TimeoutInitial,
    10,
    [
      [30, 30_000, 30],
      [2 ** 31 - 1, 2 ** 31 - 1, 2_147_484],
    ],
  ],
  ["TimeoutSecondsConnected", ConfigValue.TimeoutConnected, 10, [[60, 60_000, 60]]],
  ["FakePacketDupSend", ConfigValue.FakePacketDupSend, 0, [[3, 3, 3]]],
  ["FakePacketDupRecv", ConfigValue.FakePacketDupRecv, 0, [[4, 4, 4]]],
  ["FakePacketDupTimeMax", ConfigValue.FakePacketDupTimeMax, 10, [[6, 6, 6]]],
];

test.each(kept)("%s", (name, gns, first, cases) => {
  expect(sockets.getConfigurationValue(V[name])).toBe(first);
  for (const [set, inGns, read] of cases) {
    expect(sockets.setConfigurationValue(V[name], set)).toBe(true);
    expect(sockets.getConfigValue(gns).data).toBe(inGns);
    expect(sockets.getConfigurationValue(V[name])).toBe(read);
  }
});

test.each([
  ["FakeMessageLossSend", 0],
  ["FakeMessageLossRecv", 0],
  ["LogLevelRelayPings", 7],
  ["ClientConsecutitivePingTimeoutsFailInitial", 2],
  ["ClientConsecutitivePingTimeoutsFail", 4],
  ["ClientMinPingsBeforePingAccurate", 10],
  ["ClientSingleSocket", 0],
] as const)("%s is stored and given back", (name, first) => {
  expect(sockets.getConfigurationValue(V[name])).toBe(first);
  expect(sockets.setConfigurationValue(V[name], 33)).toBe(true);
  expect(new NetworkingSockets().getConfigurationValue(V[name])).toBe(33);
});

describe("rates", () => {
  const rates = () => [
    sockets.getConfigurationValue(V.MinRate),
    sockets.getConfigurationValue(V.MaxRate),
    sockets.getConfigValue(ConfigValue.SendRateMin).data,
    sockets.getConfigValue(ConfigValue.SendRateMax).data,
  ];
  test("MaxRate alone sets both", () => {
    expect(rates()).toEqual([262144, 262144, 262144, 262144]);
    expect(sockets.setConfigurationValue(V.MaxRate, 1_000_000)).toBe(true);
    expect(rates()).toEqual([1_000_000, 1_000_000, 1_000_000, 1_000_000]);
    sockets.setConfigurationValue(V.MaxRate, 50_000);
    expect(rates()).toEqual([50_000, 50_000, 50_000, 50_000]);
  });
  test("0 is no limit", () => {
    sockets.setConfigurationValue(V.MaxRate, 0);
    expect(rates()).toEqual([104_857_600, 104_857_600, 104_857_600, 104_857_600]);
    sockets.setConfigurationValue(V.MinRate, 0);
    expect(rates()).toEqual([1024, 104_857_600, 1024, 104_857_600]);
  });
  test("MaxRate leaves a MinRate that was set", () => {
    sockets.setConfigurationValue(V.MinRate, 128_000);
    expect(rates().slice(0, 2)).toEqual([128_000, 262144]);
    sockets.setConfigurationValue(V.MaxRate, 1_000_000);
    expect(rates().slice(0, 2)).toEqual([128_000, 1_000_000]);
  });
  test("neither passes the other", () => {
    sockets.setConfigurationValue(V.MinRate, 500_000);
    expect(rates().slice(0, 2)).toEqual([500_000, 500_000]);
    sockets.setConfigurationValue(V.MaxRate, 100_000);
    expect(rates().slice(0, 2)).toEqual([100_000, 100_000]);
  });
  test("of one connection", async () => {
    const { client, toServer } = await connectPeers("127.0.0.1", []);
    const { sockets: own } = client;
    expect(own.setConnectionConfigurationValue(toServer, V.MaxRate, 700_000)).toBe(true);
    expect(own.getConnectionConfigurationValue(toServer, V.MinRate)).toBe(700_000);
    expect(own.setConnectionConfigurationValue(toServer, V.MinRate, 128_000)).toBe(true);
    expect(own.setConnectionConfigurationValue(toServer, V.MaxRate, 800_000)).toBe(true);
    expect(own.getConnectionConfigurationValue(toServer, V.MinRate)).toBe(128_000);
    expect(own.getConnectionConfigurationValue(toServer, V.MaxRate)).toBe(800_000);
    expect(rates().slice(0, 2)).toEqual([262144, 262144]);
  });
});

test("values of one connection", async () => {
  const { client, toServer } = await connectPeers();
  const { sockets: own } = client;
  expect(own.getConnectionConfigurationValue(toServer, V.TimeoutSecondsConnected)).toBe(10);
  expect(own.setConnectionConfigurationValue(toServer, V.TimeoutSecondsConnected, 60)).toBe(true);
  expect(own.getConnectionConfigurationValue(toServer, V.TimeoutSecondsConnected)).toBe(60);
  expect(own.getConfigurationValue(V.TimeoutSecondsConnected)).toBe(10);
  for (const value of [V.FakePacketLossSend, V.FakePacketLagRecv, V.FakeMessageLossSend, V.LogLevelRelayPings, 99]) {
    expect(own.setConnectionConfigurationValue(toServer, value, 1)).toBe(false);
    expect(own.getConnectionConfigurationValue(toServer, value)).toBe(-1);
  }
  expect(own.setConnectionConfigurationValue(1, V.NagleTime, 1)).toBe(false);
  expect(own.getConnectionConfigurationValue(1, V.NagleTime)).toBe(-1);
});

test("numbers that are no value", () => {
  for (const value of [-1, 29, 1000, -(2 ** 31)] as ConfigurationValue[]) {
    expect(sockets.getConfigurationValue(value)).toBe(-1);
    expect(sockets.setConfigurationValue(value, 1)).toBe(false);
    expect(sockets.getConfigurationValueName(value)).toBeNull();
  }
  expect(() => sockets.getConfigurationValue("9" as never)).toThrow(wrongType);
  expect(() => sockets.setConfigurationValue(V.NagleTime, 1.5)).toThrow(outOfRange);
  expect(() => sockets.setConfigurationValue(V.NagleTime, 2 ** 31)).toThrow(outOfRange);
  expect(() => sockets.setConfigurationValue(V.ClientSingleSocket, "1" as never)).toThrow(wrongType);
});

test("names are those of the seed's GNS", () => {
  const names = Array.from({ length: 29 }, (_, value) => sockets.getConfigurationValueName(value));
  expect(names).toEqual([
    "FakeMessageLoss_Send",
    "FakeMessageLoss_Recv",
    "FakePacketLoss_Send",
    "FakePacketLoss_Recv",
    "FakePacketLag_Send",
    "FakePacketLag_Recv",
    "FakePacketReorder_Send",
    "FakePacketReorder_Recv",
    "FakePacketReorder_Time",
    "SendBufferSize",
    "MaxRate",
    "MinRate",
    "Nagle_Time",
    "Log_AckRTT",
    "Log_Packet",
    "Log_Message",
    "Log_PacketGaps",
    "Log_p2prendezvous",
    "Log_RelayPings",
    "ClientConsecutitivePingTimeoutsFailInitial",
    "ClientConsecutitivePingTimeoutsFail",
    "ClientMinPingsBeforePingAccurate",
    "ClientSingleSocket",
    "IpAllowWithoutAuth",
    "TimeoutSecondsInitial",
    "TimeoutSecondsConnected",
    "FakePacketDup_Send",
    "FakePacketDup_Recv",
    "FakePacketDup_Time",
  ]);
});

describe("strings", () => {
  test("are stored and given back", () => {
    const builder = new StringBuilder(64);
    for (const name of [
      ConfigurationString.ClientForceRelayCluster,
      ConfigurationString.ClientDebugTicketAddress,
      ConfigurationString.ClientForceProxyAddr,
    ]) {
      expect(sockets.getConfigurationString(name)).toBe("");
      expect(sockets.setConfigurationString(name, `wörld ${name}`)).toBe(true);
      expect(sockets.getConfigurationString(name, builder, 64)).toBe(8);
      expect(builder.value).toBe(`wörld ${name}`);
      expect(sockets.getConfigurationString(name, builder, 3)).toBe(8);
      expect(builder.value).toBe("w");
      expect(sockets.getConfigurationString(name, new StringBuilder(4), 64)).toBe(8);
    }
  });
  test("names, and numbers that are none", () => {
    expect([0, 1, 2, 3].map((name) => sockets.getConfigurationStringName(name))).toEqual([
      "ClientForceRelayCluster",
      "ClientDebugTicketAddress",
      "ClientForceProxyAddr",
      null,
    ]);
    expect(sockets.setConfigurationString(3 as never, "x")).toBe(false);
    expect(sockets.getConfigurationString(-1 as never, new StringBuilder(), 10)).toBe(-1);
    expect(sockets.getConfigurationString(-1 as never)).toBeNull();
    expect(() => sockets.setConfigurationString(0, "a\0b")).toThrow(outOfRange);
    expect(() => sockets.setConfigurationString(0, 1 as never)).toThrow(wrongType);
    expect(() => sockets.getConfigurationString(0, {} as never, 1)).toThrow(wrongType);
  });
});

describe("GNS's own values", () => {
  test("of all types", () => {
    expect(sockets.setConfigValue(ConfigValue.FakePacketLossSend, 12.5)).toBe(true);
    expect(sockets.getConfigValue(ConfigValue.FakePacketLossSend)).toEqual({
      result: ConfigResult.OK,
      dataType: ConfigDataType.Float,
      data: 12.5,
    });
    expect(sockets.setConfigValue(ConfigValue.P2PSTUNServerList, "127.0.0.1:3478")).toBe(true);
    expect(sockets.getConfigValue(ConfigValue.P2PSTUNServerList)).toEqual({
      result: ConfigResult.OK,
      dataType: ConfigDataType.String,
      data: "127.0.0.1:3478",
    });
    expect(sockets.setConfigValue(ConfigValue.ConnectionUserData, -(2n ** 63n))).toBe(true);
    expect(sockets.getConfigValue(ConfigValue.ConnectionUserData).data).toBe(-(2n ** 63n));
    expect(sockets.setConfigValue(ConfigValue.ConnectionUserData, null)).toBe(true);
    expect(sockets.getConfigValue(ConfigValue.ConnectionUserData).data).toBe(-1n);
    expect(sockets.getConfigValue(ConfigValue.MTUDataSize).data).toBe(1200);
    expect(sockets.setConfigValue(ConfigValue.MTUDataSize, 1000)).toBe(false);
  });

  test("in the scopes of listen socket and connection", () => {
    const socket = sockets.createListenSocket(addressOf("127.0.0.1", 0));
    const connection = sockets.connect(addressOf("127.0.0.1", 9));
    for (const [scope, handle] of [
      [ConfigScope.ListenSocket, socket],
      [ConfigScope.Connection, connection],
    ] as const) {
      expect(sockets.getConfigValue(ConfigValue.NagleTime, scope, handle).result).toBe(ConfigResult.OKInherited);
      expect(sockets.setConfigValue(ConfigValue.NagleTime, 123, scope, handle)).toBe(true);
      expect(sockets.getConfigValue(ConfigValue.NagleTime, scope, handle)).toMatchObject({ result: 1, data: 123 });
      expect(sockets.setConfigValue(ConfigValue.NagleTime, null, scope, handle)).toBe(true);
      expect(sockets.getConfigValue(ConfigValue.NagleTime, scope, handle)).toMatchObject({ result: 2, data: 5000 });
      expect(sockets.setConfigValue(ConfigValue.FakePacketLossSend, 1, scope, handle)).toBe(false);
    }
    expect(sockets.setConfigValue(ConfigValue.NagleTime, 1, ConfigScope.Connection, socket)).toBe(false);
    expect(sockets.getConfigValue(ConfigValue.NagleTime, ConfigScope.ListenSocket, connection)).toEqual({
      result: ConfigResult.BadScopeObject,
      dataType: expect.any(Number),
      data: null,
    });
  });

  test("what is refused", () => {
    expect(() => sockets.setConfigValue(ConfigValue.NagleTime, 1, 2 as never)).toThrow(outOfRange);
    expect(() => sockets.setConfigValue(ConfigValue.NagleTime, {} as never)).toThrow(wrongType);
    expect(() => sockets.setConfigValue("12" as never, 1)).toThrow(wrongType);
    expect(() => sockets.getConfigValue(ConfigValue.NagleTime, "1" as never)).toThrow(wrongType);
    for (const pointer of [201, 202, 204, 205, 206]) {
      for (const data of [1, 1n, "x", null]) expect(sockets.setConfigValue(pointer as never, data)).toBe(false);
      expect(sockets.getConfigValue(pointer as never).data).toBeNull();
    }
    expect(sockets.getConfigValue(9999 as never)).toMatchObject({ result: ConfigResult.BadValue, data: null });
  });
});

test("the last deinitialize restores all that was set", () => {
  for (const [name, , , cases] of kept) for (const [set] of cases) sockets.setConfigurationValue(V[name], set);
  sockets.setConfigurationValue(V.MaxRate, 5_000_000);
  sockets.setConfigurationValue(V.ClientSingleSocket, 1);
  sockets.setConfigurationValue(V.FakeMessageLossSend, 50);
  sockets.setConfigurationString(ConfigurationString.ClientForceProxyAddr, "x");
  sockets.setConfigValue(ConfigValue.P2PSTUNServerList, "127.0.0.1:3478");
  sockets.setConfigValue(ConfigValue.ConnectionUserData, 5n);
  expect(Library.initialize()).toBe(true);
  Library.deinitialize();
  expect(sockets.getConfigurationValue(V.MaxRate)).toBe(5_000_000);
  Library.deinitialize();
  expect(Library.initialize()).toBe(true);
  for (const [name, , first] of kept) expect(sockets.getConfigurationValue(V[name]), name).toBe(first);
  expect(sockets.getConfigurationValue(V.MaxRate)).toBe(262144);
  expect(sockets.getConfigurationValue(V.MinRate)).toBe(262144);
  expect(sockets.getConfigurationValue(V.ClientSingleSocket)).toBe(0);
  expect(sockets.getConfigurationValue(V.FakeMessageLossSend)).toBe(0);
  expect(sockets.getConfigurationString(ConfigurationString.ClientForceProxyAddr)).toBe("");
  expect(sockets.getConfigValue(ConfigValue.P2PSTUNServerList).data).toBe("");
  expect(sockets.getConfigValue(ConfigValue.ConnectionUserData).data).toBe(-1n);
});

import { describe, expect, test } from "vitest";
import {
  ConfigurationString,
  ConfigurationValue,
  ConfigValue,
  ConnectionState,
  DebugType,
  IdentityType,
  Library,
  Result,
  SendFlags,
  SendType,
} from "../../../lib/index.js";

function members(of: object): Record<string, number> {
  return Object.fromEntries(Object.entries(of).filter(([, value]) => typeof value === "number"));
}

describe("the seed's numbers", () => {
  const tables: [string, object, Record<string, number>][] = [
    ["SendType", SendType, { Unreliable: 0, NoNagle: 1, NoDelay: 2, Reliable: 8 }],
    [
      "ConnectionState",
      ConnectionState,
      { None: 0, Connecting: 1, FindingRoute: 2, Connected: 3, ClosedByPeer: 4, ProblemDetectedLocally: 5 },
    ],
    [
      "IdentityType",
      IdentityType,
      {
        Invalid: 0,
        IPAddress: 1,
        GenericString: 2,
        GenericBytes: 3,
        UnknownType: 4,
        SteamID: 16,
        XboxPairwiseID: 17,
        SonyPSN: 18,
      },
    ],
    [
      "ConfigurationString",
      ConfigurationString,
      { ClientForceRelayCluster: 0, ClientDebugTicketAddress: 1, ClientForceProxyAddr: 2 },
    ],
    [
      "DebugType",
      DebugType,
      { None: 0, Bug: 1, Error: 2, Important: 3, Warning: 4, Message: 5, Verbose: 6, Debug: 7, Everything: 8 },
    ],
    [
      "SendFlags",
      SendFlags,
      {
        Unreliable: 0,
        NoNagle: 1,
        UnreliableNoNagle: 1,
        NoDelay: 4,
        UnreliableNoDelay: 5,
        Reliable: 8,
        ReliableNoNagle: 9,
        UseCurrentThread: 16,
        AutoRestartBrokenSession: 32,
      },
    ],
  ];
  test.each(tables)("%s", (_name, actual, expected) => {
    expect(members(actual)).toEqual(expected);
  });

  test("ConfigurationValue counts from 0 in the order of the README", () => {
    const names = [
      ["FakeMessageLossSend", "FakeMessageLossRecv", "FakePacketLossSend", "FakePacketLossRecv"],
      ["FakePacketLagSend", "FakePacketLagRecv", "FakePacketReorderSend", "FakePacketReorderRecv"],
      ["FakePacketReorderTime", "SendBufferSize", "MaxRate", "MinRate", "NagleTime", "LogLevelAckRTT"],
      ["LogLevelPacket", "LogLevelMessage", "LogLevelPacketGaps", "LogLevelP2PRendezvous", "LogLevelRelayPings"],
      ["ClientConsecutitivePingTimeoutsFailInitial", "ClientConsecutitivePingTimeoutsFail"],
      ["ClientMinPingsBeforePingAccurate", "ClientSingleSocket", "IPAllowWithoutAuth", "TimeoutSecondsInitial"],
      ["TimeoutSecondsConnected", "FakePacketDupSend", "FakePacketDupRecv", "FakePacketDupTimeMax"],
    ].flat();
    expect(members(ConfigurationValue)).toEqual(Object.fromEntries(names.map((name, index) => [name, index])));
  });

  test("Result has the list 1 to 110 without 4", () => {
    const numbers = Object.values(members(Result)).sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 110 }, (_, index) => index + 1).filter((number) => number !== 4));
    expect(members(Result)).toMatchObject({
      OK: 1,
      Fail: 2,
      NoConnection: 3,
      InvalidParam: 8,
      Busy: 10,
      InvalidState: 11,
      LimitExceeded: 25,
      DuplicateRequest: 29,
      HandshakeFailed: 36,
      Ignored: 41,
      Disabled: 80,
      WGNetworkSendExceeded: 110,
    });
  });

  test("Library's constants", () => {
    expect(Library).toMatchObject({
      maxCloseMessageLength: 128,
      maxCloseReasonValue: 999,
      maxErrorMessageLength: 1024,
      maxMessageSize: 524288,
      socketsCallbacks: 1220,
      maxMessagesPerBatch: 256,
    });
  });
});

test("ConfigValue has GNS's numbers where they are not the seed's", () => {
  expect(members(ConfigValue)).toMatchObject({
    SendRateMin: 10,
    SendRateMax: 11,
    TimeoutInitial: 24,
    MTUDataSize: 33,
    ConnectionUserData: 40,
    RecvMaxMessageSize: 49,
    IPLocalHostAllowWithoutAuth: 52,
    P2PTransportICEImplementation: 110,
  });
  expect(ConfigValue[0]).toBeUndefined();
});

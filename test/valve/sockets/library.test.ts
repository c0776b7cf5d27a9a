import { afterEach, describe, expect, test } from "vitest";
import { native } from "../../../lib/addon/native.js";
import {
  ConfigurationValue,
  type ConfigValue,
  DebugType,
  Library,
  NetworkError,
  NetworkingIdentity,
  NetworkingSockets,
  StringBuilder,
} from "../../../lib/index.js";
import { errorOfLines } from "../../../lib/valve/sockets/runtime.js";
import { addressOf, connectPeers, drivers } from "../../support/peer.js";

const outOfRange = expect.objectContaining({ name: "RangeError", code: "ERR_OUT_OF_RANGE" });
const wrongType = expect.objectContaining({ name: "TypeError", code: "ERR_INVALID_ARG_TYPE" });

afterEach(() => {
  while (native.initializeCount() > 0) Library.deinitialize();
});

describe("initialize", () => {
  test("fills the error message of the right capacity", () => {
    const message = new StringBuilder(Library.maxErrorMessageLength);
    message.value = "old";
    expect(Library.initialize(message)).toBe(true);
    expect(message.value).toBe("");
    expect(Library.initialize({}, message)).toBe(true);
  });

  test("refuses another capacity and other arguments", () => {
    for (const capacity of [1, 1023, 1025]) {
      expect(() => Library.initialize(new StringBuilder(capacity))).toThrow(outOfRange);
    }
    expect(() => Library.initialize({ driver: "fast" as never })).toThrow(outOfRange);
    expect(() => Library.initialize({ driver: "toString" as never })).toThrow(outOfRange);
    expect(() => Library.initialize({ driver: null as never })).toThrow(outOfRange);
    expect(() => Library.initialize({ identity: "str:me" as never })).toThrow(wrongType);
    expect(() => Library.initialize(5 as never)).toThrow(wrongType);
    expect(() => Library.initialize(null as never)).toThrow(wrongType);
    expect(() => Library.initialize({}, "x" as never)).toThrow(wrongType);
    expect(native.initializeCount()).toBe(0);
  });

  test("counts its users", () => {
    expect(Library.initialize()).toBe(true);
    expect(Library.initialize()).toBe(true);
    Library.deinitialize();
    expect(new NetworkingSockets().createPollGroup()).not.toBe(0);
    Library.deinitialize();
    expect(() => new NetworkingSockets()).toThrow(
      expect.objectContaining({ name: "NetworkError", code: "ERR_NOT_INITIALIZED" }),
    );
    Library.deinitialize();
    expect(Library.statistics.driver).toBe("none");
  });

  test.each(drivers)("driver %s can be asked for, and is not changed later", (driver) => {
    expect(Library.initialize({ driver })).toBe(true);
    expect(Library.statistics.driver).toBe(driver);
    const other = driver === "hybrid" ? "thread" : "hybrid";
    const message = new StringBuilder();
    expect(Library.initialize({ driver: other }, message)).toBe(false);
    expect(message.value).toMatch(/driver/);
    expect(Library.lastError).toMatchObject({ code: "ERR_FAILED", message: message.value });
    expect(Library.initialize({ driver: "auto" })).toBe(true);
    expect(Library.lastError).toBeNull();
  });

  test("200 times", () => {
    for (let round = 0; round < 200; round++) {
      expect(Library.initialize({ driver: round % 2 === 0 ? "hybrid" : "thread" })).toBe(true);
      const sockets = new NetworkingSockets();
      expect(sockets.createListenSocket(addressOf("127.0.0.1", 0))).not.toBe(0);
      Library.deinitialize();
    }
  });

  test("with an identity that peers see", async () => {
    const identity = new NetworkingIdentity();
    identity.setGenericString("alice");
    expect(Library.initialize({ identity })).toBe(true);
    const { server, toClient } = await connectPeers();
    expect(String(server.sockets.getConnectionInfo(toClient)?.identity)).toBe("str:alice");
    expect(server.sockets.getConnectionInfo(toClient)?.identity.equals(identity)).toBe(true);
    const other = new NetworkingIdentity();
    other.setGenericString("bob");
    expect(Library.initialize({ identity: other })).toBe(false);
    expect(Library.initialize({ identity })).toBe(true);
  });
});

test("time goes on, before initialize and over deinitialize", () => {
  const times = [Library.time];
  Library.initialize();
  times.push(Library.time);
  Library.deinitialize();
  times.push(Library.time);
  expect(times.every((time) => Number.isSafeInteger(time) && time > 0)).toBe(true);
  expect([...times].sort((a, b) => a - b)).toEqual(times);
});

test("the statistics count what is open", async () => {
  Library.initialize();
  const { server } = await connectPeers();
  server.sockets.createPollGroup();
  expect(Library.statistics).toMatchObject({ connections: 2, listenSockets: 1, pollGroups: 1, lingering: 0 });
  expect(Library.statistics).toMatchObject({ droppedEvents: 0, droppedLogLines: 0 });
  Library.deinitialize();
  expect(Library.statistics).toMatchObject({ connections: 0, listenSockets: 0, pollGroups: 0 });
});

describe("the debug callback", () => {
  test("gets lines up to its level, and none when removed", async () => {
    Library.initialize();
    const types = new Set<DebugType>();
    const lines: string[] = [];
    const heard = new Promise<void>((resolve) => {
      Library.setDebugCallback(10, (type, message) => {
        types.add(type);
        lines.push(message);
        if (message.includes("audible name")) resolve();
      });
    });
    const sockets = new NetworkingSockets();
    sockets.setConfigurationValue(ConfigurationValue.LogLevelMessage, 1);
    const pair = sockets.createSocketPair(true);
    sockets.setConnectionName(pair?.connectionOne ?? 0, "audible name");
    sockets.sendMessageToConnection(pair?.connectionOne ?? 0, new Uint8Array(1), 8);
    sockets.closeConnection(pair?.connectionOne ?? 0);
    await heard;
    for (const type of types) expect(type).toBeLessThanOrEqual(DebugType.Everything);
    Library.setDebugCallback(8, null);
    const before = lines.length;
    sockets.createSocketPair(true);
    await new Promise(setImmediate);
    expect(lines.length).toBe(before);
  });

  test("levels out of range are taken as the nearest one, other arguments refused", () => {
    Library.initialize();
    for (const level of [-5, 0, 8, 10, 1000]) expect(() => Library.setDebugCallback(level, () => {})).not.toThrow();
    Library.setDebugCallback(0, null);
    expect(() => Library.setDebugCallback(1.5, null)).toThrow(outOfRange);
    expect(() => Library.setDebugCallback(Number.NaN, null)).toThrow(outOfRange);
    expect(() => Library.setDebugCallback("8" as never, null)).toThrow(wrongType);
    expect(() => Library.setDebugCallback(8, "x" as never)).toThrow(wrongType);
    expect(() => Library.setDebugCallback(8, undefined as never)).toThrow(wrongType);
  });
});

test.each([
  [["Cannot create listen socket.  Failed to bind socket.  Error code 0x00000062."], "ERR_ADDRESS_IN_USE"],
  [["Failed to bind socket.  Error code 0x00000030."], "ERR_ADDRESS_IN_USE"],
  [["Failed to bind socket.  Error code 0x00002740."], "ERR_ADDRESS_IN_USE"],
  [["first", "Failed to bind socket.  Error code 0x0000000D."], "ERR_ACCESS"],
  [["Failed to bind socket.  Error code 0x0000271d."], "ERR_ACCESS"],
  [["Too many connections."], "ERR_TOO_MANY_CONNECTIONS"],
  [["Failed to bind socket.  Error code 0x00000063."], "ERR_FAILED"],
  [["something 0x62 else"], "ERR_FAILED"],
  [[], "ERR_FAILED"],
])("%j is %s", (lines, code) => {
  const error = errorOfLines(lines);
  expect(error).toBeInstanceOf(NetworkError);
  expect(error.code).toBe(code);
  expect(error.message).toBe(lines.length === 0 ? "GameNetworkingSockets gave no reason" : lines.join("\n"));
});

test("an address that is not ours fails with GNS's words", () => {
  Library.initialize();
  const sockets = new NetworkingSockets();
  expect(sockets.createListenSocket(addressOf("192.0.2.1", 0))).toBe(0);
  expect(Library.lastError).toMatchObject({ code: "ERR_FAILED", message: expect.stringMatching(/bind/) });
  const options = [{ value: 9999 as ConfigValue, data: 1 }];
  expect(sockets.connect(addressOf("127.0.0.1", 9), options)).toBe(0);
  expect(Library.lastError).toMatchObject({ code: "ERR_FAILED", message: expect.stringMatching(/option 9999/) });
});

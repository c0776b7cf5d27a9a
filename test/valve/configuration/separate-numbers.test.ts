import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ConfigurationValue,
  ConfigValue,
  Library,
  NetworkingSockets,
  OutgoingBatch,
  Result,
  SendFlags,
  SendType,
} from "../../../lib/index.js";

beforeAll(() => expect(Library.initialize()).toBe(true));
afterAll(() => Library.deinitialize());

/** Not called: the compiler checks that each of the marked lines is an error. */
function refusedByTheCompiler(sockets: NetworkingSockets, batch: OutgoingBatch, data: Uint8Array): void {
  // @ts-expect-error GNS's flags are not the seed's
  sockets.sendMessageToConnection(1, data, SendFlags.Reliable);
  // @ts-expect-error the seed's flags are not GNS's
  sockets.sendMessage(1, data, SendType.Reliable);
  // @ts-expect-error the seed's flags are not GNS's
  batch.add(1, data, SendType.NoDelay);
  // @ts-expect-error GNS's values are not the seed's
  sockets.setConfigurationValue(ConfigValue.SendRateMax, 1);
  // @ts-expect-error GNS's values are not the seed's
  sockets.getConnectionConfigurationValue(1, ConfigValue.TimeoutInitial);
  // @ts-expect-error the seed's values are not GNS's
  sockets.setConfigValue(ConfigurationValue.MaxRate, 1);
  // @ts-expect-error the seed's values are not GNS's
  sockets.connect(new Uint8Array(), [{ value: ConfigurationValue.MaxRate, data: 1 }]);
}

test("the compiler refuses a mix", () => {
  expect(refusedByTheCompiler).toBeTypeOf("function");
});

describe("equal numbers mean different things", () => {
  test("10 is MaxRate for the seed and the lowest rate for GNS", () => {
    const sockets = new NetworkingSockets();
    expect(ConfigurationValue.MaxRate).toBe(10);
    expect(ConfigValue.SendRateMin).toBe(10);
    sockets.setConfigValue(ConfigValue.SendRateMin, 50_000);
    sockets.setConfigValue(ConfigValue.SendRateMax, 90_000);
    expect(sockets.getConfigurationValue(ConfigurationValue.MaxRate)).toBe(90_000);
    expect(sockets.getConfigurationValue(ConfigurationValue.MinRate)).toBe(50_000);
  });

  test("24 is seconds for the seed and milliseconds for GNS", () => {
    const sockets = new NetworkingSockets();
    sockets.setConfigurationValue(ConfigurationValue.TimeoutSecondsInitial, 7);
    expect(sockets.getConfigValue(ConfigValue.TimeoutInitial).data).toBe(7000);
    sockets.setConfigValue(ConfigValue.TimeoutInitial, 7001);
    expect(sockets.getConfigurationValue(ConfigurationValue.TimeoutSecondsInitial)).toBe(8);
  });

  test("NoDelay, the one flag with two numbers, is refused in the other method", () => {
    const sockets = new NetworkingSockets();
    const pair = sockets.createSocketPair();
    const connection = pair?.connectionOne ?? 0;
    const outOfRange = expect.objectContaining({ name: "RangeError", code: "ERR_OUT_OF_RANGE" });
    const data = new Uint8Array(1);
    expect(() => sockets.sendMessageToConnection(connection, data, 4 as number)).toThrow(outOfRange);
    expect(() => sockets.sendMessage(connection, data, 2 as number)).toThrow(outOfRange);
    expect(() => new OutgoingBatch().add(connection, data, 2 as number)).toThrow(outOfRange);
    expect(sockets.sendMessageToConnection(connection, data, SendType.NoDelay)).toBe(Result.OK);
    expect(sockets.sendMessage(connection, data, SendFlags.NoDelay)).toBe(Result.OK);
    sockets.destroy();
  });
});

import { expect, test } from "vitest";
import { IdentityType, NetworkingIdentity } from "../../../lib/index.js";
import { addressOf } from "../../support/peer.js";

const wrongType = expect.objectContaining({ name: "TypeError", code: "ERR_INVALID_ARG_TYPE" });
const outOfRange = expect.objectContaining({ name: "RangeError", code: "ERR_OUT_OF_RANGE" });

function identity(fill: (identity: NetworkingIdentity) => void): NetworkingIdentity {
  const made = new NetworkingIdentity();
  fill(made);
  return made;
}

test("a new one is invalid", () => {
  expect(new NetworkingIdentity().type).toBe(IdentityType.Invalid);
  expect(new NetworkingIdentity().isInvalid).toBe(true);
  expect(String(new NetworkingIdentity())).toBe("invalid");
});

test.each([
  ["text", identity((i) => i.setGenericString("alice")), IdentityType.GenericString, "str:alice"],
  ["31 bytes of text", identity((i) => i.setGenericString("é".repeat(15))), 2, `str:${"é".repeat(15)}`],
  ["bytes", identity((i) => i.setGenericBytes(Uint8Array.of(0, 255, 16))), IdentityType.GenericBytes, "gen:00ff10"],
  ["Steam", identity((i) => i.setSteamID(76561197960265728n)), IdentityType.SteamID, "steamid:76561197960265728"],
  ["address", identity((i) => i.setIPAddress(addressOf("1.2.3.4", 5))), IdentityType.IPAddress, "ip:1.2.3.4:5"],
  ["no port", identity((i) => i.setIPAddress(addressOf("::1", 0))), IdentityType.IPAddress, "ip:::1"],
])("%s", (_name, made, type, text) => {
  expect(made.type).toBe(type);
  expect(made.isInvalid).toBe(false);
  expect(made.toString()).toBe(text);
  const copy = NetworkingIdentity.decode(NetworkingIdentity.encode(made));
  expect(copy.equals(made)).toBe(true);
  expect(copy.toString()).toBe(text);
  copy.clear();
  expect(copy.equals(made)).toBe(false);
  expect(copy.isInvalid).toBe(true);
});

test("each getter answers for its own type only", () => {
  const text = identity((i) => i.setGenericString("x"));
  expect(text.getGenericString()).toBe("x");
  expect(text.getGenericBytes()).toBeNull();
  expect(text.getIPAddress()).toBeNull();
  expect(text.getSteamID()).toBe(0n);
  const bytes = identity((i) => i.setGenericBytes(Uint8Array.of(1, 2)));
  expect(bytes.getGenericBytes()).toEqual(Uint8Array.of(1, 2));
  expect(bytes.getGenericString()).toBeNull();
  expect(identity((i) => i.setSteamID(2n ** 64n - 1n)).getSteamID()).toBe(2n ** 64n - 1n);
  expect(
    identity((i) => i.setIPAddress(addressOf("::1", 65535)))
      .getIPAddress()
      ?.toString(),
  ).toBe("[::1]:65535");
});

test("limits", () => {
  const made = identity((i) => i.setGenericString("kept"));
  expect(() => made.setGenericString("x".repeat(32))).toThrow(outOfRange);
  expect(() => made.setGenericString("é".repeat(16))).toThrow(outOfRange);
  expect(() => made.setGenericString("a\0b")).toThrow(outOfRange);
  expect(() => made.setGenericBytes(new Uint8Array(33))).toThrow(outOfRange);
  expect(() => made.setSteamID(-1n)).toThrow(outOfRange);
  expect(() => made.setSteamID(2n ** 64n)).toThrow(outOfRange);
  expect(() => made.setSteamID(1 as never)).toThrow(wrongType);
  expect(() => made.setGenericString(1 as never)).toThrow(wrongType);
  expect(() => made.setGenericBytes("x" as never)).toThrow(wrongType);
  expect(() => made.setIPAddress({} as never)).toThrow(wrongType);
  expect(made.getGenericString()).toBe("kept");
  made.setGenericBytes(new Uint8Array(32));
  expect(made.toString()).toBe(`gen:${"00".repeat(32)}`);
});

test("it keeps copies of what it is given", () => {
  const bytes = Uint8Array.of(1);
  const address = addressOf("1.2.3.4", 5);
  const [one, two] = [identity((i) => i.setGenericBytes(bytes)), identity((i) => i.setIPAddress(address))];
  bytes[0] = 9;
  address.ip[15] = 9;
  expect(one.toString()).toBe("gen:01");
  expect(two.toString()).toBe("ip:1.2.3.4:5");
});

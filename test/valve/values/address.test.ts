import { describe, expect, test } from "vitest";
import { Address, parseIP } from "../../../lib/index.js";
import { addressOf } from "../../support/peer.js";

const invalid = expect.objectContaining({ name: "TypeError", code: "ERR_INVALID_IP_ADDRESS" });
const wrongType = expect.objectContaining({ name: "TypeError", code: "ERR_INVALID_ARG_TYPE" });
const outOfRange = expect.objectContaining({ name: "RangeError", code: "ERR_OUT_OF_RANGE" });

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
}

test.each([
  ["::0", "00000000000000000000000000000000", "::"],
  ["::", "00000000000000000000000000000000", "::"],
  ["::1", "00000000000000000000000000000001", "::1"],
  ["1::", "00010000000000000000000000000000", "1::"],
  ["2001:db8::8:800:200c:417a", "20010db80000000000080800200c417a", "2001:db8::8:800:200c:417a"],
  ["2001:DB8:0:0:8:800:200C:417A", "20010db80000000000080800200c417a", "2001:db8::8:800:200c:417a"],
  ["2001:db8:0:1:1:1:1:1", "20010db8000000010001000100010001", "2001:db8:0:1:1:1:1:1"],
  ["2001:0:0:1:0:0:0:1", "20010000000000010000000000000001", "2001:0:0:1::1"],
  ["2001:db8:0:0:1:0:0:1", "20010db8000000000001000000000001", "2001:db8::1:0:0:1"],
  ["::ffff:1.2.3.4", "00000000000000000000ffff01020304", "1.2.3.4"],
  ["::ffff:102:304", "00000000000000000000ffff01020304", "1.2.3.4"],
  ["64:ff9b::1.2.3.4", "0064ff9b000000000000000001020304", "64:ff9b::102:304"],
  ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008", "1:2:3:4:5:6:7:8"],
])("setIPv6 %s", (text, hex, shown) => {
  const address = new Address();
  address.setIPv6(text, 5);
  expect(address.ip).toEqual(bytes(hex));
  expect(address.getIP()).toBe(shown);
  expect(parseIP(address.ip)).toBe(shown);
  expect(address.port).toBe(5);
});

test.each(["0.0.0.0", "127.0.0.1", "255.255.255.255", "1.20.255.4"])("setIPv4 %s", (text) => {
  const address = new Address();
  address.setIPv4(text, 65535);
  const digits = text.split(".").map((part) => Number(part).toString(16).padStart(2, "0"));
  expect(address.ip).toEqual(bytes(`00000000000000000000ffff${digits.join("")}`));
  expect(address.getIP()).toBe(text);
  expect(address.toString()).toBe(`${text}:65535`);
});

describe("what is refused", () => {
  const wrongIPv4 = ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", "0x1.2.3.4", "::1", "localhost"];
  test.each(wrongIPv4)("setIPv4 %j", (text) => {
    expect(() => new Address().setIPv4(text, 1)).toThrow(invalid);
  });
  const wrongIPv6 = ["", ":", ":::", "1::2::3", "fe80::1%eth0", "fe80::1%1", "::12345", "[::1]", "1.2.3.4", "::1.2.3"];
  test.each(wrongIPv6)("setIPv6 %j", (text) => {
    expect(() => new Address().setIPv6(text, 1)).toThrow(invalid);
  });
  test.each([-1, 65536, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("port %d", (port) => {
    const address = addressOf("1.2.3.4", 7);
    for (const set of [
      () => address.setIPv4("1.2.3.4", port),
      () => address.setIPv6("::1", port),
      () => address.setAddress("::1", port),
      () => address.setLocalHost(port),
    ]) {
      expect(set).toThrow(outOfRange);
    }
    expect(address.toString()).toBe("1.2.3.4:7");
  });
  test("other types", () => {
    const address = new Address();
    expect(() => address.setIPv4(5 as never, 1)).toThrow(wrongType);
    expect(() => address.setIPv6(null as never, 1)).toThrow(wrongType);
    expect(() => address.setAddress(undefined as never, 1)).toThrow(wrongType);
    expect(() => address.setIPv4("1.2.3.4", "1" as never)).toThrow(wrongType);
    expect(() => parseIP("::1" as never)).toThrow(wrongType);
    expect(() => parseIP(new Uint8Array(4))).toThrow(outOfRange);
  });
});

test("a new address is [::]:0", () => {
  expect(new Address().toString()).toBe("[::]:0");
  expect(new Address().isLocalHost).toBe(false);
});

test("setAddress takes both families", () => {
  expect(addressOf("10.0.0.1", 80).toString()).toBe("10.0.0.1:80");
  expect(addressOf("fe80::1", 80).toString()).toBe("[fe80::1]:80");
});

test("local host", () => {
  const address = new Address();
  address.setLocalHost(9);
  expect(address.toString()).toBe("[::1]:9");
  expect(address.isLocalHost).toBe(true);
  expect(addressOf("127.0.0.1", 1).isLocalHost).toBe(true);
  expect(addressOf("127.0.0.2", 1).isLocalHost).toBe(false);
  expect(addressOf("::2", 1).isLocalHost).toBe(false);
});

test("equality is that of address and port", () => {
  expect(addressOf("1.2.3.4", 5).equals(addressOf("::ffff:1.2.3.4", 5))).toBe(true);
  expect(addressOf("1.2.3.4", 5).equals(addressOf("1.2.3.4", 6))).toBe(false);
  expect(addressOf("1.2.3.4", 5).equals(addressOf("1.2.3.5", 5))).toBe(false);
});

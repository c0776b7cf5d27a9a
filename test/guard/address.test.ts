import { expect, test } from "vitest";
import { groupsOf, isLoopback, textOf } from "../../lib/guard/address.js";
import { Network } from "../../lib/guard/network.js";

test.each([
  ["1.2.3.4", "1.2.3.4"],
  ["::ffff:1.2.3.4", "1.2.3.4"],
  ["::FFFF:102:304", "1.2.3.4"],
  ["2001:DB8::1", "2001:db8:0:0:0:0:0:1"],
  ["2001:db8:0:0:0:0:0.0.0.1", "2001:db8:0:0:0:0:0:1"],
])("%s is the address %s", (host, text) => {
  expect(textOf(groupsOf(host) ?? [])).toBe(text);
});

test.each(["", "host", "1.2.3", "1.2.3.256", "1.2.3.4.5", "1.2.3.0004", "1:2", "::1::", ":::", "::g", "::1.2.3.256"])(
  "%j is no address",
  (host) => {
    expect(groupsOf(host)).toBeNull();
  },
);

test.each([
  ["127.0.0.1", true],
  ["127.255.0.9", true],
  ["::1", true],
  ["::ffff:127.0.0.1", true],
  ["128.0.0.1", false],
  ["::2", false],
  ["::7f00:1", false],
  ["1::1", false],
])("%s is loopback: %s", (host, expected) => {
  expect(isLoopback(groupsOf(host) ?? [])).toBe(expected);
});

test.each([
  ["10.64.0.0/10", "10.64.0.0", true],
  ["10.64.0.0/10", "10.127.255.255", true],
  ["10.64.0.0/10", "10.128.0.0", false],
  ["10.64.0.0/10", "10.63.255.255", false],
  ["10.64.0.0/10", "::ffff:10.64.1.1", true],
  ["192.0.2.7", "192.0.2.7", true],
  ["192.0.2.7", "192.0.2.6", false],
  ["0.0.0.0/0", "255.255.255.255", true],
  ["0.0.0.0/0", "2001:db8::1", false],
  ["::/0", "2001:db8::1", true],
  ["2001:db8::/33", "2001:db8:7fff::1", true],
  ["2001:db8::/33", "2001:db8:8000::1", false],
  ["2001:db8::1", "2001:db8::1", true],
  ["2001:db8::1", "2001:db8::2", false],
  ["::ffff:10.0.0.0/104", "10.200.0.1", true],
  ["::ffff:10.0.0.0/104", "11.0.0.1", false],
])("%s has %s: %s", (network, host, expected) => {
  expect(new Network(network).has(groupsOf(host) ?? [])).toBe(expected);
});

test.each(["", "host", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/8/8", "10.0.0.0/-1", "10.0.0.0/1e1", null])(
  "%j is no network",
  (text) => {
    expect(() => new Network(text as string)).toThrow(expect.objectContaining({ code: "ERR_OUT_OF_RANGE" }));
  },
);

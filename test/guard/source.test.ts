import { expect, test } from "vitest";
import { sourceOf } from "../../lib/guard/source.js";

test.each([
  ["192.0.2.7:47111", "192.0.2.7"],
  ["192.0.2.7", "192.0.2.7"],
  ["[::ffff:192.0.2.7]:80", "192.0.2.7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["[::ffff:c000:207]:80", "192.0.2.7"],
  ["[2001:db8:1:2:3:4:5:6]:80", "2001:db8:1:2::/64"],
  ["2001:DB8:1:2::9", "2001:db8:1:2::/64"],
  ["2001:db8::", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["[fe80::1%eth0]:7777", "fe80:0:0:0::/64"],
  ["fe80::1%2", "fe80:0:0:0::/64"],
  ["str:somebody", "identities"],
  ["steamid:76561198000000000", "identities"],
  ["host", "identities"],
  ["", "identities"],
  ["1:2:3", "identities"],
  ["::1::2", "identities"],
  ["1:2:3:4:5:6:7:8:9", "identities"],
  ["::12345", "identities"],
  ["::ffff:999.1.1.1", "identities"],
])("%s is charged to %s", (address, source) => {
  expect(sourceOf(address)).toBe(source);
});

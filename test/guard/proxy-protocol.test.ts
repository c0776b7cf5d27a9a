import { expect, test } from "vitest";
import { parseProxyHeader } from "../../lib/guard/proxy-protocol.js";
import { seededRandom } from "../../lib/testing/index.js";

const text = (line: string) => Uint8Array.from(line, (letter) => letter.charCodeAt(0));
const SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";
/** A header of version 2. */
function binary(command: number, family: number, body: readonly number[], length = body.length): Uint8Array {
  return Uint8Array.from([...text(SIGNATURE), command, family, length >> 8, length & 255, ...body]);
}
const ipv4 = [192, 0, 2, 7, 198, 51, 100, 1, 0xdd, 0xd5, 0, 80];
const ipv6 = [0x20, 1, 0xd, 0xb8, ...new Array(11).fill(0), 1, ...new Array(16).fill(9), 0xff, 0xff, 0, 80];
const LONGEST = `PROXY UNKNOWN ${"f".repeat(107 - 16)}\r\n`;

test.each<[string, Uint8Array, { host: string; port: number } | null]>([
  ["TCP4", text("PROXY TCP4 192.0.2.7 198.51.100.1 56789 80\r\n"), { host: "192.0.2.7", port: 56_789 }],
  ["TCP6", text("PROXY TCP6 2001:db8::1 ::1 0 65535\r\n"), { host: "2001:db8:0:0:0:0:0:1", port: 0 }],
  ["TCP6, mapped", text("PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n"), { host: "192.0.2.7", port: 1 }],
  ["UNKNOWN", text("PROXY UNKNOWN\r\n"), null],
  ["UNKNOWN with what is ignored", text("PROXY UNKNOWN ffff:f...f 1\r\n"), null],
  ["the longest line", text(LONGEST), null],
  ["version 2, IPv4", binary(0x21, 0x11, ipv4), { host: "192.0.2.7", port: 56_789 }],
  ["version 2, UDP", binary(0x21, 0x12, ipv4), { host: "192.0.2.7", port: 56_789 }],
  ["version 2, IPv6", binary(0x21, 0x21, ipv6), { host: "2001:db8:0:0:0:0:0:1", port: 65_535 }],
  ["version 2 with more behind", binary(0x21, 0x11, [...ipv4, 4, 0, 1, 0]), { host: "192.0.2.7", port: 56_789 }],
  ["version 2, a Unix socket", binary(0x21, 0x31, new Array(216).fill(1)), null],
  ["version 2, no family", binary(0x21, 0x00, []), null],
  ["version 2, the proxy itself", binary(0x20, 0x00, []), null],
  [
    "version 2, 4096 bytes",
    binary(0x21, 0x11, [...ipv4, ...new Array(4084).fill(0)]),
    { host: "192.0.2.7", port: 56_789 },
  ],
])("%s", (_, header, client) => {
  // What follows belongs to the connection.
  const bytes = Uint8Array.from([...header, 71, 69, 84]);
  expect(parseProxyHeader(bytes)).toEqual({ kind: "header", size: header.length, client });
  expect(parseProxyHeader(Buffer.from(bytes))).toEqual(parseProxyHeader(bytes));
  const kinds = Array.from(header, (_, size) => parseProxyHeader(bytes.subarray(0, size)).kind);
  expect(new Set(kinds)).toEqual(new Set(["incomplete"]));
});

test.each<[string, Uint8Array]>([
  ["HTTP", text("GET / HTTP/1.1\r\n")],
  ["one wrong byte", text("Q")],
  ["lower case", text("proxy TCP4 192.0.2.7 198.51.100.1 1 2\r\n")],
  ["a line that is too long", text(LONGEST.replace(" f", " ff"))],
  ["a line without an end", text(`PROXY TCP4 ${"1".repeat(200)}`)],
  ["a family", text("PROXY UDP4 192.0.2.7 198.51.100.1 1 2\r\n")],
  ["IPv6 as TCP4", text("PROXY TCP4 ::1 ::1 1 2\r\n")],
  ["IPv4 as TCP6", text("PROXY TCP6 192.0.2.7 198.51.100.1 1 2\r\n")],
  ["leading zeros", text("PROXY TCP4 192.0.02.7 198.51.100.1 1 2\r\n")],
  ["an octet", text("PROXY TCP4 192.0.256.7 198.51.100.1 1 2\r\n")],
  ["three octets", text("PROXY TCP4 192.0.2 198.51.100.1 1 2\r\n")],
  ["a destination", text("PROXY TCP4 192.0.2.7 198.51.100 1 2\r\n")],
  ["a port", text("PROXY TCP4 192.0.2.7 198.51.100.1 65536 2\r\n")],
  ["a port with a zero", text("PROXY TCP4 192.0.2.7 198.51.100.1 01 2\r\n")],
  ["a destination's port", text("PROXY TCP4 192.0.2.7 198.51.100.1 1 x\r\n")],
  ["two spaces", text("PROXY TCP4  192.0.2.7 198.51.100.1 1 2\r\n")],
  ["one field too many", text("PROXY TCP4 192.0.2.7 198.51.100.1 1 2 3\r\n")],
  ["one field too few", text("PROXY TCP4 192.0.2.7 198.51.100.1 1\r\n")],
  ["the signature", text(SIGNATURE.replace("QUIT", "QUIT!"))],
  ["version 1 in version 2", binary(0x11, 0x11, ipv4)],
  ["a command", binary(0x22, 0x11, ipv4)],
  ["a family of version 2", binary(0x21, 0x41, ipv4)],
  ["a transport", binary(0x21, 0x13, ipv4)],
  ["short IPv4", binary(0x21, 0x11, ipv4.slice(1))],
  ["short IPv6", binary(0x21, 0x21, ipv6.slice(1))],
  ["a short path", binary(0x21, 0x31, new Array(215).fill(1))],
  ["a length that never ends", binary(0x21, 0x11, ipv4, 4097)],
])("invalid: %s", (_, bytes) => {
  expect(parseProxyHeader(bytes)).toEqual({ kind: "invalid", reason: expect.stringMatching(/\w/) });
});

test.each([1, 2])("mutated headers give a typed result that is bounded, seed %i", (seed) => {
  const random = seededRandom(seed);
  const below = (end: number) => Math.floor(random() * end);
  const headers = [
    text("PROXY TCP4 192.0.2.7 198.51.100.1 56789 80\r\n"),
    text("PROXY TCP6 2001:db8::1 ::ffff:1.2.3.4 1 65535\r\n"),
    text("PROXY UNKNOWN\r\n"),
    binary(0x21, 0x11, ipv4),
    binary(0x21, 0x21, ipv6),
    binary(0x20, 0x00, []),
  ];
  const kinds = new Set<string>();
  for (let turn = 0; turn < 5000; turn++) {
    const bytes = [...(headers[below(headers.length)] as Uint8Array)];
    for (let count = 1 + below(3); count > 0; count--) {
      const at = below(bytes.length);
      const change = below(4);
      if (change === 0) bytes[at] = below(256);
      else if (change === 1) bytes.splice(at, 1 + below(4));
      else if (change === 2) bytes.splice(at, 0, ...Array.from({ length: 1 + below(4) }, () => below(256)));
      else bytes.push(...Array.from({ length: below(200) }, () => below(256)));
    }
    const result = parseProxyHeader(Uint8Array.from(bytes));
    kinds.add(result.kind);
    if (result.kind === "incomplete") expect(bytes.length).toBeLessThan(4112);
    if (result.kind !== "header") continue;
    expect(result.size).toBeLessThanOrEqual(bytes.length);
    if (!result.client) continue;
    expect(result.client.host).toMatch(/^(?:\d+\.){3}\d+$|^[\da-f:]+$/);
    expect(result.client.port).toBe(result.client.port & 0xffff);
  }
  expect(kinds).toEqual(new Set(["incomplete", "invalid", "header"]));
});

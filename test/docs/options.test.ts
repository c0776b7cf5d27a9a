// The tables of options in the docs against the declarations, and some against what the code does.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { completeConfig } from "../../lib/peer/peer-config.js";
import { limitsOf } from "../../lib/socket/websocket/websocket-options.js";
import { root } from "../support/runtimes.js";

const read = (file: string) => readFileSync(join(root, file), "utf8");

/** The rows of the tables with a column "default", by the number of the table: from name to default. */
function tablesOf(file: string): Map<string, string>[] {
  const tables = [
    ...read(file).matchAll(/^\| (?:option|setting|member)\b[^|\n]*\| default \|.*\n.*\n((?:\|.*\n?)*)/gm),
  ];
  return tables.map(([, rows = ""]) => {
    const cells = rows
      .trimEnd()
      .split("\n")
      .map((row) => row.split(" | "));
    return new Map(
      cells.flatMap(([names = "", defaults = ""]) => {
        const found = [...names.matchAll(/`(\w+)/g)].map(([, name = ""]) => name);
        // `host`, `port` have one default each.
        const each = found.length > 1 ? defaults.split(/, /) : [defaults];
        return found.map((name, index) => [name, each[index] ?? defaults] as const);
      }),
    );
  });
}

/** The members of an interface, with the defaults that their comments name. */
function declaredIn(file: string, name: string): Map<string, string> {
  const source = ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true);
  const found = source.statements.find((one) => ts.isInterfaceDeclaration(one) && one.name.text === name);
  return new Map(
    (found as ts.InterfaceDeclaration).members.map((member) => {
      const tag = ts.getJSDocTags(member).find(({ tagName }) => tagName.text === "defaultValue");
      return [member.name?.getText() ?? "", ts.getTextOfJSDocComment(tag?.comment) ?? ""];
    }),
  );
}

/** The first number of a text, `1 MiB` as bytes; undefined where there is none. */
function numberIn(text: string): number | undefined {
  const [, digits, unit] = text.match(/(?<![\w`])(\d[\d,]*)( MiB)?/) ?? [];
  return digits === undefined ? undefined : Number(digits.replaceAll(",", "")) * (unit ? 2 ** 20 : 1);
}

test.each([
  ["docs/message.md", 0, "lib/message/network-options.ts", "NetworkOptions", []],
  ["docs/message.md", 1, "lib/message/network-server-options.ts", "NetworkServerOptions", []],
  ["docs/message.md", 2, "lib/message/network-client-options.ts", "NetworkClientOptions", []],
  ["docs/peer.md", 0, "lib/peer/peer-config.ts", "PeerConfig", []],
  ["docs/gns-socket.md", 0, "lib/socket/gns/gns-socket-factory.ts", "GnsSocketFactoryOptions", ["clock"]],
  ["docs/gns-socket.md", 0, "lib/valve/sockets/library.ts", "InitializeOptions", []],
  ["docs/p2p.md", 0, "lib/socket/gns/gns-end-point.ts", "GnsPeerSettings", []],
  ["docs/p2p.md", 1, "lib/signaling/signaling-server.ts", "SignalingServerOptions", []],
  ["docs/endpoint.md", 0, "lib/valve/endpoint/endpoint.ts", "EndpointOptions", []],
  ["docs/endpoint.md", 1, "lib/valve/endpoint/endpoint.ts", "ListenOptions", []],
  ["docs/sockets.md", 0, "lib/socket/udp/udp-socket-factory.ts", "UdpSocketFactoryOptions", ["clock"]],
  ["docs/sockets.md", 1, "lib/socket/websocket/websocket-options.ts", "WebSocketClientFactoryOptions", ["clock"]],
  ["docs/sockets.md", 1, "lib/socket/websocket/websocket-server-options.ts", "WebSocketFactoryOptions", []],
  ["docs/rooms.md", 1, "lib/rooms/host/room-kind.ts", "RoomKind", ["commitCodec", "apply", "snapshot", "restore"]],
])("%s, table %i: all of %s %s, with its defaults", (page, index, file, name, others) => {
  const table = tablesOf(page)[index] as Map<string, string>;
  const declared = declaredIn(file, name);
  for (const other of others) declared.delete(other);
  expect([...declared.keys()].filter((member) => !table.has(member))).toEqual([]);
  for (const [member, value] of declared) {
    expect(`${member}: ${numberIn(table.get(member) ?? "")}`).toBe(`${member}: ${numberIn(value)}`);
  }
});

test.each([
  ["docs/peer.md", 0, completeConfig({}), 10],
  ["docs/message.md", 3, completeConfig({}), 7],
  ["docs/sockets.md", 1, limitsOf({}), 4],
])("%s, table %i: the code has these defaults", (page, index, defaults, count) => {
  const config = new Map<string, unknown>(Object.entries(defaults));
  const table = tablesOf(page)[index] as Map<string, string>;
  const numbers = [...config].filter(([name, value]) => typeof value === "number" && table.has(name));
  expect(numbers.length).toBeGreaterThanOrEqual(count);
  for (const [name, value] of numbers) expect(`${name}: ${numberIn(table.get(name) ?? "")}`).toBe(`${name}: ${value}`);
});

import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { hasUnseen } from "../../lib/printable.js";
import { temporaryFolder } from "../support/packed.js";
import { root } from "../support/runtimes.js";
import { startCommand } from "./command.js";

const RED = "\u001b[31m";
const distOf = (path: string) => pathToFileURL(join(root, "dist", path)).href;
const commandsTerminal = (text: string) => text.split("\n").some(hasUnseen);

/** What `valve-sockets inspect` says of a server that answers as it likes. */
async function inspected(listener: RequestListener, ...options: string[]) {
  const server = createServer(listener).listen(0, "127.0.0.1");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return startCommand("inspect", `127.0.0.1:${port}#token`, "--once", ...options).end();
}

const row = {
  ...{ id: 1, address: `${RED}1.2.3.4:5`, transport: "\u009b31mudp", state: "\u202eAuthenticated" },
  ...{ roundTripTimeMs: 5, packetsLost: 0, bytesSent: 1, bytesReceived: 1, bufferedBytes: 0 },
};
const snapshot = { name: `${RED}game`, version: 1, timeMs: 5, connections: [row] };
const answer =
  (value: unknown): RequestListener =>
  (_, response) =>
    void response.end(JSON.stringify(value));

describe("inspect and a hostile server:", () => {
  test("texts command no terminal", async () => {
    for (const options of [[], ["--json"]]) {
      const { code, stdout } = await inspected(answer(snapshot), ...options);
      expect(code).toBe(0);
      expect(stdout).toContain("1.2.3.4:5");
      expect(commandsTerminal(stdout)).toBe(false);
    }
  });

  test.each<[string, RequestListener, RegExp, ...string[]]>([
    ["no JSON", (_, response) => void response.end("<html>"), /does not answer/],
    ["null", answer(null), /no inspector of this version/],
    ["rows that are none", answer({ ...snapshot, connections: [{ ...row, roundTripTimeMs: "5" }] }), /no inspector/],
    ["an error with control characters", (_, response) => void response.writeHead(500).end(RED), /^\\u\{1b\}\[31m\n$/],
    ["another address", (_, response) => void response.writeHead(302, { location: "/other" }).end(), /redirect/],
    ["nothing", () => {}, /does not answer/, "--timeout", "300"],
    [
      "without an end",
      (_, response) => {
        const write = () => void (response.write(Buffer.alloc(2 ** 20, " ")) && setImmediate(write));
        response.on("drain", write);
        write();
      },
      /longer than 16777216 bytes/,
    ],
  ])("it answers %s, and the command ends with 1", async (_, listener, text, ...options) => {
    const { code, stdout, stderr } = await inspected(listener, ...options);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(text);
    expect(commandsTerminal(stderr)).toBe(false);
  });
});

test("a hostile trace commands no terminal, and values of any kind are text", async () => {
  const { folder, remove } = temporaryFolder();
  onTestFinished(remove);
  const file = join(folder, "trace.jsonl");
  const event = (name: string, data: object) => JSON.stringify({ time: 1, source: `${RED}server`, name, data });
  const lines = [
    event("connectivity:connection_started", { id: { toString: 1 }, address: { toString: 1 } }),
    event("connectivity:connection_started", { id: 2, address: `${RED}address` }),
    event("connectivity:connection_closed", { id: 2, code: { toString: 1 }, reason: "\u202eend" }),
    event(`${RED}event`, { id: 2, text: "\u009b31m" }),
  ];
  writeFileSync(file, lines.join("\n"));
  for (const options of [[], ["--json"], ["--events"], ["--events", "--json"]]) {
    const { code, stdout, stderr } = await startCommand("trace", file, ...options).end();
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout.split("\n").length).toBeGreaterThan(2);
    expect(commandsTerminal(stdout)).toBe(false);
  }
});

describe("an input without an end is no", () => {
  test("packet", async () => {
    const wire = startCommand("wire");
    const closed = once(wire.child, "close");
    const digits = "0".repeat(2 ** 16);
    const write = () => {
      while (wire.child.stdin?.writable && wire.child.stdin.write(digits));
    };
    wire.child.stdin?.on("drain", write);
    write();
    expect(await closed).toEqual([2, null]);
    expect(wire.output.stderr).toMatch(/no packet: it is longer than 2097152 bytes/);
  });

  test("private key", async () => {
    const { code, stderr } = await startCommand("serve", "--port", "0", "--key", "/dev/zero").end();
    expect(code).toBe(2);
    expect(stderr).toMatch(/--key cannot be read: it is longer than 1000 bytes/);
  });
});

describe("a script of load that", () => {
  /** What `load` says of a script. */
  const loaded = async (script: string, ...options: string[]) => {
    const { folder, remove } = temporaryFolder();
    onTestFinished(remove);
    const file = join(folder, "bot.mjs");
    writeFileSync(file, script);
    const server = startCommand("serve", "--port", "0", "--json");
    const [port] = /\d+(?=})/.exec(await server.waitFor("stdout", /.*"listening".*/)) as RegExpExecArray;
    return startCommand("load", `127.0.0.1:${port}`, "--bots", "1", "--json", "--script", file, ...options).end();
  };
  const chat = `export { chatProtocol as protocol } from ${JSON.stringify(distOf("cli/chat-protocol.js"))};`;

  test("throws null when it is loaded is told", async () => {
    const { code, stderr } = await loaded("throw null");
    expect([code, stderr.split("\n")[0]]).toEqual([2, "--script cannot be loaded: null"]);
  });

  test("has a wrong protocol ends it, and nothing is shown afterwards", async () => {
    const { code, stderr } = await loaded(
      "export const protocol = {}; export function bot() {}",
      ...["--seconds", "86400"], // what goes on is not waited for
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(/protocol must be what defineProtocol returns/);
  });

  test("fails with no error is counted", async () => {
    const { code, stdout } = await loaded(
      `${chat} export async function bot({ measure }) { await measure(Promise.reject(undefined)); throw null; }`,
    );
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ connected: 1, failures: 2, errors: { undefined: 1, null: 1 } });
  });
});

test("ping tells of a network that cannot be reached, and of a name without an address of its family", async () => {
  for (const server of ["255.255.255.255:5", "[fe80::1%nope]:5"]) {
    const { code, stdout, stderr } = await startCommand("ping", server, "--count", "1", "--timeout", "50").end();
    expect([code, stderr]).toEqual([1, ""]);
    expect(stdout).toContain("gave no answer");
  }
});

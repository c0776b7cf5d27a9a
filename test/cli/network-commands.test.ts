import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { defineProtocol, NetworkServer } from "../../lib/message/index.js";
import { definePrefab, NetworkBehaviour, networked, ServerObjectManager } from "../../lib/object/index.js";
import { u8 } from "../../lib/serialization/index.js";
import { UdpSocketFactory } from "../../lib/socket/udp.js";
import { temporaryFolder } from "../support/packed.js";
import { root } from "../support/runtimes.js";
import { createTlsIdentity } from "../support/tls-identity.js";
import { startCommand } from "./command.js";

const run = (...args: string[]) => startCommand(...args).end();

/** Starts `valve-sockets serve` on a free port. */
async function serve(...args: string[]) {
  const server = startCommand("serve", "--port", "0", "--json", ...args);
  const { port } = JSON.parse(await server.waitFor("stdout", /.*"listening".*/)) as { port: number };
  return { ...server, port, address: `127.0.0.1:${port}` };
}

describe.each(["udp", "gns", "websocket"])("over %s", (transport) => {
  test("ping tells what a server is, connect talks to it, load counts its answers", async () => {
    const { address, port, ...server } = await serve("--transport", transport, "--name", "Ada's game");
    const over = ["--transport", transport];
    const ping = await run("ping", address, ...over, "--count", "3", "--interval", "1", "--timeout", "30000", "--json");
    expect(ping).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(ping.stdout)).toMatchObject({
      ...{ server: address, transport, state: "open", name: "Ada's game", version: "1", players: 0, places: 1000 },
      ...{ sent: 3, received: 3, lostPercent: 0, error: null },
    });

    const ada = startCommand("connect", address, ...over, "--name", "ada");
    await ada.waitFor("stderr", /Connected/);
    const bob = startCommand("connect", address, ...over, "--name", "bob");
    await bob.waitFor("stderr", /Connected/);
    ada.write("hello");
    await bob.waitFor("stdout", /^ada: hello$/m);
    bob.write("\u202eolleh");
    await ada.waitFor("stdout", /^bob: \\u\{202e\}olleh$/m);
    expect([(await ada.end()).code, (await bob.end()).code]).toEqual([0, 0]);
    await server.waitFor("stdout", /"left"/);

    const load = await run("load", address, ...over, "--bots", "5", "--rate", "50", "--seconds", "2", "--json");
    const figures = JSON.parse(load.stdout);
    expect(figures).toMatchObject({ server: address, bots: 5, connected: 5, lost: 0, failures: 0, errors: {} });
    expect(figures.answers).toBeGreaterThan(5);
    expect(figures.answers).toBeLessThanOrEqual(5 * (50 * figures.seconds + 1));
    expect(figures.roundTripMs.p50).toBeLessThanOrEqual(figures.roundTripMs.p99);
    expect(load).toMatchObject({ code: 0, stderr: "" });
    server.child.kill("SIGTERM");
    expect(await server.end()).toMatchObject({ code: 0 });
  });
});

test("a client pins the server's key", async () => {
  const { folder, remove } = temporaryFolder();
  onTestFinished(remove);
  const out = join(folder, "server.key");
  const made = await run("keygen", "--out", out, "--json");
  const { publicKey, ...others } = JSON.parse(made.stdout);
  expect([others, statSync(out).mode & 0o777]).toEqual([{}, 0o600]);
  expect(readFileSync(out, "utf8")).toMatch(/^vs1private_/);
  expect(await run("keygen", "--out", out)).toMatchObject({
    code: 1,
    stdout: "",
    stderr: /server\.key is there already, and is not written over/,
  });

  const { address, ...server } = await serve("--key", out);
  const connected = startCommand("connect", address, "--server-key", publicKey);
  await connected.waitFor("stderr", /Connected/);
  expect(await connected.end()).toMatchObject({ code: 0 });
  const { publicKey: other } = JSON.parse((await run("keygen", "--json")).stdout);
  const refused = await run("connect", address, "--server-key", other);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("ERR_SERVER_KEY_MISMATCH") });
  server.child.kill("SIGINT");
  expect(await server.end()).toMatchObject({ code: 0 });
});

describe("ping tells why there is no answer", () => {
  test("nothing has opened the UDP port", async () => {
    const socket = createSocket("udp4").bind(0, "127.0.0.1");
    await once(socket, "listening");
    const { port } = socket.address();
    const silent = await run("ping", `127.0.0.1:${port}`, "--count", "1", "--timeout", "1");
    expect(silent).toMatchObject({ code: 1, stdout: expect.stringContaining("1. Does the server run") });
    socket.close();
    await once(socket, "close");
    const closed = await run(
      "ping",
      `127.0.0.1:${port}`,
      "--count",
      "2",
      "--interval",
      "1",
      "--timeout",
      "1",
      "--json",
    );
    const error = { code: "ERR_CONNECT_FAILED", message: expect.any(String) };
    expect(JSON.parse(closed.stdout)).toMatchObject({ state: "closed", sent: 2, received: 0, lostPercent: 100, error });
    expect(closed.code).toBe(1);
  });

  test("nothing has opened the TCP port", async () => {
    const listener = createServer().listen(0, "127.0.0.1");
    await once(listener, "listening");
    const { port } = listener.address() as AddressInfo;
    listener.close();
    await once(listener, "close");
    const closed = await run("ping", `ws://127.0.0.1:${port}/play`, "--count", "1", "--timeout", "30000", "--json");
    expect(JSON.parse(closed.stdout)).toMatchObject({ state: "closed", transport: "websocket" });
  });

  test("the server speaks another protocol", async () => {
    const gns = await serve("--transport", "gns");
    const overUdp = await run("ping", gns.address, "--count", "1", "--timeout", "200");
    expect([overUdp.code, overUdp.stdout]).toEqual([1, expect.stringContaining("GameNetworkingSockets answers there")]);
    const udp = await serve();
    const overGns = await run("ping", udp.address, "--transport", "gns", "--timeout", "30000", "--json");
    const code = "ERR_OTHER_PROTOCOL";
    expect(JSON.parse(overGns.stdout)).toMatchObject({ state: "other protocol", sent: 1, error: { code } });
    for (const { child, end } of [gns, udp]) {
      child.kill("SIGTERM");
      await end();
    }
  });

  test.each(["udp", "gns"])("something else answers at the UDP port: %s", async (transport) => {
    const stranger = createSocket("udp4").bind(0, "127.0.0.1");
    onTestFinished(() => void stranger.close());
    stranger.on("message", (_, { port, address }) => stranger.send("What?", port, address));
    await once(stranger, "listening");
    const address = `127.0.0.1:${stranger.address().port}`;
    const asked = await run("ping", address, "--transport", transport, "--count", "1", "--timeout", "200", "--json");
    expect(JSON.parse(asked.stdout)).toMatchObject({
      state: "other protocol",
      error: { code: "ERR_OTHER_PROTOCOL", message: expect.stringContaining("belong to another program") },
    });
  });

  test("the name has no address", async () => {
    const { code, stdout } = await run("ping", "nobody.invalid", "--json");
    expect([code, JSON.parse(stdout).error.code]).toEqual([1, "ERR_NAME_NOT_FOUND"]);
    expect((await run("ping", "nobody.invalid")).stdout).toContain("ERR_NAME_NOT_FOUND");
  });
});

test("ping tells why it cannot ask: a certificate that nobody trusts", async () => {
  const https = createSecureServer(createTlsIdentity()).listen(0, "127.0.0.1");
  await once(https, "listening");
  const { port } = https.address() as AddressInfo;
  const { code, stdout } = await run("ping", `wss://127.0.0.1:${port}`, "--timeout", "10000");
  expect(stdout).toMatch(/^ERR_BAD_CERTIFICATE: .*not one that this client trusts/);
  expect(code).toBe(1);
  https.close();
});

/** A script for `load`; `text` is a module that has `protocol` and `Say` of the chat. */
function writeScript(text: string): string {
  const { folder, remove } = temporaryFolder();
  onTestFinished(remove);
  const script = join(folder, "bot.mjs");
  const protocol = JSON.stringify(join(root, "dist", "cli", "chat-protocol.js"));
  const head = `import { chatProtocol, Say } from ${protocol};\nexport const protocol = chatProtocol;\n`;
  writeFileSync(script, head + text);
  return script;
}

test("serve ends the connection of who says more lines than it repeats to all", async () => {
  const { address, ...server } = await serve();
  const listener = startCommand("connect", address, "--name", "listener");
  await listener.waitFor("stderr", /Connected/);
  await startCommand("connect", address, "--name", "flooder").end("hello\n".repeat(200));
  await server.waitFor("stdout", /"left".*More than 20 lines at once/);
  expect((await listener.end()).stdout.match(/flooder: hello/g)?.length).toBeLessThan(30);
  server.child.kill("SIGTERM");
  await server.end();
});

describe("load", () => {
  test("plays the bot of a script, and counts what fails", async () => {
    const { address, ...server } = await serve();
    const script = writeScript(`export async function bot({ client, index, measure }) {
      await measure(Promise.resolve());
      if (index === 0) throw Object.assign(new Error("failed"), { code: "ERR_OF_BOT" });
      if (index === 1) await measure(Promise.reject(new Error("\\u001b[31mred")));
    }`);
    const { code, stdout } = await run("load", address, "--script", script, "--bots", "3", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ connected: 3, lost: 0, answers: 3, failures: 2 },
      errors: { ERR_OF_BOT: 1, "\u001b[31mred": 1 },
    });
    expect(code).toBe(1);
    const shown = await run("load", address, "--script", script, "--bots", "2");
    expect(shown.stdout).toContain("1 times: \\u{1b}[31mred");
    server.child.kill("SIGTERM");
    await server.end();
  });

  test("makes the managers of a game before its bots connect; without them it says what is missing", async () => {
    const protocol = defineProtocol({ name: "game", version: 1, messages: [] });
    const server = new NetworkServer({ protocol, socketFactory: new UdpSocketFactory({ port: 0 }) });
    const Ship = networked(class Ship extends NetworkBehaviour {}, { health: u8 });
    const ShipPrefab = definePrefab("ship", { ship: Ship });
    const objects = new ServerObjectManager(server, { prefabs: [ShipPrefab] });
    server.on("authenticated", (owner) => objects.spawn(ShipPrefab, { owner }));
    await server.start();
    const { folder, remove } = temporaryFolder();
    onTestFinished(remove);
    const game = `import { defineProtocol } from ${JSON.stringify(join(root, "dist", "message", "index.js"))};
      import * as objects from ${JSON.stringify(join(root, "dist", "object", "index.js"))};
      import { u8 } from ${JSON.stringify(join(root, "dist", "serialization", "index.js"))};
      const Ship = objects.networked(class Ship extends objects.NetworkBehaviour {}, { health: u8 });
      const prefabs = [objects.definePrefab("ship", { ship: Ship })];
      export const protocol = defineProtocol({ name: "game", version: 1, messages: [] });`;
    writeFileSync(
      join(folder, "bot.mjs"),
      `${game}
      export function prepare(client) {
        const world = new objects.ClientObjectManager(client, { prefabs });
        return { spawned: new Promise((resolve) => world.on("spawned", resolve)) };
      }
      export const bot = ({ prepared, measure }) => measure(prepared.spawned);`,
    );
    writeFileSync(join(folder, "without.mjs"), `${game}\nexport const bot = () => {};`);
    const address = `127.0.0.1:${server.boundPort}`;
    const { code, stdout } = await run("load", address, "--script", join(folder, "bot.mjs"), "--bots", "3", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ connected: 3, lost: 0, answers: 3, failures: 0 });
    expect(code).toBe(0);
    const without = await run("load", address, "--script", join(folder, "without.mjs"), "--bots", "1");
    expect(without).toMatchObject({ code: 1 });
    expect(without.stdout).toMatch(/1 times: ERR_PROTOCOL_MISMATCH: .*needs a ClientObjectManager before it starts/);
    await server.stop();
  });

  test("ends when its time is over, even if a bot does not", async () => {
    const { address, ...server } = await serve();
    const script = writeScript("export const bot = () => new Promise(() => {});");
    const { code, stdout } = await run("load", address, "--bots", "2", "--seconds", "3", "--script", script, "--json");
    expect(JSON.parse(stdout)).toMatchObject({ connected: 2, lost: 0, failures: 0 });
    expect(code).toBe(0);
    server.child.kill("SIGTERM");
    await server.end();
  });

  test("tells the same warning of all bots once", async () => {
    const { address, ...server } = await serve();
    const script = writeScript(`import { once } from "node:events";
    export async function bot({ client, signal }) {
      client.send(Say, { name: "", text: "I play" });
      await once(signal, "abort");
    }`);
    const load = startCommand("load", address, "--bots", "3", "--seconds", "3600", "--script", script, "--json");
    for (let bot = 0; bot < 3; bot++) await server.waitFor("stdout", /I play/);
    await load.waitFor("stderr", /No handler for/);
    load.child.kill("SIGINT");
    const { stderr } = await load.end();
    const lines = stderr.trim().split("\n");
    expect(new Set(lines).size).toBe(lines.length);
    server.child.kill("SIGTERM");
    await server.end();
  });

  test("a server that ends is told", async () => {
    const { address, ...server } = await serve();
    const load = startCommand("load", address, "--bots", "3", "--seconds", "3600", "--json");
    for (let bot = 0; bot < 3; bot++) await server.waitFor("stdout", /"joined"/);
    server.child.kill("SIGTERM");
    const { code, stdout } = await load.end();
    expect(JSON.parse(stdout)).toMatchObject({ connected: 3, lost: 3 });
    expect(code).toBe(1);
  });

  test("Ctrl-C ends it before its time, with what it has found out", async () => {
    const { address, ...server } = await serve();
    const script = writeScript(`export function bot({ client, signal }) {
      client.send(Say, { name: "", text: "I play" });
      return new Promise((resolve) => signal.addEventListener("abort", resolve));
    }`);
    const load = startCommand("load", address, "--bots", "2", "--seconds", "3600", "--script", script, "--json");
    for (let bot = 0; bot < 2; bot++) await server.waitFor("stdout", /I play/);
    load.child.kill("SIGINT");
    const { code, stdout } = await load.end();
    expect(JSON.parse(stdout)).toMatchObject({ bots: 2, connected: 2, lost: 0, failures: 0 });
    expect(code).toBe(0);
    server.child.kill("SIGTERM");
    await server.end();
  });
});

test.each([
  [["ping"], "one server"],
  [["ping", "a:0"], "HOST:PORT"],
  [["ping", "a:65536"], "HOST:PORT"],
  [["ping", "::1"], "HOST:PORT"],
  [["ping", "a", "b"], "one server"],
  [["ping", "a", "--transport", "tcp"], "udp, gns, websocket"],
  [["ping", "a", "--count", "0"], "--count is a whole number from 1"],
  [["ping", "a", "--timeout", "1.5"], "--timeout"],
  [["ping", "a", "--cuont", "1"], "There is no option --cuont; did you mean --count?"],
  [["load", "a", "-b", "1"], "There is no option -b; there are --"],
  [["serve", "--port", "65536"], "--port is a whole number from 0 to 65535"],
  [["serve", "--key", "/nonexistent"], "ENOENT"],
  [["serve", "there"], "no there"],
  [["load", "a", "--bots", "10001"], "--bots"],
  [["load", "a", "--script", "/nonexistent.mjs"], "--script"],
  [["connect"], "one server"],
  [["keygen", "x"], "no x"],
  [["cert", "x"], "no x"],
  [["cert", "--days", "3"], "--identity"],
  [["cert", "--identity", "str:a"], "--out"],
  [["cert", "--identity", "eu-1", "--out", "certs"], "--identity is str:NAME"],
  [["cert", "--identity", "str:../a", "--out", "certs"], "--identity is str:NAME"],
  [["cert", "--identity", "str:a", "--out", "certs", "--days", "0"], "--days is a whole number from 1"],
  [["doctor", "x"], "no x"],
  [["wire", "1"], "hexadecimal"],
  [["wire", "zz"], "hexadecimal"],
  [["completion"], "bash, zsh, fish"],
  [["completion", "csh"], "bash, zsh, fish"],
  [["pong"], "There is no command pong; did you mean ping?"],
  [["play"], "There is no command play; there are cert, connect"],
])("wrong arguments end it with 2: %j", async (args, text) => {
  const { code, stdout, stderr } = await run(...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr.split("\n")[0]).toContain(text);
});

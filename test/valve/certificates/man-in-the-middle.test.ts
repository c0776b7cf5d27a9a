import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  authenticatedOnly,
  type ConfigOption,
  ConfigValue,
  ConnectionState,
  createCertificate,
  createCertificateAuthority,
  Library,
  NetworkingIdentity,
  SendFlags,
  type StatusInfo,
} from "../../../lib/index.js";
import { addressOf, Peer } from "../../support/peer.js";
import { UdpRelay } from "../../support/udp-relay.js";

const authority = createCertificateAuthority();
const strangeAuthority = createCertificateAuthority();
const shortTimeout = { value: ConfigValue.TimeoutInitial, data: 2000 };
const SECRET = "the secret that nobody but the server may read";

const certificateOf = (name: string, by = authority) =>
  Buffer.from(createCertificate(by, { identity: identityOf(name) })).toString("base64");

function identityOf(name: string): NetworkingIdentity {
  const identity = new NetworkingIdentity();
  identity.setGenericString(name);
  return identity;
}

/** A program with what it has said so far; all are ended after each test. */
interface Program {
  port: number;
  said: Record<string, unknown>[];
  /** Waits until it says something with these fields. */
  hears(fields: Record<string, unknown>): Promise<void>;
}

const children: ChildProcess[] = [];
const relays: UdpRelay[] = [];

function start(name: string, settings: object): Promise<Program> {
  const path = fileURLToPath(new URL(`../../programs/${name}.mjs`, import.meta.url));
  const child = fork(path, [JSON.stringify(settings)]);
  children.push(child);
  const said: Record<string, unknown>[] = [];
  const has = (fields: Record<string, unknown>) =>
    said.some((message) => Object.entries(fields).every(([key, value]) => message[key] === value));
  const hears = async (fields: Record<string, unknown>) => {
    while (!has(fields)) await once(child, "message");
  };
  return new Promise((resolve, reject) => {
    child.on("exit", (code) => reject(new Error(`${name} ended with ${code}`)));
    child.on("message", (message: Record<string, unknown>) => {
      said.push(message);
      if (typeof message.port === "number") resolve({ port: message.port, said, hears });
    });
  });
}

async function relayTo(port: number, change?: (packet: Buffer) => Buffer): Promise<[UdpRelay, number]> {
  const relay = new UdpRelay();
  relays.push(relay);
  return [relay, await relay.start(port, change)];
}

let client: Peer;
const server = { authority: authority.certificate, certificate: certificateOf("server") };

afterEach(() => {
  client.sockets.destroy();
  Library.deinitialize();
  for (const child of children.splice(0)) {
    child.removeAllListeners("exit");
    if (child.connected) child.disconnect();
  }
  for (const relay of relays.splice(0)) relay.close();
});

/** Connects and waits until that has succeeded or failed. */
function connect(port: number, options: readonly ConfigOption[]): Promise<StatusInfo> {
  const connection = client.sockets.connect(addressOf("127.0.0.1", port), options);
  const ends = [ConnectionState.Connected, ConnectionState.ClosedByPeer, ConnectionState.ProblemDetectedLocally];
  return client.until(() =>
    client.events.find((event) => event.connection === connection && ends.includes(event.connectionInfo.state)),
  );
}

/** Sends the secret and waits for the answer. */
async function talk(connection: number): Promise<void> {
  client.receiveFrom = () => client.sockets.receiveMessagesOnConnection(connection, 100);
  client.sockets.sendMessage(connection, Buffer.from(SECRET), SendFlags.ReliableNoNagle);
  await client.until(() => client.received.length > 0);
  expect(Buffer.from(client.received[0] as Uint8Array).toString()).toBe(SECRET);
}

/** Puts another key at the n-th place of the packet where there is one (key type, length, 32 bytes). */
function replaceKey(packet: Buffer, place: number): Buffer {
  let at = -1;
  for (let count = 0; count <= place; count++) {
    at = packet.indexOf(Buffer.from([0x08, 0x01, 0x12, 0x20]), at + 1);
    if (at < 0) return packet;
  }
  const changed = Buffer.from(packet);
  for (let index = at + 4; index < at + 36; index++) changed[index] = index;
  return changed;
}

describe("a client with the authority", () => {
  beforeEach(() => {
    Library.initialize();
    Library.addCertificateAuthority(authority.certificate);
    client = new Peer();
  });

  test("knows the server", async () => {
    const { port, hears } = await start("auth-server", server);
    const { connection, connectionInfo } = await connect(port, authenticatedOnly);
    expect(connectionInfo).toMatchObject({ state: ConnectionState.Connected, isAuthenticated: true, endReason: 0 });
    expect(connectionInfo.identity.toString()).toBe("str:server");
    await talk(connection);
    await hears({ authenticated: false });
  });

  test("through a relay that only looks, which sees neither the secret nor the server's key", async () => {
    const certificate = createCertificate(authority, { identity: identityOf("server") });
    const program = await start("auth-server", { ...server, certificate: Buffer.from(certificate).toString("base64") });
    const [relay, port] = await relayTo(program.port);
    const { connection, connectionInfo } = await connect(port, authenticatedOnly);
    expect(connectionInfo.isAuthenticated).toBe(true);
    await talk(connection);
    const seen = Buffer.concat(relay.passed);
    const privateKey = Buffer.from(certificate.slice(-32));
    expect(seen.length).toBeGreaterThan(1000);
    expect(seen.includes(SECRET)).toBe(false);
    expect(seen.includes(privateKey)).toBe(false);
    // The certificate did pass, or the two lines above would say nothing.
    expect(seen.includes("str:server")).toBe(true);
  });

  test.each([
    ["the key exchange", 0, 4002],
    ["the certificate", 1, 4003],
  ])("refuses a server when the relay puts another key into %s", async (_name, place, reason) => {
    const program = await start("auth-server", server);
    const [, port] = await relayTo(program.port, (packet) => replaceKey(packet, place));
    const { connectionInfo } = await connect(port, authenticatedOnly);
    expect(connectionInfo).toMatchObject({ state: ConnectionState.ProblemDetectedLocally, endReason: reason });
  });

  test.each<[string, object, number, string]>([
    // GNS drops what such a server says instead of answering it.
    ["without a name", {}, 5003, "Timed out"],
    ["without a certificate", { name: "server" }, 4003, "Unsigned certs are not allowed"],
    [
      "with a certificate of another authority",
      { authority: strangeAuthority.certificate, certificate: certificateOf("server", strangeAuthority) },
      4003,
      "Bad cert: CA key",
    ],
  ])("refuses a man in the middle %s", async (_name, settings, reason, text) => {
    const { port: upstream } = await start("auth-server", server);
    const { port, said } = await start("auth-attacker", { upstream, ...settings });
    const { connection, connectionInfo } = await connect(port, [...authenticatedOnly, shortTimeout]);
    expect(connectionInfo).toMatchObject({ state: ConnectionState.ProblemDetectedLocally, endReason: reason });
    expect(connectionInfo.endDebug).toContain(text);
    expect(client.sockets.sendMessage(connection, Buffer.from(SECRET), SendFlags.Reliable)).not.toBe(1);
    expect(said.filter(({ saw }) => saw !== undefined)).toEqual([]);
  });

  test("sees the identity of a man in the middle that has a certificate of its own", async () => {
    const { port: upstream } = await start("auth-server", server);
    const settings = { authority: authority.certificate, certificate: certificateOf("mallory") };
    const { port } = await start("auth-attacker", { upstream, ...settings });
    const { connectionInfo } = await connect(port, authenticatedOnly);
    expect(connectionInfo.isAuthenticated).toBe(true);
    expect(connectionInfo.identity.toString()).toBe("str:mallory");
  });

  test("that accepts every client sees which are not authenticated", async () => {
    const { port } = await start("auth-server", {});
    const { connection, connectionInfo } = await connect(port, []);
    expect(connectionInfo).toMatchObject({ state: ConnectionState.Connected, isAuthenticated: false });
    await talk(connection);
  });
});

describe("a client with the authority and a certificate", () => {
  beforeEach(() => {
    Library.initialize();
    Library.addCertificateAuthority(authority.certificate);
    client = new Peer();
    client.sockets.setCertificate(createCertificate(authority, { identity: identityOf("alice") }));
  });

  test("is known to the server", async () => {
    const { port, hears } = await start("auth-server", { ...server, authenticated: true });
    const { connection, connectionInfo } = await connect(port, authenticatedOnly);
    expect(connectionInfo.isAuthenticated).toBe(true);
    await talk(connection);
    await hears({ client: "str:alice", authenticated: true });
  });
});

describe("a client without an authority", () => {
  beforeEach(() => {
    Library.initialize();
    client = new Peer();
  });

  test("is open to a man in the middle: what encryption alone is worth", async () => {
    const { port: upstream } = await start("auth-server", server);
    const { port, hears } = await start("auth-attacker", { upstream });
    const { connection, connectionInfo } = await connect(port, []);
    expect(connectionInfo).toMatchObject({ state: ConnectionState.Connected, isAuthenticated: false });
    await talk(connection);
    await hears({ saw: SECRET });
  });

  test("connects to a server with a certificate as to any other", async () => {
    const { port } = await start("auth-server", server);
    const { connection, connectionInfo } = await connect(port, []);
    expect(connectionInfo).toMatchObject({ state: ConnectionState.Connected, isAuthenticated: false });
    await talk(connection);
  });

  test("accepts no server if it requires certificates", async () => {
    const { port } = await start("auth-server", server);
    const { connectionInfo } = await connect(port, authenticatedOnly);
    expect(connectionInfo).toMatchObject({ state: ConnectionState.ProblemDetectedLocally, endReason: 4003 });
  });

  test("is refused by a server that insists", async () => {
    const { port, said } = await start("auth-server", { ...server, authenticated: true });
    const { connectionInfo } = await connect(port, [shortTimeout]);
    expect(connectionInfo.state).not.toBe(ConnectionState.Connected);
    expect(said.filter(({ client: name }) => name !== undefined)).toEqual([]);
  });
});

import { afterEach, describe, expect, test } from "vitest";
import { ConnectionGuard, type Pass, type Refusal } from "../../lib/guard/index.js";
import {
  defineProtocol,
  NetworkClient,
  type NetworkClientOptions,
  NetworkServer,
  type NetworkServerOptions,
  sharedSecretAuthenticator,
  sharedSecretCredential,
} from "../../lib/message/index.js";
import { GnsSocketFactory } from "../../lib/socket/gns.js";
import { LagSocketFactory, type SocketFactory } from "../../lib/socket/index.js";
import { UdpSocketFactory } from "../../lib/socket/udp.js";
import { WebSocketFactory } from "../../lib/socket/websocket-server.js";

/** A guard that sees this machine's clients at an address of a network: loopback is never limited and never banned. */
class GuardOfNetwork extends ConnectionGuard {
  readonly #address = "192.0.2.7";
  asked = 0;

  override accept(): Pass | Refusal {
    this.asked++;
    return super.accept(this.#address);
  }

  override isBanned(): boolean {
    return super.isBanned(this.#address);
  }
}

const protocol = () => defineProtocol({ name: "guarded", version: 1, messages: [] });
const clean: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of clean.splice(0).reverse()) await end();
});

const at = (port: number) => ({ host: "127.0.0.1", bindHost: "127.0.0.1", port });
const webSocket = (port: number, guard: ConnectionGuard) => new WebSocketFactory({ ...at(port), guard });
const transports: [string, (port: number, guard: ConnectionGuard) => SocketFactory][] = [
  ["udp", (port) => new UdpSocketFactory(at(port))],
  ["gns", (port) => new GnsSocketFactory(at(port))],
  ["websocket, asked by the Peer", (port) => new WebSocketFactory(at(port))],
  ["websocket, asked before HTTP", webSocket],
  ["websocket behind a lag", (port, guard) => new LagSocketFactory(webSocket(port, guard))],
];

async function started(
  createFactory: (port: number, guard: ConnectionGuard) => SocketFactory,
  options: Partial<NetworkServerOptions> = {},
) {
  const guard = new GuardOfNetwork();
  const server = new NetworkServer({
    protocol: protocol(),
    socketFactory: createFactory(0, guard),
    peer: { guard },
    ...options,
  });
  await server.start();
  clean.push(() => server.stop());
  const join = async (options: Partial<NetworkClientOptions> = {}) => {
    const socketFactory = createFactory(server.boundPort as number, guard);
    const client = new NetworkClient({ protocol: protocol(), socketFactory, ...options });
    clean.push(() => client.disconnect());
    const authenticated = new Promise<void>((resolve) => client.on("authenticated", () => resolve()));
    await client.connect();
    await authenticated;
    return client;
  };
  return { guard, server, join };
}

const listed = { bannedByFloods: 0, bannedByHand: 0, rates: 2 }; // an address and its network
const calm = { ...listed, throttled: 0, kernelDropped: 0, bans: 0, floods: 0, isUnderAttack: false };

describe.each(transports)("over %s", (_, createFactory) => {
  test("the guard is asked once about each player, and hears of proof and end", async () => {
    const { guard, server, join } = await started(createFactory);
    const client = await join();
    expect(guard.asked).toBe(1);
    expect(server.metrics.guard).toEqual({ ...calm, passed: 1, pending: 0, proven: 1, banned: 0 });
    const left = new Promise((resolve) => server.on("disconnected", resolve));
    await client.disconnect();
    await left;
    expect(server.metrics.guard).toEqual({ ...calm, passed: 1, pending: 0, proven: 1, banned: 0 });
  });

  test("whoever is banned does not get in, and does again afterwards", async () => {
    const { guard, server, join } = await started(createFactory);
    guard.ban("192.0.2.7", Number.POSITIVE_INFINITY);
    // Over UDP nobody answers.
    await expect(join({ peer: { handshakeTimeoutMs: 300 } })).rejects.toThrow();
    expect(server.players).toEqual([]);
    expect(server.metrics.guard?.pending).toBe(0);
    guard.unban("192.0.2.7");
    await join();
    expect(server.players).toHaveLength(1);
  });
});

test("a server that authenticates makes a source known only by that", async () => {
  const secret = "correct horse battery staple";
  const { guard, server, join } = await started((port) => new UdpSocketFactory(at(port)), {
    authentication: { authenticators: [sharedSecretAuthenticator(secret)] },
  });
  await expect(join({ credential: sharedSecretCredential("wrong horse battery staple") })).rejects.toThrow();
  expect(guard.counters).toMatchObject({ passed: 1, proven: 0 });
  expect(guard.export().known).toEqual([]);
  await join({ credential: sharedSecretCredential(secret) });
  expect(server.metrics.guard).toMatchObject({ passed: 2, proven: 1 });
  expect(guard.export().known).toMatchObject([["192.0.2.7", expect.any(Number)]]);
});

test.each(transports.slice(1))("over %s, a client that is banned is counted once", async (_, createFactory) => {
  const { guard, server, join } = await started(createFactory);
  guard.ban("192.0.2.7", Number.POSITIVE_INFINITY);
  await expect(join()).rejects.toThrow();
  expect(server.metrics.guard?.banned).toBe(1);
});

describe("ban", () => {
  test("needs a guard", async () => {
    const server = new NetworkServer({ protocol: protocol(), listen: false });
    expect(() => server.ban({ address: "192.0.2.7" } as never)).toThrow(
      expect.objectContaining({ code: "ERR_STATE", message: expect.stringContaining("`guard`") }),
    );
    expect(server.metrics.guard).toBeNull();
  });

  test("bans the address of a player, and disconnects the player with the reason", () => {
    const guard = new ConnectionGuard();
    const server = new NetworkServer({ protocol: protocol(), listen: false, peer: { guard } });
    const reasons: unknown[] = [];
    const player = { address: "192.0.2.7:4000", disconnect: (reason: unknown) => reasons.push(reason) };
    server.ban(player as never, 60_000, { code: 7, text: "rude" });
    expect(guard.isBanned("192.0.2.7:5000")).toBe(true);
    expect(guard.isBanned("192.0.2.8")).toBe(false);
    expect(reasons).toEqual([{ code: 7, text: "rude" }]);
  });

  test.each([undefined, null, "192.0.2.7", {}])("takes a player, and not %j", (player) => {
    const server = new NetworkServer({ protocol: protocol(), listen: false, peer: { guard: new ConnectionGuard() } });
    expect(() => server.ban(player as never)).toThrow(
      expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE", message: expect.stringContaining("player must be") }),
    );
  });

  test.each([
    ["loopback", "127.0.0.1:4000", 1, { code: 0, text: "" }],
    ["an identity", "str:me", 1, { code: 0, text: "" }],
    ["a negative time", "192.0.2.7:4000", -1, { code: 0, text: "" }],
    ["a code of the library", "192.0.2.7:4000", 1, { code: 1000, text: "" }],
  ])("bans nobody for %s", (_, address, ms, reason) => {
    const guard = new ConnectionGuard();
    const server = new NetworkServer({ protocol: protocol(), listen: false, peer: { guard } });
    const player = { address, disconnect: () => expect.fail("it was disconnected") };
    expect(() => server.ban(player as never, ms, reason)).toThrow(
      expect.objectContaining({ code: "ERR_OUT_OF_RANGE" }),
    );
    expect(guard.export().bans).toEqual([]);
  });
});

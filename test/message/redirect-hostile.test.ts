import { describe, expect, test } from "vitest";
import {
  DisconnectCode,
  type Door,
  defineProtocol,
  NetworkServer,
  type NetworkServerOptions,
  PlayerState,
} from "../../lib/message/index.js";
import {
  HelloMessage,
  PongMessage,
  RedirectMessage,
  TableMessage,
  WelcomeMessage,
} from "../../lib/message/protocol/system-messages.js";
import { isPublic, targetOf } from "../../lib/message/target.js";
import { generateServerKey } from "../../lib/noise/index.js";
import { nodePrimitives } from "../../lib/noise/node-primitives.js";
import type { LibraryConnection } from "../../lib/peer/connection/connection.js";
import { type MemoryNetwork, MemorySocketFactory } from "../../lib/socket/index.js";
import { UdpSocketFactory } from "../../lib/socket/udp.js";
import { MessageWorld } from "../support/message-world.js";
import { encodeMessage, listenRaw, NO_TICKET } from "../support/raw-ends.js";
import { atPort, newProtocol, serversWithStore } from "../support/server-group.js";

const WELCOME = {
  ...{ method: "none", reply: NO_TICKET, session: undefined, hasMoved: false, lostMs: 0, doors: [] },
  place: { playerId: 5, ticksPerSecond: 0, moves: 0, isLobby: false, room: NO_TICKET },
};
const doorTo = (port: number) => ({ addresses: [{ kind: "memory", address: `localhost:${port}` }], serverKey: "" });

/** A client that has connected to a server which sends whatever it likes, and why it has ended. */
async function atLiar(protocol = newProtocol()) {
  const world = new MessageWorld({ protocol: newProtocol() });
  const liar = await listenRaw(world, protocol);
  const { client, connecting } = world.dial();
  const ends: number[] = [];
  client.on("disconnected", ({ code }) => void ends.push(code));
  await world.run(100);
  return { world, liar, client, connecting, ends };
}

describe("a client is redirected", () => {
  test("from a server to itself before it is admitted: it follows four times", async () => {
    const { world, liar, connecting } = await atLiar();
    for (let hop = 0; hop < 6; hop++) await liar.say(RedirectMessage, { door: doorTo(7777), ticket: NO_TICKET });
    await expect(connecting).rejects.toMatchObject({ code: "ERR_REDIRECT_LOOP" });
    expect(liar.connections.length).toBe(5);
    await world.run(500);
    expect(liar.connections.every(({ reason }) => reason !== null)).toBe(true);
  });

  test("a thousand times in one breath: it makes one more connection, and ends", async () => {
    const { world, liar, client, ends } = await atLiar();
    await liar.say(WelcomeMessage, WELCOME);
    const [connection] = liar.connections;
    const redirect = encodeMessage(world.server.protocol, RedirectMessage, { door: doorTo(7777), ticket: NO_TICKET });
    for (let count = 0; count < 1000; count++) connection?.send(redirect);
    await world.until(() => !client.active);
    expect(ends).toEqual([1029]);
    expect(liar.connections.length).toBeLessThan(6);
  });

  test("from one server to the other for ever: it ends soon", async () => {
    const { world, servers, log, join } = await serversWithStore(2);
    for (const [at, server] of servers.entries()) {
      server.on("authenticated", (player) => void player.redirect(atPort(7778 - at)));
      server.on("resumed", (player) => void player.redirect(atPort(7778 - at)));
    }
    const { client } = await join();
    await world.until(() => !client.active);
    expect(log).toContain("disconnected 1029");
    expect(log.filter((line) => line.includes("has")).length).toBeLessThan(7);
  });

  test("before both sides agree on the protocol: the connection ends", async () => {
    const other = defineProtocol({ name: "redirect", version: 2, messages: [] });
    const { connecting, liar } = await atLiar(other);
    expect(liar.lastOf(TableMessage)).toBeDefined();
    await liar.say(RedirectMessage, { door: doorTo(7777), ticket: NO_TICKET });
    await expect(connecting).rejects.toMatchObject({ code: "ERR_INVALID_PACKET" });
  });

  test("to where it has no address: it does not follow", async () => {
    const { liar, connecting } = await atLiar();
    const door = { addresses: [{ kind: "websocket", address: "localhost:80" }], serverKey: "" };
    await liar.say(RedirectMessage, { door, ticket: NO_TICKET });
    await expect(connecting).rejects.toMatchObject({ code: "ERR_REDIRECT_REFUSED" });
  });

  test("to what is no address: it does not follow", async () => {
    for (const address of ["", "nowhere", "a b:7", "[::1:7", "localhost:0", "localhost:70000"]) {
      const { liar, connecting } = await atLiar();
      await liar.say(RedirectMessage, {
        door: { addresses: [{ kind: "memory", address }], serverKey: "" },
        ticket: NO_TICKET,
      });
      await expect(connecting).rejects.toMatchObject({ code: "ERR_REDIRECT_REFUSED" });
    }
  });

  test("by a server that then goes silent: connect ends in time, and nothing is left", async () => {
    const { world, liar, client, connecting } = await atLiar();
    await liar.say(RedirectMessage, { door: doorTo(7999), ticket: NO_TICKET });
    await world.run(6000, 50);
    await expect(connecting).rejects.toMatchObject({ code: "ERR_CONNECT_FAILED" });
    expect(client.active).toBe(false);
    await world.run(5000, 50);
    expect(liar.connections.every(({ reason }) => reason !== null)).toBe(true);
  });

  test("by doors that come before it is admitted: it does not look there", async () => {
    const { world, liar, client } = await atLiar();
    const pong = { clientTimeMs: 0, serverTimeMs: 0, tick: 0, doors: [doorTo(7778)] };
    await liar.say(PongMessage, pong);
    const session = { id: new Uint8Array(16), secret: new Uint8Array(32), resumeWindowMs: 5000 };
    await liar.say(WelcomeMessage, { ...WELCOME, session });
    const ends: number[] = [];
    client.on("disconnected", ({ code }) => void ends.push(code));
    // With a door it would look for its session there.
    (liar.connections[0] as unknown as LibraryConnection).refuse(DisconnectCode.ServerStopped, "Stopped");
    await world.run(200);
    expect(ends).toEqual([DisconnectCode.ServerStopped]);
  });

  test("and the ticket of a client that makes one up is the application's to judge", async () => {
    const { world, servers, join } = await serversWithStore(1);
    const { client } = await join();
    expect([client.isAuthenticated, servers[0]?.players[0]?.ticket.length]).toEqual([true, 0]);
    expect(HelloMessage.codec.maxBits).toBeLessThan(1030 * 8);
    expect(world.errors).toEqual([]);
  });
});

describe("with Noise", () => {
  const primitives = nodePrimitives();
  const keys = [generateServerKey(primitives), generateServerKey(primitives)] as const;

  /** Two servers with a key each; the first one redirects whoever comes to the second one. */
  async function redirecting(serverKey: string | undefined, pinned: string | undefined) {
    const world = new MessageWorld({ protocol: newProtocol() });
    const serverAt = (at: 0 | 1, options: Partial<NetworkServerOptions> = {}) =>
      new NetworkServer({
        ...{ protocol: newProtocol(), clock: world.clock, ...options },
        socketFactory: new MemorySocketFactory(world.network, { port: 7777 + at }),
        peer: { encryption: { primitives, serverKeys: [keys[at].privateKey] } },
      });
    const servers = [serverAt(0), serverAt(1)] as const;
    for (const server of servers) await server.start();
    const encryption = { primitives, ...(pinned && { serverKey: pinned }) };
    const client = world.newClient({ peer: { encryption } });
    void client.connect().catch(() => {});
    await world.until(() => client.isAuthenticated || !client.active);
    servers[0].players[0]?.redirect({ ...atPort(7778), ...(serverKey && { serverKey }) });
    await world.run(1000);
    return { world, client, onSecond: servers[1].authenticatedPlayers.length };
  }

  test("a pinned key changes by a redirect over the authenticated connection", async () => {
    const { client, onSecond } = await redirecting(keys[1].publicKey, keys[0].publicKey);
    expect([onSecond, client.player?.security]).toEqual([1, "authenticated"]);
  });

  test("without a key in the redirect the pinned one stays, and another server is not believed", async () => {
    const { world, client, onSecond } = await redirecting(undefined, keys[0].publicKey);
    expect([onSecond, client.isAuthenticated]).toEqual([0, true]);
    expect(world.warnings).toEqual([expect.stringContaining("has another key")]);
  });

  test("a server that is not authenticated gives no key: the new connection is not authenticated", async () => {
    const { client, onSecond } = await redirecting(keys[1].publicKey, undefined);
    expect([onSecond, client.player?.security]).toEqual([1, "encrypted"]);
  });
});

describe("a client whose connection has TLS, and to whom a server without it is named,", () => {
  /** As of WebSocket: the addresses say whether there is TLS. The first socket has it, the others have not. */
  class FirstHasTls extends MemorySocketFactory {
    readonly #plain: MemorySocketFactory;
    #count = 0;

    constructor(network: MemoryNetwork) {
      super(network, { kind: "stream", security: "encrypted", isTls: true });
      this.#plain = new MemorySocketFactory(network, { kind: "stream" });
    }

    override createClientSocket() {
      return this.#count++ === 0 ? super.createClientSocket() : this.#plain.createClientSocket();
    }
  }

  async function withTls(doors: readonly Door[] = []) {
    const group = await serversWithStore(2, "stream", { doors: () => doors });
    const { client } = await group.join({ socketFactory: new FirstHasTls(group.world.network) });
    expect(client.player?.security).toBe("encrypted");
    const [first, second] = group.servers as [NetworkServer, NetworkServer];
    return { ...group, client, first, second };
  }

  test("does not follow a redirect there", async () => {
    const { world, client, first, second, store } = await withTls();
    first.players[0]?.redirect(atPort(7778));
    await world.run(1000);
    expect([second.players.length, store.asked.length, client.isAuthenticated]).toEqual([0, 0, true]);
    expect(world.warnings).toEqual([expect.stringMatching(/7778 .*is less protected$/)]);
  });

  test("does not go through that door, and proves its session to nobody there", async () => {
    const { world, client, first, second, store } = await withTls([atPort(7778)]);
    store.remove = () => {};
    client.on("suspended", () => void first.stop());
    const connection = first.players[0]?.connection as LibraryConnection;
    connection.refuse(DisconnectCode.ConnectionLost, "The process has crashed");
    await world.until(() => client.player?.state === PlayerState.Suspended);
    await world.run(5000, 20);
    expect([second.players.length, store.asked.length, client.isAuthenticated]).toEqual([0, 0, false]);
    void client.disconnect();
    await world.run(500);
  });
});

describe("a door of a server in the Internet", () => {
  const from = { factory: new UdpSocketFactory(), endPoint: {} };
  const at = (address: string) =>
    ({ handle: { transport: "udp", address }, security: "none" }) as unknown as LibraryConnection;
  const to = (address: string) => ({ addresses: [{ kind: "udp", address }], serverKey: "" });

  test.each([
    "127.0.0.1:1",
    "10.1.2.3:1",
    "172.16.0.1:1",
    "172.31.255.255:1",
    "192.168.0.1:1",
    "169.254.169.254:80",
    "100.64.0.1:1",
    "0.0.0.0:1",
    "224.0.0.1:1",
    "255.255.255.255:1",
    "[::1]:1",
    "[::]:1",
    "[fe80::1%eth0]:1",
    "[fd00::1]:1",
    "[ff02::1]:1",
    "[::ffff:10.0.0.1]:1",
    "localhost:1",
    "a.localhost:1",
    "printer.local:1",
    "metadata.google.internal:80",
    "router:1",
    "2130706433:1",
    "127.1:1",
    "0x7f.0.0.0x1:1",
    "ws://10.0.0.1/",
    "ws://[::1]:7/",
    "127.0.0.１:1",
    "127.0.0.\u00ad1:1",
    "127.0.0.%31:1",
    "127.1%.com:1",
    "127.0.0.1/.com:1",
    "127.0.0.1?.com:1",
    "127.0.0.1#.com:1",
    "127.0.0.1\\.com:1",
    "game.example@127.0.0.1/.com:1",
    "ws://127.0.0.１/",
    "ws://127.0.0.1\\.com/",
    "ws://game.example@127.0.0.1/",
    "ws://nowhere:port.com/",
  ])("does not lead to %s", (address) => {
    expect(() => targetOf(to(address), from, at("198.51.100.1:7777"))).toThrow(
      expect.objectContaining({ code: "ERR_REDIRECT_REFUSED" }),
    );
    expect(() => targetOf(to(address), from, at("game.example:7777"))).toThrow(/private/);
  });

  test("leads to others there, and a server in a private network leads anywhere", () => {
    for (const address of ["198.51.100.2:1", "game.example:443", "[2001:db8::1]:5", "172.32.0.1:1", "a.b.co.uk:1"])
      expect(targetOf(to(address), from, at("198.51.100.1:7777")).endPoint).toMatchObject({ port: expect.any(Number) });
    for (const address of ["10.1.2.3:1", "localhost:1", "198.51.100.2:1"])
      expect(targetOf(to(address), from, at("192.168.0.1:7777")).endPoint).toBeDefined();
  });

  test("is public only with a name of the Internet or such an address", () => {
    expect(["198.51.100.1", "game.example", "xn--mnchen-3ya.de."].map(isPublic)).toEqual([true, true, true]);
    expect(["", "memory", "1.2.3", "a..", "10.0.0.1"].map(isPublic)).toEqual([false, false, false, false, false]);
  });
});

import { describe, expect, test, vi } from "vitest";
import {
  type ClientSession,
  SESSION_METHOD,
  sessionCredential,
} from "../../lib/message/authentication/session-proof.js";
import { SessionTable } from "../../lib/message/authentication/session-table.js";
import {
  defineMessage,
  defineProtocol,
  defineRequest,
  type NetworkServerOptions,
  PlayerState,
} from "../../lib/message/index.js";
import type { NetworkPlayer } from "../../lib/message/players/network-player.js";
import {
  ChallengeMessage,
  HelloMessage,
  ProofMessage,
  WelcomeMessage,
} from "../../lib/message/protocol/system-messages.js";
import { packed, u8 } from "../../lib/serialization/index.js";
import { DisconnectCode, type MemorySocketKind } from "../../lib/socket/index.js";
import { FakeClock } from "../../lib/testing/index.js";
import { CuttableFactory, MessageWorld } from "../support/message-world.js";
import { connectRaw, NO_TICKET } from "../support/raw-ends.js";

const Note = defineMessage("note", u8);
const Ask = defineRequest("ask", packed, packed);
const newProtocol = () => defineProtocol({ name: "sessions", version: 1, messages: [Note, Ask] });
const kinds: MemorySocketKind[] = ["datagram", "reliable-lanes", "stream"];

async function joined(kind: MemorySocketKind, options: Partial<NetworkServerOptions> = {}) {
  const server = { sessions: { resumeWindowMs: 30_000 }, ...options };
  const world = new MessageWorld({ protocol: newProtocol(), kind, server });
  const log: string[] = [];
  for (const event of ["connected", "authenticated", "suspended", "resumed", "disconnected"] as const) {
    world.server.on(event, (...[player]) => void log.push(`${event} ${player.id}`));
  }
  await world.server.start();
  const socketFactory = new CuttableFactory(world.network, { kind });
  const { client, player } = await world.join({ socketFactory });
  log.length = 0;
  const lose = async () => {
    socketFactory.isCut = true;
    await world.until(() => client.player?.state === PlayerState.Suspended && !player.isConnected, 50);
  };
  return { world, client, player, socketFactory, log, lose };
}

describe.each(kinds)("over %s, a player who was lost", (kind) => {
  test("comes back as the same object, with the same id, and can send again", async () => {
    const { world, client, player, socketFactory, log, lose } = await joined(kind);
    const there = client.player;
    await lose();
    expect(player.state).toBe(PlayerState.Suspended);
    expect(player.send(Note, 1)).toBe(false);
    expect(world.server.players).toEqual([player]);
    await world.run(10_000, 50);
    socketFactory.isCut = false;
    await world.until(() => player.isAuthenticated && client.isAuthenticated, 50);
    expect(client.player).toBe(there);
    expect([player.id, client.player?.id]).toEqual([1, 1]);
    const heard: number[] = [];
    world.server.messageHandler.register(Note, (value, from) => {
      expect(from).toBe(player);
      heard.push(value);
    });
    client.messageHandler.register(Note, (value) => void heard.push(value));
    client.send(Note, 2);
    player.send(Note, 3);
    await world.run(200);
    expect(heard.sort()).toEqual([2, 3]);
    expect(log).toEqual(["suspended 1", "resumed 1"]);
    expect(player.signal.aborted).toBe(false);
  });

  test("has left when it does not come back in time", async () => {
    const { world, client, player, log, lose } = await joined(kind);
    await lose();
    await world.run(29_000, 100);
    expect(log).toEqual(["suspended 1"]);
    await world.run(12_000, 100);
    expect(log).toEqual(["suspended 1", "disconnected 1"]);
    expect(player.state).toBe(PlayerState.Disconnected);
    expect(player.signal.aborted).toBe(true);
    expect(client.active).toBe(false);
    expect(world.server.players).toEqual([]);
  });

  test("and disconnects meanwhile has left the server too, with the reason, when that can be reached", async () => {
    const { world, client, player, socketFactory, log, lose } = await joined(kind);
    const reasons: unknown[] = [];
    world.server.on("disconnected", (_player, reason) => void reasons.push(reason));
    await lose();
    await world.run(500);
    socketFactory.isCut = false;
    let isOver = false;
    void client.disconnect({ code: 5, text: "bye" }).then(() => {
      isOver = true;
    });
    expect([client.active, client.player]).toEqual([false, null]);
    await world.until(() => player.state === PlayerState.Disconnected);
    await world.until(() => isOver);
    expect(log).toEqual(["suspended 1", "resumed 1", "disconnected 1"]);
    expect(reasons).toEqual([{ code: 5, text: "bye" }]);
    await world.run(1000);
    expect([world.errors, world.warnings]).toEqual([[], []]);
  });

  test("and disconnects from a server out of reach waits for closeTimeoutMs", async () => {
    const { world, client, player, lose } = await joined(kind);
    await lose();
    let isOver = false;
    void client.disconnect().then(() => {
      isOver = true;
    });
    await world.run(1900);
    expect(isOver).toBe(false);
    await world.run(200);
    expect(isOver).toBe(true);
    expect(player.state).toBe(PlayerState.Suspended);
  });

  test("loses its requests, and nothing is sent again", async () => {
    const { world, client, player, socketFactory, lose } = await joined(kind);
    world.server.messageHandler.registerRequest(Ask, () => new Promise(() => {}));
    const outcome = Promise.allSettled([
      client.request(Ask, 1, { timeoutMs: 100_000 }),
      player.request(Ask, 1, { timeoutMs: 100_000 }),
    ]);
    await lose();
    expect(await outcome).toMatchObject([
      { reason: { code: "ERR_CONNECTION_LOST" } },
      { reason: { code: "ERR_CONNECTION_LOST" } },
    ]);
    socketFactory.isCut = false;
    await world.until(() => client.isAuthenticated, 50);
  });
});

test("a player who says goodbye does not come back", async () => {
  const { world, client, log } = await joined("datagram");
  void client.disconnect();
  await world.run(500);
  expect(log).toEqual(["disconnected 1"]);
});

describe("in a full table of suspended players", () => {
  /** Players, who are lost one after the other. @returns the names of those who have left */
  function suspended(maxSuspended: number, players: { name: string; address: string; playedMs: number }[]) {
    const clock = new FakeClock();
    let created = 0;
    const options = { maxSuspended, resumeWindowMs: Number.POSITIVE_INFINITY };
    const sessions = new SessionTable(
      options,
      clock,
      (size) => new Uint8Array(size).fill(++created),
      () => {},
    );
    const left: string[] = [];
    for (const { name, address, playedMs } of players) {
      const player = { address } as NetworkPlayer;
      sessions.create(player);
      clock.advance(playedMs);
      sessions.suspend(player, () => {
        left.push(name);
        sessions.remove(player);
      });
    }
    return { left, metrics: sessions.metrics };
  }
  const strangers = (count: number, addressOf: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => ({ name: `s${index}`, address: addressOf(index), playedMs: 10 }));
  const ofOneSource = (index: number) => `198.51.100.7:${index + 1}`;
  const ofSourcesOfTheirOwn = (index: number) => `10.${index >> 8}.${index & 255}.1:1`;
  const player = { name: "player", address: "192.0.2.1:5", playedMs: 60_000 };

  test.each([
    ["one source", ofOneSource],
    ["a source each", ofSourcesOfTheirOwn],
  ])("1,000 strangers of %s do not displace whoever has played", (_, addressOf) => {
    const { left, metrics } = suspended(100, [player, ...strangers(1000, addressOf), { ...player, name: "later" }]);
    expect(left.length).toBe(902);
    expect(left).not.toContain("player");
    expect(left).not.toContain("later");
    expect(metrics).toMatchObject({ count: 100, evicted: 1, refused: 901 });
  });

  test("two players behind one address stay before single strangers", () => {
    const neighbour = { name: "neighbour", address: "192.0.2.1:6", playedMs: 60_000 };
    const { left } = suspended(10, [player, neighbour, ...strangers(100, ofSourcesOfTheirOwn)]);
    expect(left.length).toBe(92);
    expect(left.filter((name) => !name.startsWith("s"))).toEqual([]);
  });

  test("time that a player was suspended does not count as played", () => {
    const clock = new FakeClock();
    let created = 0;
    const sessions = new SessionTable(
      { maxSuspended: 1 },
      clock,
      (size) => new Uint8Array(size).fill(++created),
      () => {},
    );
    const left: string[] = [];
    const join = (name: string, address: string) => {
      const joined = { address } as NetworkPlayer;
      sessions.create(joined);
      const lose = () => sessions.suspend(joined, () => left.push(name) && sessions.remove(joined));
      return { lose, resume: () => sessions.resume(joined) };
    };
    const absent = join("absent", "192.0.2.1:1");
    clock.advance(100);
    absent.lose();
    clock.advance(20_000);
    absent.resume();
    const present = join("present", "192.0.2.2:1");
    clock.advance(150);
    absent.lose();
    clock.advance(150);
    present.lose();
    expect(left).toEqual(["absent"]);
  });

  test("without places nobody comes back", () => {
    expect(suspended(0, strangers(2, ofOneSource)).left).toEqual(["s0", "s1"]);
  });
});

test("above maxSuspended somebody has left", async () => {
  const { world, socketFactory, log } = await joined("datagram", { sessions: { maxSuspended: 2 } });
  await world.join({ socketFactory });
  await world.join({ socketFactory });
  log.length = 0;
  socketFactory.isCut = true;
  await world.until(() => log.length === 3, 50);
  expect(log.sort()).toEqual([expect.stringMatching(/^disconnected/), "suspended 1", "suspended 2"]);
});

/** A new connection that resumes a session, as whoever has its secret can make one. */
async function showSession(world: MessageWorld, session: ClientSession) {
  const { connection, reasons, say, lastOf } = await connectRaw(world);
  await say(HelloMessage, { resumes: true, ticket: NO_TICKET });
  const { nonce } = lastOf(ChallengeMessage) as { nonce: Uint8Array };
  const { channelBinding, security } = connection;
  const randomBytes = (size: number) => new Uint8Array(size).fill(9);
  const context = { nonce, channelBinding, security, randomBytes, server: "The server" };
  const payload = await sessionCredential(session).prove(context);
  await say(ProofMessage, { method: SESSION_METHOD, payload });
  return { welcomed: lastOf(WelcomeMessage)?.place.playerId, reasons };
}

describe("a connection that resumes a session", () => {
  const welcome = vi.spyOn(WelcomeMessage.codec, "write");
  /** The session that the server has given its only player. */
  const givenSession = () => welcome.mock.calls.findLast(([, { session }]) => session)?.[1].session as ClientSession;

  test("replaces the one that the player has, and the player stays", async () => {
    const { world, client, player, log } = await joined("datagram");
    const earlier = player.connection;
    const ended: number[] = [];
    client.on("disconnected", ({ code }) => void ended.push(code));
    const outcome = await showSession(world, givenSession());
    expect(outcome).toEqual({ welcomed: 1, reasons: [] });
    expect(log).toEqual(["resumed 1"]);
    expect(ended).toEqual([DisconnectCode.Replaced]);
    expect(player.isAuthenticated).toBe(true);
    expect(player.connection).not.toBe(earlier);
    expect(world.server.players).toEqual([player]);
  });

  test("without the secret is refused, and the player is not affected", async () => {
    const { world, client, log } = await joined("datagram");
    const { id, secret, resumeWindowMs } = givenSession();
    const wrong = secret.with(0, (secret[0] as number) ^ 1);
    expect(await showSession(world, { id, secret: wrong, resumeWindowMs })).toEqual({
      welcomed: undefined,
      reasons: [DisconnectCode.AuthenticationFailed],
    });
    const unknown = { id: new Uint8Array(16), secret, resumeWindowMs };
    expect(await showSession(world, unknown)).toEqual({
      welcomed: undefined,
      reasons: [DisconnectCode.SessionUnknown],
    });
    expect(client.isAuthenticated).toBe(true);
    expect(log).toEqual([]);
  });
});

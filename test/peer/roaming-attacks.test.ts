import { describe, expect, test } from "vitest";
import { Channel } from "../../lib/peer/index.js";
import { DisconnectCode } from "../../lib/socket/index.js";
import { text } from "../support/peer-world.js";
import {
  connected,
  expectNothingLost,
  HOME,
  keyed,
  MOBILE,
  numbered,
  pinned,
  SERVER,
  talk,
  type World,
} from "../support/roaming-world.js";

describe("an attacker", () => {
  /** Copies each packet of the client that `isStolen` chooses, and sends it first, from an address of its own. */
  function race(world: World, attacker: string, isStolen: () => boolean): void {
    world.network.onPacket = (from, to, packet) => {
      if (from !== world.socket.address || to !== SERVER || !isStolen()) return true;
      world.network.delayMs = 1;
      world.network.send(attacker, SERVER, packet.slice(), true);
      world.network.delayMs = 20;
      return true;
    };
  }

  test("who sends stolen packets first moves nothing and gets at most three times the bytes", async () => {
    const world = await connected();
    let stolenBytes = 0;
    let count = 0;
    race(world, MOBILE, () => count++ % 3 === 0);
    const { onPacket } = world.network;
    world.network.onPacket = (from, to, packet) => {
      if (from === HOME && count % 3 === 0) stolenBytes += packet.length;
      return onPacket(from, to, packet);
    };
    await talk(world, 200);
    await world.network.run(1000);
    expectNothingLost(world, 200);
    expect(world.serverHandler.moves).toEqual([]);
    const heard = world.network.sentBytes.get(`${SERVER} ${MOBILE}`) ?? 0;
    expect(heard).toBeGreaterThan(0);
    expect(heard).toBeLessThanOrEqual(3 * stolenBytes);
    expect(heard).toBeLessThan(50 * 34);
  });

  /** Sends the client the challenges that the server has meant for the attacker, as if from the server. */
  function relayChallenges(world: World, attacker: string): void {
    const { onPacket } = world.network;
    world.network.onPacket = (from, to, packet) => {
      if (from === SERVER && to === attacker && packet.length === 34)
        world.network.send(SERVER, HOME, packet.slice(), true);
      return onPacket(from, to, packet);
    };
  }

  test("who relays the challenge too, and wins again, loses the connection to a client that says nothing", async () => {
    const world = await connected();
    await talk(world, 10);
    let stolen = 0;
    race(world, MOBILE, () => stolen++ < 2);
    relayChallenges(world, MOBILE);
    world.client.send(text("c10"));
    while (world.serverHandler.moves.length === 0) await world.network.run(5);
    world.player.send(text("s10"));
    // The client is asked where it is, and answers: a round trip.
    await world.network.run(2 * 20 + 5);
    expect(world.serverHandler.moves).toEqual([`${HOME} -> ${MOBILE}`, `${MOBILE} -> ${HOME}`]);
    await world.network.run(500);
    expectNothingLost(world, 11);
    expect(world.serverHandler.moves).toHaveLength(2);
  });

  test("who wins three races, one against the answer of the client, has the connection until that speaks", async () => {
    const world = await connected();
    await talk(world, 10);
    let stolen = 0;
    race(world, MOBILE, () => stolen++ < 3);
    relayChallenges(world, MOBILE);
    world.client.send(text("c10"));
    await world.network.run(300);
    expect(world.serverHandler.moves).toEqual([`${HOME} -> ${MOBILE}`]);
    await talk(world, 20, 20, 11);
    world.player.send(text("s10"));
    await world.network.run(1000);
    expect(world.serverHandler.moves).toEqual([`${HOME} -> ${MOBILE}`, `${MOBILE} -> ${HOME}`]);
    expect(world.serverHandler.texts).toEqual(numbered("c", 31));
    expect(world.clientHandler.texts).toHaveLength(31);
  });

  test.each([20, 200])(
    "who relays a challenge once, and then wins every second race, mutes nobody: one way takes %i ms",
    async (delayMs) => {
      const world = await connected(keyed, { ...pinned, timeoutMs: 5000 });
      await talk(world, 10);
      let count = 0;
      let isRelaying = true;
      world.network.delayMs = delayMs;
      world.network.onPacket = (from, to, packet) => {
        // The client gets the attacker's first challenge as if from the server.
        if (from === SERVER && to === MOBILE && packet.length === 34 && isRelaying) {
          world.network.delayMs = delayMs - 19;
          world.network.send(SERVER, HOME, packet.slice(), true);
          world.network.delayMs = delayMs;
        }
        if (from !== HOME || to !== SERVER || (!isRelaying && count++ % 2 === 0)) return true;
        world.network.delayMs = delayMs - 19;
        world.network.send(MOBILE, SERVER, packet.slice(), true);
        world.network.delayMs = delayMs;
        return true;
      };
      for (let turn = 0; turn < 100 && world.serverHandler.moves.length === 0; turn++) {
        world.client.send(text("x"), Channel.Unreliable);
        await world.network.run(20);
      }
      isRelaying = false;
      expect(world.serverHandler.moves[0]).toBe(`${HOME} -> ${MOBILE}`);
      const before = world.clientHandler.texts.length;
      world.player.send(text("heard"));
      for (let turn = 0; turn < 200 && world.clientHandler.texts.length === before; turn++) {
        world.client.send(text("x"), Channel.Unreliable);
        await world.network.run(20);
      }
      expect(world.clientHandler.texts.slice(before)).toEqual(["heard"]);
    },
  );

  test("who wins every race does not end the connection", async () => {
    const world = await connected();
    race(world, MOBILE, () => true);
    for (let second = 0; second < 20; second++) await talk(world, 10, 100, 10 * second);
    expectNothingLost(world, 200);
  });

  test("who repeats, alters and invents packets from elsewhere draws nothing", async () => {
    const world = await connected();
    const seen: Uint8Array[] = [];
    world.network.onPacket = (from, _to, packet) => {
      if (from === HOME) seen.push(packet.slice());
      return true;
    };
    await talk(world, 20);
    await world.network.run(500);
    for (const packet of seen) {
      world.network.send(MOBILE, SERVER, packet.slice(), true);
      for (let bit = 0; bit < 8; bit++) {
        const altered = packet.slice();
        const at = 5 + ((bit * 7) % (altered.length - 5));
        altered[at] = (altered[at] as number) ^ (1 << bit);
        world.network.send(MOBILE, SERVER, altered, true);
      }
    }
    await world.network.run(500);
    expect(world.serverHandler.moves).toEqual([]);
    expect(world.network.sentBytes.has(`${SERVER} ${MOBILE}`)).toBe(false);
    expectNothingLost(world, 20);
  });

  test("whose client sends from an address where it hears nothing keeps no connection that is mute", async () => {
    const world = await connected(keyed, { ...pinned, timeoutMs: 60_000 });
    world.socket.roam(MOBILE);
    // Nothing of the server's arrives there.
    world.network.onPacket = (_from, to) => to !== MOBILE;
    const startMs = world.network.clock.now();
    while (world.serverHandler.disconnected.length === 0 && world.network.clock.now() - startMs < 15_000) {
      world.client.send(text("x"), Channel.Unreliable);
      await world.network.run(50, 10);
    }
    expect(world.serverHandler.disconnected).toMatchObject([{ code: DisconnectCode.Timeout }]);
    expect(world.network.clock.now() - startMs).toBeLessThan(10_500);
    expect(world.serverHandler.moves).toEqual([]);
  });
});

test("a client that hears nothing but challenges ends by its timeout", async () => {
  const world = await connected(keyed, { ...pinned, timeoutMs: 4000 });
  world.socket.roam(MOBILE);
  // Its answers to them are lost.
  world.network.onPacket = (from, _to, packet) => from !== MOBILE || packet.length !== 34;
  const startMs = world.network.clock.now();
  while (world.clientHandler.disconnected.length === 0 && world.network.clock.now() - startMs < 10_000) {
    world.client.send(text("x"), Channel.Unreliable);
    await world.network.run(50, 10);
  }
  expect(world.network.sentBytes.get(`${SERVER} ${MOBILE}`)).toBeGreaterThan(34);
  expect(world.network.clock.now() - startMs).toBeLessThan(4200);
});

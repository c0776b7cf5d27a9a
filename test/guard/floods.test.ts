import { describe, expect, test } from "vitest";
import { whyNoAttackNetwork } from "../../bench/floods/network.mjs";
import { payloads, requestFlood, underFlood } from "../../bench/floods/run.mjs";

/** Addresses all over a /10, and 50 neighbours. */
const everywhere = { sources: 4096, span: 4_194_302 };
const neighbours = { sources: 50, span: 50 };
/** They hold each connection until the flood ends. Of those all over the /10, fewer come than have places. */
const attack = { seconds: 3, hold: 8000, open: 10_000 };
/** They wait long: how fast they get in is for the bench to say, on a machine that has nothing else to do. */
const players = { addresses: 20, rate: 10, seconds: 3, timeoutMs: 20_000 };

const attacks: [string, object][] = [
  ["held silently", { ...attack, ...everywhere, rate: 1000, payload: payloads.silent }],
  ["one byte each, from 50 addresses of a /24", { ...attack, ...neighbours, rate: 2000, payload: payloads.byte }],
  ["junk", { ...attack, ...everywhere, rate: 1000, payload: payloads.junk }],
];

describe.skipIf(whyNoAttackNetwork !== null)(`in network namespaces ${whyNoAttackNetwork ?? ""}`, () => {
  describe.each(["websocket", "xcs"])("a flood of TCP connections over %s", (transport) => {
    test.each(attacks)("%s", async (_, attack) => {
      const result = await underFlood({ transport, protection: "guard", attack, players });
      const { guard, bannedPlayers, memoryMegabytes, arrived } = result.server;
      const { failures } = result.players;
      console.log(
        `${transport}: ${result.attack.rate} connections a second; ${result.players.ok} of ${result.players.tried} ` +
          `players got in; refused ${guard.throttled + guard.banned}, bans ${guard.bans}, ` +
          `+${Math.round(memoryMegabytes)} MB`,
      );
      expect(guard).toMatchObject({ isUnderAttack: true, floods: 1 });
      expect(bannedPlayers).toEqual([]);
      expect(failures).toEqual({});
      if (transport === "xcs") expect(arrived).toBe(result.players.tried);
      expect(guard.proven).toBeGreaterThanOrEqual(result.players.tried);
      expect(memoryMegabytes).toBeLessThan(120);
      const isOfFew = attack === attacks[1]?.[1];
      expect(guard.bans > 0).toBe(isOfFew);
      expect(guard.throttled > 0).toBe(isOfFew);
    });
  });

  test("a player behind the /24 of attackers gets in when they stop, while rates are still limited", async () => {
    const attack = attacks[1]?.[1];
    const neighbours = { addresses: 1, first: 200, rate: 2, seconds: 2, timeoutMs: 20_000 };
    const result = await underFlood({ transport: "websocket", protection: "guard", attack, neighbours });
    expect(result.neighbours).toMatchObject({ tried: 4, ok: 4 });
    expect(result.server.guard.isUnderAttack).toBe(true);
    expect(result.server.guard.bans).toBeGreaterThan(0);
  });

  test("a flood of requests over UDP, whose cookies are sent back", async () => {
    const attack = { kind: "udp", ...everywhere, rate: 1000, seconds: 3, ...requestFlood() };
    const result = await underFlood({ transport: "udp", protection: "guard", attack, players });
    const { guard, bannedPlayers, peer } = result.server;
    const { failures } = result.players;
    expect(result.attack.answered).toBeGreaterThan(0);
    expect(peer.challengesSent).toBeGreaterThan(0);
    expect(guard).toMatchObject({ isUnderAttack: true, floods: 1 });
    expect(bannedPlayers).toEqual([]);
    expect(failures).toEqual({});
  });
});

import { describe, expect, test } from "vitest";
import {
  defineMessage,
  defineProtocol,
  sharedSecretAuthenticator,
  sharedSecretCredential,
} from "../../../lib/message/index.js";
import { Admission } from "../../../lib/message/players/admission.js";
import type { NetworkPlayer } from "../../../lib/message/players/network-player.js";
import { HelloMessage } from "../../../lib/message/protocol/system-messages.js";
import { u8 } from "../../../lib/serialization/index.js";
import { DisconnectCode } from "../../../lib/socket/index.js";
import { FakeClock } from "../../../lib/testing/index.js";
import { MessageWorld } from "../../support/message-world.js";
import { connectRaw, NO_TICKET } from "../../support/raw-ends.js";

const SECRET = "a secret of more than sixteen bytes";
const Note = defineMessage("note", u8);
const newProtocol = () => defineProtocol({ name: "admission", version: 1, messages: [Note] });
const credential = () => sharedSecretCredential(SECRET);

async function started(peer: object) {
  const authentication = { authenticators: [sharedSecretAuthenticator(SECRET)] };
  const world = new MessageWorld({ protocol: newProtocol(), kind: "stream", server: { authentication, peer } });
  await world.server.start();
  return world;
}

test("players who prove nothing keep nobody out, and leave after 10 s", async () => {
  const world = await started({ maxConnections: 5, maxPendingConnections: 20 });
  const strangers = [];
  for (let index = 0; index < 40; index++) {
    const stranger = await connectRaw(world);
    await stranger.say(HelloMessage, { resumes: false, ticket: NO_TICKET });
    strangers.push(stranger);
  }
  expect(strangers.flatMap(({ reasons }) => reasons)).toContain(DisconnectCode.ServerBusy);
  expect(world.server.metrics.unauthenticated.evicted).toBeGreaterThan(0);
  for (let index = 0; index < 5; index++) await world.join({ credential: credential() });
  expect(world.server.authenticatedPlayers.length).toBe(5);
  await world.run(10_500, 50);
  expect(strangers.every(({ reasons }) => reasons.length === 1)).toBe(true);
  expect(world.server.metrics.unauthenticated.count).toBe(0);
  expect(world.server.players.length).toBe(5);
});

test("maxConnections counts those who are authenticated, and has a code of its own", async () => {
  const world = await started({ maxConnections: 1, maxPendingConnections: 5 });
  const stranger = await connectRaw(world);
  await stranger.say(HelloMessage, { resumes: false, ticket: NO_TICKET });
  const { client } = await world.join({ credential: credential() });
  await expect(world.join({ credential: credential() })).rejects.toMatchObject({ code: "ERR_SERVER_FULL" });
  void client.disconnect();
  await world.run(100);
  expect((await world.join({ credential: credential() })).player.isAuthenticated).toBe(true);
});

test("of two who prove themselves at once, one hears that the server is full", async () => {
  const world = await started({ maxConnections: 1, maxPendingConnections: 5 });
  const dialed = [world.dial({ credential: credential() }), world.dial({ credential: credential() })];
  await world.until(() => dialed.every(({ client }) => client.isAuthenticated || !client.active));
  const outcomes = await Promise.allSettled(dialed.map(({ connecting }) => connecting));
  expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  const failed = outcomes.find(({ status }) => status === "rejected");
  expect(failed).toMatchObject({ reason: { code: "ERR_SERVER_FULL" } });
});

describe("of strangers in a full room", () => {
  const filled = (addresses: string[]) => {
    const clock = new FakeClock();
    const admission = new Admission(clock, { maxConnections: 1, maxPendingConnections: 3 });
    const refused: string[] = [];
    for (const address of addresses) {
      clock.advance(1);
      const refuse = () => void refused.push(address);
      admission.add({ address, refuse } as unknown as NetworkPlayer);
    }
    return refused;
  };

  test("the oldest of the most crowded source leaves", () => {
    const crowd = ["192.0.2.1:1", "198.51.100.7:1", "198.51.100.7:2", "198.51.100.7:3", "203.0.113.5:1"];
    expect(filled(crowd)).toEqual(["198.51.100.7:1", "198.51.100.7:2"]);
  });
});

describe("beforeAccept that", () => {
  test.each<[string, () => unknown]>([
    ["returns false", () => false],
    ["returns nothing", () => undefined],
    ["returns 1", () => 1],
    ["returns a code of the library", () => ({ code: 1010, text: "" })],
    ["returns a code without a text", () => ({ code: 5 })],
    [
      "throws",
      () => {
        throw new TypeError("beforeAccept is broken");
      },
    ],
  ])("%s refuses, and is reported", async (_name, beforeAccept) => {
    const server = { beforeAccept: beforeAccept as () => true };
    const world = new MessageWorld({ protocol: newProtocol(), kind: "stream", server });
    await world.server.start();
    const { connecting } = world.dial();
    await world.run(6000, 50);
    await expect(connecting).rejects.toMatchObject({
      code: "ERR_REFUSED",
      reason: { code: 0, text: "The server failed" },
    });
    expect(world.server.players).toEqual([]);
    expect((world.errors[0] as Error).message).toMatch(/beforeAccept/);
  });

  test("takes its time is waited for", async () => {
    let answer: (verdict: true) => void = () => {};
    const server = {
      beforeAccept: () =>
        new Promise<true>((resolve) => {
          answer = resolve;
        }),
    };
    const world = new MessageWorld({ protocol: newProtocol(), kind: "stream", server });
    await world.server.start();
    const { client, connecting } = world.dial();
    await world.run(500);
    expect(client.isConnected).toBe(false);
    answer(true);
    await world.run(100);
    expect((await connecting).isAuthenticated).toBe(true);
  });

  test.each([
    ["", (reason: object) => reason],
    ["a promise of ", async (reason: object) => reason],
  ])("returns %sa reason refuses with it", async (_name, give) => {
    const server = { beforeAccept: () => give({ code: 7, text: "not today" }) as never };
    const world = new MessageWorld({ protocol: newProtocol(), kind: "stream", server });
    await world.server.start();
    await expect(world.join()).rejects.toMatchObject({ code: "ERR_REFUSED", reason: { code: 7, text: "not today" } });
    expect(world.errors).toEqual([]);
  });
});

import { expect, test, vi } from "vitest";
import { defineMessage } from "../../../lib/message/index.js";
import {
  CallsMessage,
  InputMessage,
  LatestMessage,
  OrderedMessage,
  UnorderedMessage,
} from "../../../lib/object/wire/object-messages.js";
import { u8 } from "../../../lib/serialization/index.js";
import {
  befriend,
  GameVersion,
  newVersion,
  OPTIONAL,
  oldVersion,
  protocolOf,
  type ShipParts,
  shipOf,
  VersionWorld,
} from "../../support/game-version.js";
import type { ObjectEnd } from "../../support/object-world.js";

const numbers = vi.hoisted(() => ({ netId: 0 }));
vi.mock("../../../lib/object/server/item-numbers.js", async (original) => ({
  ...(await original<object>()),
  newNetId: () => ++numbers.netId,
}));

/** The messages that a player's end sends from now on, without the tick in front of a server's. */
function sentBy(target: object, messages: readonly object[], skip: number): string[] {
  const sent: string[] = [];
  for (const method of ["send", "sendNotify"] as const) {
    const on = target as Record<string, (...parameters: unknown[]) => boolean>;
    const send = on[method]?.bind(target) as (...parameters: unknown[]) => boolean;
    on[method] = (message, bytes, ...more) => {
      const at = messages.indexOf(message as object);
      if (at >= 0) sent.push(`${at} ${Buffer.from((bytes as Uint8Array).subarray(skip)).toString("hex")}`);
      return send(message, bytes, ...more);
    };
  }
  return sent;
}

async function started(version: GameVersion, options = {}) {
  const world = new VersionWorld(version, options);
  await world.server.start();
  return world;
}

const expectNoErrors = (world: VersionWorld) =>
  expect([world.errors, world.failures, world.warnings]).toEqual([[], [], []]);

/** Sets and calls what the server's version has. */
function play(ship: ShipParts, has: ReadonlySet<string>, round: number): void {
  ship.health = round;
  ship.position = 100 + round;
  ship.hit(round);
  ship.next.value = round % 2 ? ship : null;
  for (const name of ["accent", "secret", "lookout", "bearing", "glide", "trail"] as const) {
    if (has.has(name)) ship[name] = 10 + round;
  }
  if (has.has("cargo")) ship.cargo.push(round);
  if (has.has("items")) ship.items.set(round, round);
  if (has.has("rival")) ship.rival.value = ship;
  if (has.has("alarm")) ship.alarm(round);
  if (has.has("zap")) ship.zap(round);
}

/** What a client is sent by such a server, and what it sends. */
async function trafficOf(version: GameVersion, own: GameVersion) {
  numbers.netId = 0;
  const world = await started(version);
  const collected: string[][] = [];
  world.server.on("authenticated", (player) => {
    collected.push(sentBy(player, [OrderedMessage, LatestMessage, UnorderedMessage], 4));
  });
  // The protocols differ in all cases, so that it connects as fast.
  const protocol = protocolOf().add(defineMessage("extra", u8, { optional: true }));
  const { client, player, world: seen } = await world.meet(own, () => {}, { protocol });
  const sent = sentBy(client.player as object, [CallsMessage, InputMessage], 0);
  const init = ({ ship }: { ship: ShipParts }) => {
    if (version.has.has("zoom")) ship.zoom = 0xee;
  };
  const { identity, ship } = world.objects.spawn(version.ship, { owner: player, init });
  // What the client does not know is in the same tick.
  if (version.has.has("anchor")) ship.next.value = world.objects.spawn(version.anchor, { owner: player }).anchor;
  await world.run(300);
  for (let round = 1; round <= 9; round++) {
    play(ship, version.has, round);
    if (round === 5) befriend(player);
    for (const name of ["trail", "secret"] as const) if (version.has.has(name)) ship.rescope(name);
    await world.run(100);
    shipOf(seen.get(identity.netId)).heading = round;
    if (own.has.has("sail")) shipOf(seen.get(identity.netId)).sail = round;
    await world.run(100);
  }
  const answer = shipOf(seen.get(identity.netId)).buy(3);
  await world.run(300);
  ship.identity.setOwner(null);
  await world.run(100);
  expect([await answer, seen.objects.length, ship.heading]).toEqual([5, 1, 9]);
  expect(shipOf(seen.get(identity.netId)).said.length).toBeGreaterThanOrEqual(9);
  expectNoErrors(world);
  return [...(collected[0] as string[]), ...sent];
}

test.each([
  [[]],
  [["secret"]],
  [["accent", "bearing", "beg", "trail", "zap"]],
  [["alarm", "cargo", "items", "lookout", "rival", "sail", "zoom"]],
])("a client with %j gets of a server with more, and sends it, the bytes of one with the same", async (has) => {
  // What is interpolated has a server say when nothing changes.
  const more = new GameVersion(OPTIONAL.filter((name) => name !== "glide"));
  const [withMore, withSame] = [
    await trafficOf(more, new GameVersion(has)),
    await trafficOf(new GameVersion(has), new GameVersion(has)),
  ];
  expect(withMore).toEqual(withSame);
  expect(withSame.length).toBeGreaterThan(30);
  expect(withSame.some((message) => message.startsWith("1 "))).toBe(true);
});

test("with an old server a new client plays on: what that lacks is as at the start, and its own", async () => {
  const world = await started(oldVersion());
  const { client, player, world: seen } = await world.meet(newVersion());
  befriend(player);
  const { identity, ship } = world.objects.spawn(world.version.ship, { owner: player });
  await world.run(200);
  const own = shipOf(seen.get(identity.netId));
  play(ship, world.version.has, 7);
  own.heading = 8;
  await world.run(200);
  expect([own.health, own.position, own.next.value, own.said]).toEqual([7, 107, own, ["hit 7"]]);
  expect([own.accent, own.bearing, own.glide, [...own.cargo], own.zoom]).toEqual([0, 0, 0, [], 0]);
  expect(ship.heading).toBe(8);
  const sent = sentBy(client.player as object, [CallsMessage, InputMessage], 0);
  own.rudder = own.sail = 5;
  own.wishes.add(9);
  own.wave(1);
  await expect(own.beg(1)).rejects.toMatchObject({ code: "ERR_MESSAGE_NOT_AGREED" });
  await world.run(300);
  // It says how much it has applied, and nothing else.
  expect(sent.filter((message) => message.length > 12)).toEqual([]);
  expect([own.rudder, own.sail, [...own.wishes]]).toEqual([5, 5, [9]]);
  const answer = own.buy(4);
  await world.run(200);
  expect([await answer, ship.said]).toEqual([6, ["buy 4"]]);
  expectNoErrors(world);
});

test("of an optional prefab an old client sees nothing, and no reference to it; new ones do", async () => {
  const world = await started(newVersion());
  const [old, young] = [await world.meet(oldVersion()), await world.meet(newVersion())];
  const { whale, identity } = world.objects.spawn(world.version.whale, { owner: old.player });
  const { ship } = world.objects.spawn(world.version.ship);
  ship.next.value = ship.rival.value = whale;
  await expect(whale.ask(old.player, 1)).rejects.toMatchObject({ code: "ERR_OBJECT_GONE" });
  identity.show(old.player);
  await world.run(300);
  expect(old.log).toEqual(["worldReady", "spawned ship"]);
  expect(young.log).toEqual(["worldReady", "spawned ship", "spawned whale"].sort().reverse());
  const [seenByOld, seenByYoung] = [old, young].map((end) => shipOf(end.world.get(ship.identity.netId)));
  expect(seenByOld?.next.value).toBeNull();
  expect(seenByYoung?.next.value).toBe(shipOf(young.world.get(identity.netId)));
  expect([...identity.observers]).toEqual([young.player]);
  const setCharacter = () => world.objects.setCharacter(old.player, identity);
  expect(setCharacter).toThrow(expect.objectContaining({ code: "ERR_MESSAGE_NOT_AGREED" }));
  expect(setCharacter).toThrow("no prefab whale");
  expect([world.objects.characterOf(old.player), identity.owner]).toEqual([null, old.player]);
  whale.hit(1);
  await expect(whale.ask(old.player, 1)).rejects.toMatchObject({ code: "ERR_OBJECT_GONE" });
  // Whoever says that it has it all the same is charged, and heard by nobody.
  identity.setOwner(young.player);
  world.objects.setCharacter(young.player, identity);
  await world.run(200);
  expect(shipOf(young.world.character).said).toEqual(["hit 1"]);
  identity.destroy();
  await world.run(200);
  expect(young.log.at(-1)).toBe("unspawned whale destroyed");
  expectNoErrors(world);
});

test("a call goes to those who have its RPC, with the number that it has for each", async () => {
  const versions = [OPTIONAL, ["ask", "zap"], ["alarm"], []].map((has) => new GameVersion(has));
  const world = await started(newVersion());
  const ends: ObjectEnd[] = [];
  for (const version of versions) ends.push(await world.meet(version));
  const { identity, ship } = world.objects.spawn(world.version.ship);
  await world.run(300);
  ship.alarm(1);
  ship.hit(2);
  await world.run(200);
  ship.zap(3);
  await world.run(200);
  const said = ends.map((end) => shipOf(end.world.get(identity.netId)).said);
  expect(said).toEqual([["alarm 1", "hit 2", "zap 3"], ["hit 2", "zap 3"], ["alarm 1", "hit 2"], ["hit 2"]]);
  const asked = ends.map(({ player }) => ship.ask(player, 7).catch(({ code }) => code));
  await world.run(300);
  const no = "ERR_MESSAGE_NOT_AGREED";
  expect(await Promise.all(asked)).toEqual([8, 8, no, no]);
  expectNoErrors(world);
});

test("and the server's methods are found by the numbers that their RPCs have for each client", async () => {
  const world = await started(newVersion());
  for (const has of [OPTIONAL, ["wave"], ["beg"], []]) {
    const { player, world: seen } = await world.meet(new GameVersion(has));
    const { identity, ship } = world.objects.spawn(world.version.ship, { owner: player });
    await world.run(200);
    const own = shipOf(seen.get(identity.netId));
    const list = has as readonly string[];
    const answers = [own.buy(1)];
    if (list.includes("beg")) answers.push(own.beg(5));
    if (list.includes("wave")) own.wave(3);
    await world.run(200);
    expect(await Promise.all(answers)).toEqual(list.includes("beg") ? [3, 6] : [3]);
    const expected = [
      "buy 1",
      ...(list.includes("beg") ? ["beg 5"] : []),
      ...(list.includes("wave") ? ["wave 3"] : []),
    ];
    expect(ship.said).toEqual(expected);
  }
  expectNoErrors(world);
});

test("a member goes to those who have it, in order with calls, and its owner's values come from those", async () => {
  const world = await started(newVersion());
  const owner = await world.meet(new GameVersion(["rudder", "cargo", "wishes", "sail"]));
  const other = await world.meet(new GameVersion(["accent", "rudder", "glide", "trail", "wishes"]));
  befriend(other.player);
  const { identity, ship } = world.objects.spawn(world.version.ship, { owner: owner.player });
  await world.run(200);
  const [own, seen] = [owner, other].map((end) => shipOf(end.world.get(identity.netId))) as [ShipParts, ShipParts];
  const order: string[] = [];
  seen.on("accent", (now) => void order.push(`accent ${now}`));
  ship.accent = 4;
  ship.hit(1);
  ship.accent = 5;
  ship.cargo.push(6);
  ship.glide = 0.5;
  ship.trail = 60;
  ship.bearing = 70;
  [own.rudder, own.sail] = [11, 12];
  own.wishes.add(13);
  await world.run(400);
  expect(order).toEqual(["accent 4", "accent 5"]);
  expect([seen.accent, seen.glide, seen.trail, seen.rudder, [...seen.wishes]]).toEqual([5, 0.5, 60, 11, [13]]);
  expect([[...own.cargo], own.rudder, own.sail]).toEqual([[6], 11, 12]);
  expect([ship.rudder, ship.sail, [...ship.wishes]]).toEqual([11, 12, [13]]);
  expect([own.said, seen.said]).toEqual([["hit 1"], ["hit 1"]]);
  expectNoErrors(world);
});

test.each(["shared", "replica"] as const)("a host (%s) has all optional parts, beside an old client", async (kind) => {
  const world = new VersionWorld(newVersion());
  const host = await world.startHost(kind);
  const old = await world.meet(oldVersion());
  const { identity, ship } = world.objects.spawn(world.version.ship, { owner: host.player });
  const { identity: whale } = world.objects.spawn(world.version.whale);
  await world.run(200);
  const seen = host.world.get(identity.netId);
  const told: unknown[] = [];
  shipOf(seen).on("accent", (now) => void told.push(now));
  ship.accent = 3;
  ship.alarm(4);
  const answer = shipOf(seen).beg(1);
  await world.run(200);
  expect([shipOf(seen).accent, told.at(-1), await answer]).toEqual([3, 3, 2]);
  expect(shipOf(seen).said).toContain("alarm 4");
  expect(host.world.get(whale.netId)).not.toBeNull();
  expect(old.world.objects.map(({ prefab }) => prefab)).toEqual(["ship"]);
  expectNoErrors(world);
});

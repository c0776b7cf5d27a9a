import { expect, test } from "vitest";
import { PlayerState } from "../../../lib/message/index.js";
import { always, type ClientObjectManager, groups, type NetworkIdentity } from "../../../lib/object/index.js";
import { CuttableFactory } from "../../support/message-world.js";
import { type AnyShip, ObjectWorld, RockPrefab, ShipPrefab } from "../../support/object-world.js";

/** A client that can lose its connection, and comes back. */
async function enter(
  manager: ConstructorParameters<typeof ObjectWorld>[0],
  prepareServer: (world: ObjectWorld) => void = () => {},
) {
  const world = new ObjectWorld({ resumeWindowMs: 60_000, ...manager });
  prepareServer(world);
  await world.server.start();
  const cut = new CuttableFactory(world.network, { kind: "datagram" });
  const log: string[] = [];
  const prepare = (seen: ClientObjectManager) =>
    seen.on("characterChanged", (now) => void log.push(`character ${now?.prefab ?? "none"}`));
  const end = await world.enter(prepare, { socketFactory: cut });
  log.push(...end.log.splice(0));
  const lose = async () => {
    cut.isCut = cut.isDeaf = true;
    await world.until(() => end.client.player?.state === PlayerState.Suspended && !end.player.isConnected, 50);
  };
  const comeBack = async () => {
    cut.isCut = cut.isDeaf = false;
    await world.until(() => end.client.isAuthenticated, 20);
    await world.run(300);
  };
  const sees = ({ netId }: NetworkIdentity) => end.world.get(netId) !== null;
  return { ...end, object: world.objects, seen: end.world, world, events: log, lose, comeBack, sees };
}

test("a player that comes back keeps the instances of what is still there, and hears of differences only", async () => {
  const { world, player, seen, lose, comeBack, log } = await enter({});
  const { identity, ship } = world.objects.spawn(ShipPrefab, { owner: player });
  const gone = world.objects.spawn(RockPrefab).identity;
  await world.run(200);
  const own = seen.get(identity.netId)?.behaviours.ship as AnyShip;
  const heard: unknown[] = [];
  own.on("health", (now, before) => heard.push([before, now]));
  own.on("ammo", () => heard.push("ammo"));
  own.on("position", () => heard.push("position"));
  await lose();
  ship.health = 9;
  gone.destroy();
  const { identity: made } = world.objects.spawn(RockPrefab);
  log.length = 0;
  await comeBack();
  expect(seen.get(identity.netId)?.behaviours.ship).toBe(own);
  expect(heard).toEqual([[0, 9]]);
  expect([log, seen.get(made.netId) !== null]).toEqual([["spawned rock", "unspawned rock hidden", "worldReady"], true]);
  ship.position.x = 5;
  await world.run(200);
  expect([own.position.x, heard.at(-1)]).toEqual([5, "position"]);
  expect([world.errors, world.failures]).toEqual([[], []]);
});

test("what is spawned for a player that is authenticated is spawned once, though it is ready again", async () => {
  let ready = 0;
  const { world, player, seen, lose, comeBack } = await enter({}, ({ server, objects }) => {
    server.on("authenticated", (player) => void objects.spawn(ShipPrefab, { owner: player }));
    server.on("readied", () => void ready++);
  });
  await world.run(200);
  const [identity] = seen.objects;
  expect(identity?.isOwner).toBe(true);
  await lose();
  await comeBack();
  expect([ready, world.objects.objects.length, seen.objects]).toEqual([2, 1, [identity]]);
  expect([identity?.isOwner, world.objects.objects[0]?.owner]).toEqual([true, player]);
  expect([world.errors, world.failures]).toEqual([[], []]);
});

test("who is to see what, and which object it controls, holds also while the connection is lost", async () => {
  const { world, player, sees, lose, comeBack, events } = await enter({ manager: { interest: [groups()] } });
  const spawn = () => world.objects.spawn(RockPrefab).identity;
  const [hidden, shown, hiddenAway, shownAway, red, blue] = [spawn(), spawn(), spawn(), spawn(), spawn(), spawn()];
  for (const one of [hidden, hiddenAway]) world.objects.setGroup(one, "all");
  world.objects.setGroup(red, "red");
  world.objects.setGroup(blue, "blue");
  for (const group of ["all", "red"]) world.objects.join(player, group);
  hidden.hide(player);
  shown.show(player);
  const { identity: character } = world.objects.spawn(ShipPrefab);
  world.objects.setCharacter(player, character);
  await world.run(200);
  expect([hidden, shown, hiddenAway, shownAway, red, blue].map(sees)).toEqual([false, true, true, false, true, false]);
  await lose();
  expect(world.objects.characterOf(player)).toBe(character);
  hiddenAway.hide(player);
  shownAway.show(player);
  world.objects.leave(player, "red");
  world.objects.join(player, "blue");
  await comeBack();
  expect([hidden, shown, hiddenAway, shownAway, red, blue].map(sees)).toEqual([false, true, false, true, false, true]);
  expect(world.objects.characterOf(player)).toBe(character);
  expect(events.filter((one) => one.startsWith("character"))).toEqual(["character ship"]);
  await lose();
  character.destroy();
  await comeBack();
  expect(world.objects.characterOf(player)).toBe(null);
  expect(events.filter((one) => one.startsWith("character")).at(-1)).toBe("character none");
  expect([world.errors, world.failures]).toEqual([[], []]);
});

test("what is hidden from a player before it is ready is hidden then", async () => {
  const { world, sees } = await enter({ manager: { interest: always() } });
  const { identity } = world.objects.spawn(RockPrefab);
  world.server.on("authenticated", (player) => identity.hide(player));
  const late = await world.enter();
  expect([late.world.get(identity.netId), sees(identity)]).toEqual([null, true]);
});

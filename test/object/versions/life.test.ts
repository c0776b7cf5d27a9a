import { expect, test } from "vitest";
import {
  Channel,
  defineMessage,
  ErrorFlags,
  type INetworkPlayer,
  NetworkServer,
  PlayerState,
  sharedSecretAuthenticator,
  sharedSecretCredential,
} from "../../../lib/message/index.js";
import { protocolCore } from "../../../lib/message/protocol/protocol.js";
import {
  ClientObjectManager,
  definePrefab,
  NetworkBehaviour,
  networked,
  type Prefab,
  ServerObjectManager,
} from "../../../lib/object/index.js";
import { CallsMessage, KIND_BITS, LatestMessage, RecordKind } from "../../../lib/object/wire/object-messages.js";
import { NetworkWriter, u8 } from "../../../lib/serialization/index.js";
import { CraftPrefab, CraftWorld, move } from "../../support/craft-world.js";
import {
  GameVersion,
  newVersion,
  OPTIONAL,
  oldVersion,
  protocolOf,
  shipOf,
  VersionWorld,
} from "../../support/game-version.js";
import { CuttableFactory, MessageWorld } from "../../support/message-world.js";
import { ObjectWorld } from "../../support/object-world.js";
import { TestStore } from "../../support/test-store.js";

const SECRET = new TextEncoder().encode("a secret of more than sixteen bytes");

/** A server of one version that has died, one of another version in its place, and a client that comes back there. */
async function update(first: GameVersion, second: GameVersion, own: GameVersion) {
  const store = new TestStore();
  const server = { sessions: { store }, authentication: { authenticators: [sharedSecretAuthenticator(SECRET)] } };
  const world = new MessageWorld({ protocol: protocolOf(), kind: "datagram", server });
  const manager = (on: NetworkServer, { prefabs }: GameVersion) =>
    new ServerObjectManager(on, { prefabs, ownerKey: ({ id }) => `${id}` });
  const objects = manager(world.server, first);
  await world.server.start();
  const socketFactory = new CuttableFactory(world.network, { kind: "datagram" });
  const client = world.newClient({ socketFactory, protocol: protocolOf(), credential: sharedSecretCredential(SECRET) });
  const seen = new ClientObjectManager(client, { prefabs: own.prefabs });
  void client.connect();
  await world.until(() => client.isAuthenticated);
  const { identity } = objects.spawn(first.ship, { owner: world.server.players[0] as INetworkPlayer });
  await world.run(300);
  const before = { objects, ship: shipOf(identity), seen: shipOf(seen.get(identity.netId)) };
  const replace = async () => {
    const saved = objects.save();
    socketFactory.isCut = socketFactory.isDeaf = true;
    const kept = new Map(store.sessions);
    void world.server.stop();
    await world.run(3000, 20);
    for (const [id, session] of kept) store.sessions.set(id, session);
    const next = new NetworkServer({
      ...{ protocol: protocolOf(), socketFactory: world.factory, clock: world.clock, logger: { warn: () => {} } },
      ...server,
    });
    const loaded = manager(next, second);
    await next.start();
    loaded.load(saved);
    await world.until(() => client.player?.state === PlayerState.Suspended, 50);
    socketFactory.isCut = socketFactory.isDeaf = false;
    await world.until(() => client.isAuthenticated, 50);
    await world.run(500);
    return { ship: shipOf(loaded.get(identity.netId)), seen: shipOf(seen.get(identity.netId)) };
  };
  return { world, client, before, replace };
}

test("a client that finds another version of its server in its place has with it what both have", async () => {
  const { world, before, replace } = await update(oldVersion(), newVersion(), newVersion());
  before.ship.health = 3;
  before.seen.rudder = 8;
  await world.run(200);
  expect([before.seen.health, before.seen.accent]).toEqual([3, 0]);
  const { ship, seen } = await replace();
  expect([ship.health, ship.accent, ship.rudder, [...ship.cargo]]).toEqual([3, 0, 0, []]);
  ship.accent = 4;
  ship.cargo.push(5);
  seen.rudder = 9;
  const answer = seen.beg(6);
  ship.alarm(7);
  await world.run(300);
  expect([seen.health, seen.accent, [...seen.cargo], ship.rudder, await answer]).toEqual([3, 4, [5], 9, 7]);
  expect([seen.said, ship.said, world.errors]).toEqual([["alarm 7"], ["beg 6"], []]);
});

test("and the other way round", async () => {
  const { world, before, replace } = await update(newVersion(), oldVersion(), newVersion());
  before.ship.accent = 3;
  before.ship.health = 4;
  before.ship.zoom = 5;
  await world.run(200);
  expect(before.seen.accent).toBe(3);
  const { ship, seen } = await replace();
  expect([ship.health, seen.health, seen.accent]).toEqual([4, 4, 0]);
  await expect(seen.beg(6)).rejects.toMatchObject({ code: "ERR_MESSAGE_NOT_AGREED" });
  ship.hit(1);
  seen.heading = 2;
  await world.run(300);
  expect([seen.said, ship.heading, world.errors]).toEqual([["hit 1"], 2, []]);
});

test("a saved world is loaded without what has gone, and with what is new as in a new object", async () => {
  const save = async (version: GameVersion) => {
    const world = new VersionWorld(version);
    await world.server.start();
    const { ship } = world.objects.spawn(version.ship);
    ship.health = 7;
    if (version.has.has("accent")) [ship.accent, ship.secret] = [8, 9];
    if (version.has.has("cargo")) ship.cargo.push(1, 2, 3);
    ship.next.value = ship;
    if (version.has.has("whale")) ship.next.value = world.objects.spawn(version.whale).whale;
    if (version.has.has("rival")) ship.rival.value = ship;
    const saved = world.objects.save();
    return { saved, netId: ship.identity.netId };
  };
  const load = async (version: GameVersion, saved: Uint8Array) => {
    const world = new VersionWorld(version);
    await world.server.start();
    world.objects.load(saved);
    return world.objects;
  };
  const full = await save(newVersion());
  const same = await load(newVersion(), full.saved);
  const ship = shipOf(same.get(full.netId));
  expect([ship.health, ship.accent, ship.secret, [...ship.cargo], ship.rival.value]).toEqual([
    7,
    8,
    9,
    [1, 2, 3],
    ship,
  ]);
  expect([same.objects.length, ship.next.value?.identity.prefab]).toEqual([2, "whale"]);
  const old = await load(oldVersion(), full.saved);
  const less = shipOf(old.get(full.netId));
  expect([less.health, less.next.value, old.objects.length]).toEqual([7, null, 1]);
  const some = await load(new GameVersion(["cargo", "zoom"]), full.saved);
  expect([...shipOf(some.get(full.netId)).cargo]).toEqual([1, 2, 3]);
  const early = await save(oldVersion());
  const more = shipOf((await load(newVersion(), early.saved)).get(early.netId));
  expect([more.health, more.accent, [...more.cargo], more.next.value]).toEqual([7, 0, [], more]);
  // What has nothing optional is as it was before there was such a thing.
  expect([early.saved[4], full.saved[4]]).toEqual([1, 2]);
  for (let length = 0; length < full.saved.length; length++) {
    expect(() => old.load(full.saved.subarray(0, length))).toThrow(expect.objectContaining({ name: "NetworkError" }));
  }
});

test("a member that is new begins as its class's constructor says", async () => {
  class Rock extends NetworkBehaviour {
    declare size: number;
    declare colour: number;
  }
  class NewRock extends Rock {
    constructor() {
      super();
      this.colour = 6;
    }
  }
  networked(Rock, { size: u8 });
  networked(NewRock, { colour: [u8, { optional: true }] });
  const [old, young] = [Rock, NewRock].map((rock) => definePrefab("rock", { rock }, { optional: true })) as [
    Prefab<{ rock: typeof Rock }>,
    Prefab<{ rock: typeof Rock }>,
  ];
  const worlds = [old, young].map((prefab) => new ObjectWorld({ prefabs: [prefab as unknown as Prefab] }));
  const [first, second] = worlds as [ObjectWorld, ObjectWorld];
  await Promise.all(worlds.map(({ server }) => server.start()));
  first.objects.spawn(old).rock.size = 5;
  second.objects.load(first.objects.save());
  const rock = second.objects.objects[0]?.behaviours.rock as Rock;
  expect([rock.size, rock.colour]).toEqual([5, 6]);
});

test("a saved character whose prefab its player's program lacks stays its object, and is no character", async () => {
  const version = newVersion();
  const world = new VersionWorld(version, { manager: { ownerKey: () => "one" } });
  await world.server.start();
  const first = await world.meet(version);
  const { identity } = world.objects.spawn(version.whale);
  world.objects.setCharacter(first.player, identity);
  const second = world.objects.spawn(version.ship, { owner: first.player });
  const saved = world.objects.save();
  for (const one of world.objects.objects) one.destroy();
  world.objects.load(saved);
  await world.run(100);
  expect(world.objects.characterOf(first.player)?.netId).toBe(identity.netId);
  void first.client.disconnect();
  await world.run(200);
  for (const one of world.objects.objects) one.destroy();
  world.objects.load(saved);
  const old = await world.meet(oldVersion());
  expect(world.objects.characterOf(old.player)).toBeNull();
  expect(world.objects.objects.map(({ owner }) => owner)).toEqual([old.player, old.player]);
  expect(old.world.objects.map(({ netId }) => netId)).toEqual([second.identity.netId]);
  expect([world.errors, world.failures]).toEqual([[], []]);
});

test("a player that comes back and says that its program has no prefab for its character has none", async () => {
  const version = newVersion();
  const world = new VersionWorld(version, { resumeWindowMs: 60_000 });
  await world.server.start();
  const cut = new CuttableFactory(world.network, { kind: "datagram" });
  const protocol = protocolOf().add(defineMessage("extra", u8, { optional: true }));
  const { client, player } = await world.meet(version, () => {}, { protocol, socketFactory: cut });
  const { identity } = world.objects.spawn(version.whale);
  world.objects.setCharacter(player, identity);
  const changes: unknown[] = [];
  world.objects.on("characterChanged", (of, now, before) => void changes.push([of, now, before]));
  await world.run(200);
  cut.isCut = cut.isDeaf = true;
  await world.until(() => client.player?.state === PlayerState.Suspended && !player.isConnected, 50);
  const other = protocolOf().add(defineMessage("extra", u8, { optional: true }));
  new ClientObjectManager(world.newClient({ protocol: other }), { prefabs: oldVersion().prefabs });
  protocolCore(protocol).encodeTable = () => protocolCore(other).encodeTable();
  cut.isCut = cut.isDeaf = false;
  await world.until(() => player.isConnected, 20);
  await world.run(300);
  expect([world.objects.characterOf(player), identity.owner]).toEqual([null, player]);
  expect(changes).toEqual([[player, null, identity]]);
});

test.each<[string, (own: NetworkWriter, ship: number, whale: number) => RecordKind, ErrorFlags]>([
  [
    "the number that an RPC which it lacks has for others",
    (own, ship) => {
      const call = new NetworkWriter();
      call.writePacked(ship);
      call.writeBits(1, 4);
      call.writeBits(2, 8);
      call.writeBits(1, 1);
      call.writeUint32(5);
      call.writeBits(0, 1);
      call.writeUint8(9);
      own.writeBits(call.bitLength, 20);
      own.copyFrom(call, 0, call.bitLength);
      return RecordKind.Call;
    },
    ErrorFlags.RpcSync,
  ],
  [
    "state of its object of a prefab that it lacks",
    (own, _ship, whale) => {
      own.writeUint32(whale);
      own.writeBits(0b11111, 5);
      own.writeBits(0, 32);
      own.writeBits(0, 32);
      return RecordKind.State;
    },
    ErrorFlags.NoAuthority,
  ],
])("a client that sends %s is charged, and changes nothing", async (_what, write, flag) => {
  const world = new VersionWorld(newVersion());
  await world.server.start();
  const { client, player } = await world.meet(oldVersion());
  const { ship } = world.objects.spawn(world.version.ship, { owner: player });
  const { whale } = world.objects.spawn(world.version.whale, { owner: player });
  whale.heading = whale.rudder = 3;
  await world.run(200);
  const [message, own] = [new NetworkWriter(), new NetworkWriter()];
  message.writeBits(write(own, ship.identity.netId, whale.identity.netId), KIND_BITS);
  message.writePacked(own.bitLength);
  message.copyFrom(own, 0, own.bitLength);
  message.writeBits(RecordKind.End, KIND_BITS);
  client.send(CallsMessage, message.toBytes());
  await world.run(200);
  expect([player.errorFlags, ship.said, whale.heading, whale.rudder]).toEqual([flag, [], 3, 3]);
});

test("what a step spawns of a prefab that the server lacks is rejected, and all else is adopted", async () => {
  const has = OPTIONAL.filter((name) => name !== "whale");
  const [ours, theirs] = [new GameVersion(has), newVersion()];
  let isFiring = false;
  const world = new CraftWorld(
    { prefabs: [CraftPrefab as unknown as Prefab, ...ours.prefabs], lag: { latencyMs: 30 } },
    {
      server(craft, input, { dt, spawn }) {
        move(craft, input, dt);
        if (input.light) spawn(ours.anchor);
      },
      client(craft, input, { dt, spawn }) {
        move(craft, input, dt);
        if (!input.light) return;
        spawn(theirs.anchor);
        spawn(theirs.whale);
      },
    },
  );
  await world.server.start();
  const log: string[] = [];
  const prepare = (seen: ClientObjectManager) => {
    seen.on("adopted", ({ prefab }) => void log.push(`adopted ${prefab}`));
    seen.on("unspawned", ({ prefab }, reason) => void log.push(`${reason} ${prefab}`));
  };
  const prefabs = [CraftPrefab as unknown as Prefab, ...theirs.prefabs];
  const end = await world.enter(prepare, { protocol: protocolOf() }, { prefabs });
  const { identity } = world.objects.spawn(CraftPrefab, { owner: end.player });
  await world.until(() => end.world.get(identity.netId) !== null);
  const craft = end.world.get(identity.netId)?.behaviours.craft as never;
  world.flying.control(craft, () => {
    const light = isFiring;
    isFiring = false;
    return { forward: 0, turn: 0, light };
  });
  await world.run(500);
  isFiring = true;
  await world.run(500);
  expect(log.sort()).toEqual(["adopted anchor", "rejected whale"]);
  expect(end.world.objects.map(({ prefab }) => prefab).sort()).toEqual(["anchor", "craft"]);
  expect([world.errors, world.failures]).toEqual([[], []]);
});

test.each([
  ["server", oldVersion(), newVersion()],
  ["client", newVersion(), oldVersion()],
])("a late packet is read without what the %s lacks, also of an object that has gone", async (_who, ours, theirs) => {
  const world = new VersionWorld(ours);
  await world.server.start();
  const { player, world: seen } = await world.meet(theirs);
  const [first, second] = [world.objects.spawn(world.version.ship), world.objects.spawn(world.version.ship)];
  await world.run(300);
  const late: Uint8Array[] = [];
  const sendNotify = player.sendNotify.bind(player);
  player.sendNotify = ((message: unknown, bytes: Uint8Array, ...rest: [never]) => {
    if (message === LatestMessage) return late.push(bytes.slice()) > 0;
    return sendNotify(message as typeof LatestMessage, bytes, ...rest);
  }) as typeof player.sendNotify;
  for (const { ship } of [first, second]) ship.position = 500;
  await world.run(100);
  first.identity.destroy();
  await world.run(100);
  expect(seen.objects).toHaveLength(1);
  player.send(LatestMessage, late[0] as Uint8Array, Channel.Sequenced);
  await world.run(100);
  expect(shipOf(seen.get(second.identity.netId)).position).toBe(500);
  expect([world.errors, world.failures, world.warnings]).toEqual([[], [], []]);
});

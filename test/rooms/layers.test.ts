import { describe, expect, test } from "vitest";
import { MessageCommsNetwork } from "../../lib/comms/index.js";
import { defineProtocol, type INetworkPlayer, type NetworkClient } from "../../lib/message/index.js";
import {
  ClientObjectManager,
  definePrefab,
  NetworkBehaviour,
  networked,
  type Prefab,
  type RpcCall,
  ServerObjectManager,
  serverRpc,
} from "../../lib/object/index.js";
import type { Room, RoomKind, RoomsClient } from "../../lib/rooms/index.js";
import { string, u8 } from "../../lib/serialization/index.js";
import { RoomsWorld } from "../support/rooms-world.js";

class FlagParts extends NetworkBehaviour {
  declare name: string;
  async ask(value: number, call?: RpcCall): Promise<number> {
    return value + 100 * (call?.player.id ?? 0);
  }
}
const Flag = networked(FlagParts, { name: string(32) }, { ask: serverRpc([u8], { returns: u8, anyone: true }) });
const FlagPrefab: Prefab<{ flag: typeof Flag }> = definePrefab("flag", { flag: Flag });
const prefabs = [FlagPrefab];

const newProtocol = () => defineProtocol({ name: "layers", version: 1, messages: [] });

/** Rooms with a flag that bears their name, and voice. */
function arena(world: () => RoomsWorld) {
  const voices = new Map<string, MessageCommsNetwork>();
  const managers = new Map<string, ServerObjectManager>();
  const kind: RoomKind = {
    capacity: 8,
    server: { tickRate: 20 },
    open(room: Room) {
      const { server } = room;
      const manager = new ServerObjectManager(server, { prefabs });
      managers.set(room.id, manager);
      voices.set(room.id, new MessageCommsNetwork({ server, clock: world().clock }));
      server.on("started", () => {
        const { flag } = manager.spawn(FlagPrefab);
        flag.name = `flag of ${room.labels.name}`;
      });
    },
  };
  return { kind, voices, managers };
}

interface Player {
  readonly name: string;
  readonly client: NetworkClient;
  readonly rooms: RoomsClient;
  readonly objects: ClientObjectManager;
  readonly comms: MessageCommsNetwork;
  readonly events: string[];
}

function newPlayer(world: RoomsWorld, name: string): Player {
  const { client, rooms } = world.newClient();
  const objects = new ClientObjectManager(client, { prefabs });
  const comms = new MessageCommsNetwork({ client, clock: world.clock, playerName: name });
  comms.comms.rooms.join("all");
  const events: string[] = [];
  objects.onSpawned(FlagPrefab, ({ flag }) => void events.push(`+ ${flag.name}`));
  objects.on("unspawned", () => void events.push("- flag"));
  return { name, client, rooms, objects, comms, events };
}

async function twoRooms() {
  let world: RoomsWorld;
  const { kind, voices, managers } = arena(() => world);
  world = new RoomsWorld(newProtocol, { arena: kind });
  const local = newPlayer(world, "Host");
  await world.wait(world.host.start({ localClient: local.client }));
  const remote = [newPlayer(world, "Ann"), newPlayer(world, "Ben")];
  for (const { client } of remote) await world.wait(client.connect());
  const rooms = [];
  for (const name of ["moon", "mars"])
    rooms.push(await world.wait(world.host.createRoom("arena", { labels: { name } })));
  const [moon, mars] = rooms as [Room, Room];
  return { world, players: [local, ...remote] as [Player, Player, Player], moon, mars, voices, managers };
}

const peersOf = ({ comms, name: own }: Player) =>
  comms.comms.players
    .map(({ name }) => name)
    .filter((name) => name !== own)
    .sort();
const hears = ({ voices }: Pick<Awaited<ReturnType<typeof twoRooms>>, "voices">, room: Room) =>
  voices
    .get(room.id)
    ?.server?.clients.map(({ name }) => name)
    .sort();

describe("a room has objects and voice of its own", () => {
  test("which its players see and hear, the host's client too, and nobody else", async () => {
    const set = await twoRooms();
    const { world, players, moon, mars } = set;
    const [local, ann, ben] = players;
    for (const { rooms } of [local, ann]) await world.wait(rooms.joinById(moon.id));
    await world.wait(ben.rooms.joinById(mars.id));
    await world.run(500);
    expect(players.map(({ events }) => events)).toEqual([["+ flag of moon"], ["+ flag of moon"], ["+ flag of mars"]]);
    expect(hears(set, moon)).toEqual(["Ann", "Host"]);
    expect(hears(set, mars)).toEqual(["Ben"]);
    expect(players.map(peersOf)).toEqual([["Ann"], ["Host"], []]);
    expect(world.errors).toEqual([]);
    expect(world.warnings).toEqual([]);
  });

  test("a player that moves has the objects of the new room only, and talks to those who are there", async () => {
    const set = await twoRooms();
    const { world, players, moon, mars } = set;
    const [local, ann, ben] = players;
    for (const { rooms } of players) await world.wait(rooms.joinById(moon.id));
    await world.run(300);
    for (const [index, player] of players.entries()) {
      const { connection } = player.client.player as INetworkPlayer;
      await world.wait(player.rooms.joinById(mars.id));
      await world.run(500);
      expect(player.client.player?.connection).toBe(connection);
      expect(hears(set, mars)?.length).toBe(index + 1);
      expect(hears(set, moon)?.length).toBe(2 - index);
    }
    for (const { events } of players) expect(events).toEqual(["+ flag of moon", "- flag", "+ flag of mars"]);
    expect([local, ann, ben].map(peersOf)).toEqual([
      ["Ann", "Ben"],
      ["Ben", "Host"],
      ["Ann", "Host"],
    ]);
    const [identity] = ann.objects.objects;
    const flag = identity?.behaviours.flag as unknown as FlagParts;
    expect(await world.wait(flag.ask(7))).toBe(207);
    await world.wait(ann.rooms.leave());
    await world.run(300);
    expect([ann.objects.objects.length, peersOf(ann), peersOf(ben)]).toEqual([0, [], ["Host"]]);
    expect(world.errors).toEqual([]);
    expect(world.warnings).toEqual([]);
  });
});

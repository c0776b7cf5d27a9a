import { expect, test } from "vitest";
import type { NetworkClient } from "../../../lib/message/index.js";
import type { RoomsClient } from "../../../lib/rooms/index.js";
import { seededRandom } from "../../../lib/testing/index.js";
import { countingRooms, Move, newMoveProtocol } from "../../support/counted-moves.js";
import { type FleetProcess, FleetWorld } from "../../support/fleet-world.js";

const IS_STRESS = process.env.VALVE_SOCKETS_STRESS === "1";
/** Each with the share of packets that is lost, each way. */
const SEEDS = IS_STRESS
  ? Array.from({ length: 25 }, (_, at) => [at + 1, at < 20 ? 0 : 0.2] as const)
  : ([
      [1, 0],
      [2, 0.2],
    ] as const);
const ROOMS = 6;
const PLAYERS = 12;
const ROUNDS = IS_STRESS ? 60 : 12;
const HOSTS = 4;

test.each(SEEDS)(
  "hosts die, stand still, are drained and cut off at random (seed %i, loss %d): each acknowledged move counts once",
  async (seed, loss) => {
    const random = seededRandom(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    const fleet = new FleetWorld(newMoveProtocol, { game: countingRooms(PLAYERS) }, { loss });
    let alive: FleetProcess[] = [...(await fleet.start(HOSTS))];
    const ids = Array.from({ length: ROOMS }, (_, at) => `room${at}`);
    for (const id of ids) await fleet.wait(pick(alive).host.createRoom("game", { id }));
    await fleet.run(200);
    const faults: string[] = [];
    const players = await Promise.all(
      Array.from({ length: PLAYERS }, async (_, at) => ({
        who: at,
        id: ids[at % ROOMS] as string,
        acknowledged: 0,
        ...fleet.newClient(),
      })),
    );
    let isOver = false;
    const play = async (player: {
      who: number;
      id: string;
      acknowledged: number;
      client: NetworkClient;
      rooms: RoomsClient;
    }) => {
      player.client.on("disconnected", ({ text }) => isOver || faults.push(`disconnected: ${text}`));
      while (!isOver && player.client.active) {
        const { who, id: room, acknowledged } = player;
        const number = acknowledged + 1;
        try {
          const { counted } = await player.client.request(
            Move,
            { who, number, room },
            { timeoutMs: 15_000, retry: true },
          );
          if (counted !== number) faults.push(`${counted} are counted of ${number}`);
          player.acknowledged = number;
        } catch {
          // It is asked again.
        }
        await new Promise<void>((resolve) => void fleet.clock.setTimeout(resolve, 50));
      }
    };
    for (const player of players) {
      await fleet.wait(player.client.connect({ port: pick(alive).port }));
      await fleet.wait(player.rooms.joinById(player.id));
    }
    // Whoever has just entered a room is not in the directory yet.
    await fleet.run(200);
    const playing = players.map(play);
    const newHost = async () => void alive.push(await fleet.add());
    const without = (one: FleetProcess) => {
      alive = alive.filter((other) => other !== one);
    };
    for (let round = 0; round < ROUNDS; round++) {
      const what = pick(["kill", "freeze", "drain", "cut"]);
      const victim = pick(alive);
      if (what === "kill") {
        without(victim);
        await victim.kill();
        await newHost();
      } else if (what === "freeze") {
        victim.freeze();
        await fleet.run(1000 + random() * 7000, 20);
        victim.thaw();
      } else if (what === "drain") {
        await newHost();
        without(victim);
        await fleet.run(1500, 20);
        await fleet.wait(victim.host.drain({ deadlineMs: 10_000 }));
      } else {
        victim.engine.disconnect();
        await fleet.run(1000 + random() * 4000, 20);
        victim.engine.reconnect();
      }
      // Clients hear which hosts there are when they ask (every 2 s), once the others know that one is dead (1.5 s).
      if (what === "kill" || what === "drain") await fleet.run(5000, 50);
      // Until all play again.
      const from = players.map(({ acknowledged }) => acknowledged);
      const isPlaying = () => players.every(({ acknowledged }, at) => acknowledged > (from[at] as number) + 2);
      await fleet.until(() => faults.length > 0 || isPlaying(), 20);
      expect(faults).toEqual([]);
    }
    isOver = true;
    await fleet.wait(Promise.all(playing));
    expect(faults).toEqual([]);
    // Copies that nobody is in may end a little later.
    await fleet.run(10_000, 50);
    const owned = alive.flatMap(({ host }) => host.rooms.map(({ id }) => id));
    expect(owned.length).toBe(new Set(owned).size);
    for (const { host } of alive)
      expect(
        host.fleet
          ?.findRooms()
          .map(({ id }) => id)
          .sort(),
      ).toEqual(ids);
    expect(players.map(({ rooms }) => rooms.room?.id)).toEqual(players.map(({ id }) => id));
  },
  600_000,
);

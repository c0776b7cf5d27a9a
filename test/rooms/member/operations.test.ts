import { expect, test } from "vitest";
import { defineAuthenticator, defineCredential, type NetworkClient } from "../../../lib/message/index.js";
import type { RoomsClient } from "../../../lib/rooms/index.js";
import { string } from "../../../lib/serialization/index.js";
import { seededRandom } from "../../../lib/testing/index.js";
import { countingRooms, Move, newMoveProtocol } from "../../support/counted-moves.js";
import { type FleetProcess, FleetWorld } from "../../support/fleet-world.js";

const IS_STRESS = process.env.VALVE_SOCKETS_STRESS === "1";
const SEEDS = IS_STRESS ? Array.from({ length: 100 }, (_, at) => at + 1) : [35, 73, 95];
const STEPS = 60;
const HOSTS = 4;
const PLAYERS = 8;
const ROOMS = ["a", "b", "c", "d"];

const authenticators = [defineAuthenticator("name", string(20), (data) => ({ data }))];

/** Of a player who asks for rooms, and counts its moves in them. */
class Player {
  readonly acknowledged = new Map<string, number>();
  /** What it has heard at its end. */
  end: string | null = null;
  hasLeft = false;

  constructor(
    readonly who: number,
    readonly client: NetworkClient,
    readonly rooms: RoomsClient,
    readonly world: Operations,
  ) {
    client.on("disconnected", ({ code, text }) => {
      this.end = `${code} ${text}`;
    });
  }

  get isPlaying(): boolean {
    return this.end === null && this.client.isAuthenticated && this.rooms.room !== null;
  }

  /** Goes into a room. Another wish, a host that cannot be asked or a full room keep it where it is. */
  join(room: string): Promise<unknown> {
    return this.rooms.joinById(room).catch(() => {});
  }

  async play(): Promise<void> {
    const { client, rooms, who, acknowledged, world } = this;
    while (this.end === null) {
      const room = rooms.room?.id;
      if (room !== undefined && client.isAuthenticated) {
        const number = (acknowledged.get(room) ?? 0) + 1;
        const options = { timeoutMs: 10_000, retry: true };
        const answer = await client.request(Move, { who, number, room }, options).catch(() => null);
        if (answer?.room === room) {
          if (answer.counted !== number) world.faults.push(`${answer.counted} of ${number} of ${who} in ${room}`);
          acknowledged.set(room, number);
        }
      }
      await new Promise<void>((resolve) => void world.fleet.clock.setTimeout(resolve, 50));
    }
  }
}

/** Hosts that are started, stopped, drained, cut off and killed in any order, but for the first one. */
class Operations {
  readonly fleet: FleetWorld;
  readonly faults: string[] = [];
  readonly players: Player[] = [];
  readonly #random: () => number;
  #alive: FleetProcess[] = [];
  readonly #frozen = new Set<FleetProcess>();
  readonly #killed = new Set<FleetProcess>();
  /** The calls that have to come to an end. */
  readonly #calls = new Set<{ what: string; process: FleetProcess }>();

  /** @param isHasty players change rooms often, and the engine takes long to write where they are */
  constructor(seed: number, isHasty: boolean) {
    this.#random = seededRandom(seed);
    const writeMs = isHasty ? this.#pick([0, 100, 400, 900]) : this.#random() < 0.3 ? 100 : 0;
    if (isHasty) Object.assign(this.#steps, this.#hastySteps);
    const options = { writeMs, authentication: { authenticators } };
    this.fleet = new FleetWorld(newMoveProtocol, { game: countingRooms(PLAYERS) }, options);
  }

  async start(): Promise<void> {
    const { fleet } = this;
    this.#alive = [...(await fleet.start(HOSTS))];
    for (const id of ROOMS) await fleet.wait(this.#pick(this.#alive).host.createRoom("game", { id }));
    await fleet.run(300);
    for (let count = 0; count < PLAYERS; count++) await this.#newcomer();
  }

  readonly #steps: Record<string, (one: FleetProcess) => unknown> = {
    kill: (one) => this.#alive.length > 2 && this.#kill(one),
    add: async () => this.#alive.length <= HOSTS && this.#alive.push(await this.fleet.add()),
    freeze: (one) => {
      if (this.#frozen.size < 2) {
        one.freeze();
        this.#frozen.add(one);
      }
    },
    thaw: () => this.#thaw(),
    drain: (one) => this.#isUp(one) && this.#drain(one),
    drainTwice: (one) => {
      if (this.#isUp(one)) for (let times = 0; times < 2; times++) this.#drain(one);
    },
    undrain: () => this.#undrain(),
    stop: (one) => this.#isUp(one) && this.#follow("stop", one, one.host.stop()),
    stopServer: (one) => this.#isUp(one) && this.#follow("server.stop", one, one.host.server.stop()),
    restart: (one) => {
      if (!this.#isUp(one)) return;
      this.#follow("stop", one, one.host.stop());
      this.#follow("start", one, one.host.start());
    },
    startAll: () => this.#startAll(),
    cut: (one) => one.engine.disconnect(),
    heal: () => this.#heal(),
    join: () => this.#somebody?.join(this.#pick(ROOMS)),
    leave: () => void this.#somebody?.rooms.leave().catch(() => {}),
    move: (one) => {
      const rooms = one.host.rooms.filter(({ server }) => server.active);
      const [from, to] = [this.#pick(rooms), this.#pick(rooms)];
      const player = from?.server.authenticatedPlayers[0];
      if (from && to && player && from !== to && !this.#frozen.has(one)) one.host.move(player, to);
    },
    leaveGame: async () => {
      const player = this.#somebody;
      if (!player) return;
      player.hasLeft = true;
      await player.client.disconnect();
    },
    newcomer: () => this.players.filter(({ hasLeft }) => !hasLeft).length < PLAYERS && this.#newcomer(),
  };

  readonly #hastySteps: Record<string, (one: FleetProcess) => unknown> = {
    hop: () => {
      for (let times = 0; times < 3; times++) this.#somebody?.join(this.#pick(ROOMS));
    },
    hopAll: () => {
      for (const player of this.players) if (!player.end && !player.hasLeft) void player.join(this.#pick(ROOMS));
    },
    moveTwice: (one) => {
      this.#steps.move?.(one);
      this.#steps.move?.(one);
    },
    moveAndDrain: (one) => {
      this.#steps.move?.(one);
      this.#steps.drain?.(one);
    },
    moveAndStop: (one) => {
      this.#steps.move?.(one);
      this.#steps[this.#pick(["stop", "stopServer", "restart"])]?.(one);
    },
    stopTwice: (one) => {
      this.#steps.stop?.(one);
      if (!this.#frozen.has(one)) this.#follow("stop", one, one.host.stop());
    },
    stopStart: (one) => {
      if (this.#frozen.has(one) || one.host.server.active) return;
      this.#follow("start", one, one.host.start());
      this.#follow("stop", one, one.host.stop());
      this.#follow("start", one, one.host.start());
    },
    drainServer: (one) => {
      const deadlineMs = this.#pick([0, 2000]);
      if (this.#isUp(one)) this.#follow("server.drain", one, one.host.server.drain({ deadlineMs }));
    },
  };

  /** One step of an operator or a player, and a while. What takes long goes on beside the next one. */
  async step(): Promise<void> {
    const name = this.#pick(Object.keys(this.#steps)) as string;
    const given = Promise.resolve(this.#steps[name]?.(this.#pick(this.#alive.slice(1))));
    given.catch((error) => this.faults.push(`${name}: ${error}`));
    await Promise.race([given, this.fleet.run(500, 20)]);
    await this.fleet.run(this.#pick([0, 0, 20, 200, 1000, 4000]), 20);
  }

  /** All hosts are well again, and all that was asked for has the time that it may take. */
  async end(): Promise<void> {
    const { fleet, faults } = this;
    this.#thaw();
    this.#heal();
    this.#undrain();
    await fleet.run(85_000, 50);
    this.#startAll();
    await fleet.run(40_000, 50);
    for (const { what, process } of this.#calls)
      if (!this.#killed.has(process)) faults.push(`${what} of ${process.port} has no end`);
    const before = this.players.map(({ acknowledged }) => new Map(acknowledged));
    for (const player of this.players) if (!player.rooms.room && !player.hasLeft) void player.join(this.#pick(ROOMS));
    await fleet.run(5000, 20);
    for (const [at, player] of this.players.entries()) {
      if (player.hasLeft) continue;
      const room = player.rooms.room?.id ?? "";
      const isCounted = (player.acknowledged.get(room) ?? 0) > (before[at]?.get(room) ?? 0);
      if (!player.isPlaying || !isCounted) faults.push(`${player.who} does not play in "${room}": ${player.end}`);
    }
    const owned = this.#alive.flatMap(({ host }) => host.rooms.map(({ id }) => id));
    expect(owned.sort()).toEqual(ROOMS);
    for (const { host } of this.#alive) {
      const known = host.fleet?.findRooms().map(({ id }) => id);
      expect(known?.sort()).toEqual(ROOMS);
      for (const { who, rooms, hasLeft } of this.players) {
        const owner = this.#alive.find((one) => one.host.getRoom(rooms.room?.id ?? ""));
        const where = hasLeft ? undefined : `${owner?.id} ${rooms.room?.id}`;
        const found = await host.fleet?.whereIs(String(who));
        const told = found ? `${found.host} ${found.room}` : undefined;
        if (told !== where) faults.push(`${who} is at ${where}, and said to be at ${told}`);
      }
    }
  }

  /** Nothing waits for anything then. What killed processes had asked for may. */
  async stop(): Promise<void> {
    const { fleet } = this;
    for (const { client } of this.players) void client.disconnect();
    await fleet.run(3000, 20);
    await fleet.wait(Promise.all(this.#alive.map(({ host }) => host.stop())));
    await fleet.run(70_000, 100);
    if (this.#killed.size === 0) expect(fleet.clock.timerCount).toBe(0);
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)] as T;
  }

  get #somebody(): Player | undefined {
    return this.#pick(this.players.filter(({ end, hasLeft }) => end === null && !hasLeft));
  }

  #isUp(one: FleetProcess): boolean {
    return !this.#frozen.has(one) && one.host.server.active;
  }

  async #newcomer(): Promise<void> {
    const who = this.players.length + 1;
    const credential = defineCredential("name", string(20), () => String(who));
    const { client, rooms } = this.fleet.newClient({ credential });
    const player = new Player(who, client, rooms, this);
    const connecting = client.connect({ port: (this.#alive[0] as FleetProcess).port });
    await this.fleet.wait(connecting);
    this.players.push(player);
    void player.play();
    await this.fleet.wait(player.join(this.#pick(ROOMS)));
  }

  async #kill(one: FleetProcess): Promise<void> {
    this.#alive = this.#alive.filter((other) => other !== one);
    this.#frozen.delete(one);
    this.#killed.add(one);
    await one.kill();
  }

  #drain(one: FleetProcess): void {
    const deadlineMs = this.#pick([0, 100, 3000, 10_000, 20_000]);
    const mode = this.#pick(["move", "wait"] as const);
    this.#follow("drain", one, one.host.drain({ deadlineMs, mode }));
  }

  #undrain(): void {
    for (const one of this.#alive) {
      // One that is stopping says so.
      if (this.#isUp(one)) expect(() => one.host.undrain()).toSatisfy(isDoneOrRefused);
    }
  }

  #startAll(): void {
    for (const one of this.#alive)
      if (!one.host.server.active && !this.#frozen.has(one)) this.#follow("start", one, one.host.start());
  }

  #heal(): void {
    for (const { engine } of this.#alive) engine.reconnect();
  }

  #thaw(): void {
    for (const one of this.#frozen) one.thaw();
    this.#frozen.clear();
  }

  #follow(what: string, process: FleetProcess, promise: Promise<unknown>): void {
    const call = { what, process };
    this.#calls.add(call);
    void promise.catch(() => {}).then(() => this.#calls.delete(call));
  }
}

function isDoneOrRefused(call: () => void): boolean {
  try {
    call();
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "ERR_STATE";
  }
}

test.each(SEEDS)(
  "whatever is done to all hosts but one, nobody is lost, no move, and no call without an end (seed %i)",
  (seed) => operate(new Operations(seed, false)),
  600_000,
);

test.each(SEEDS)(
  "the same while players hurry from room to room, and the engine is slow (seed %i)",
  (seed) => operate(new Operations(seed, true)),
  600_000,
);

async function operate(operations: Operations): Promise<void> {
  await operations.start();
  for (let step = 0; step < STEPS && operations.faults.length === 0; step++) await operations.step();
  if (operations.faults.length === 0) await operations.end();
  expect(operations.faults).toEqual([]);
  await operations.stop();
}

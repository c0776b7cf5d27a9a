import { describe, expect, test } from "vitest";
import { defineProtocol, NetworkError } from "../../../lib/message/index.js";
import { type Room, RoomHost, type RoomKind } from "../../../lib/rooms/index.js";
import { decode, encode, struct, u32 } from "../../../lib/serialization/index.js";
import { MemoryNetwork, MemorySocketFactory } from "../../../lib/socket/index.js";
import { FleetProcess, FleetWorld } from "../../support/fleet-world.js";

const Add = struct({ amount: u32 });
const State = struct({ sum: u32, seen: u32 });
const newProtocol = () => defineProtocol({ name: "kept", version: 1, messages: [] });

/** Rooms that add up what is committed, and what they have only seen. */
function counters() {
  const states = new Map<Room, { sum: number; seen: number }>();
  const of = (room: Room) => states.get(room) as { sum: number; seen: number };
  const kind: RoomKind = {
    capacity: 4,
    emptyMs: Number.POSITIVE_INFINITY,
    clientsCreate: false,
    open: (room) => void states.set(room, { sum: 0, seen: 0 }),
    commitCodec: Add,
    apply: (room, event) => {
      of(room).sum += (event as { amount: number }).amount;
    },
    snapshot: (room) => encode(State, of(room)),
    restore: (room, bytes) => void states.set(room, decode(State, bytes)),
  };
  return { kind, of };
}

async function world(count = 2, more: Partial<RoomKind> = {}) {
  const { kind, of } = counters();
  const fleet = new FleetWorld(newProtocol, { counter: { ...kind, ...more } });
  const [a, b, c] = (await fleet.start(count)) as [FleetProcess, FleetProcess, FleetProcess];
  return { fleet, a, b, c, of };
}

const code = (wanted: string) => expect.objectContaining({ code: wanted });
/** Has a host take a room over, as it does for a player who looks for it. */
const take = (fleet: FleetWorld, { host }: FleetProcess, id: string) =>
  fleet.wait(host.fleet?.reserve(id) as Promise<string>).then(() => host.getRoom(id) as Room);

test("a room is one host's, with an epoch; all hosts find it", async () => {
  const { fleet, a, b } = await world();
  const made = await Promise.allSettled(
    [a, b].map(({ host }) => fleet.wait(host.createRoom("counter", { id: "one", labels: { map: "moon" } }))),
  );
  expect(made.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(made.find(({ status }) => status === "rejected")).toHaveProperty("reason.code", "ERR_CONFLICT");
  const winner = a.host.getRoom("one") ? a : b;
  const room = winner.host.getRoom("one") as Room;
  await fleet.run(100);
  for (const { host } of [a, b]) {
    expect(host.fleet?.findRooms({ labels: { map: "moon" } })).toEqual([
      {
        ...{ id: "one", kind: "counter", host: winner.id, epoch: room.epoch },
        ...{ labels: { map: "moon" }, isOpen: true, isPrivate: false, isOtherVersion: false },
      },
    ]);
    expect(host.fleet?.hosts.map(({ id }) => id).sort()).toEqual([a.id, b.id].sort());
  }
  room.isLocked = true;
  room.labels = { map: "mars" };
  await fleet.run(100);
  expect(b.host.fleet?.findRooms()).toEqual([expect.objectContaining({ labels: { map: "mars" }, isOpen: false })]);
  expect([...a.errors, ...b.errors]).toEqual([]);
});

test("a host is killed: its room goes on elsewhere with what was committed, and the last checkpoint", async () => {
  const { fleet, a, b, of } = await world();
  const room = await fleet.wait(a.host.createRoom("counter", { id: "one" }));
  of(room).seen = 5;
  await fleet.wait(room.commit({ amount: 1 }));
  await fleet.wait(room.checkpoint());
  of(room).seen = 6; // Passing, since no checkpoint has it.
  const turn = await fleet.wait(Promise.all([room.commit({ amount: 10 }), room.commit({ amount: 100 })]));
  expect(new Set(turn).size).toBe(1);
  expect(of(room)).toEqual({ sum: 111, seen: 6 });
  await a.kill();
  await fleet.run(200);
  // Nobody takes it while its host may be alive.
  expect(b.host.fleet?.findRooms()).toEqual([expect.objectContaining({ host: a.id })]);
  const taken = await take(fleet, b, "one");
  expect(of(taken)).toEqual({ sum: 111, seen: 5 });
  expect(taken.epoch).toBeGreaterThan(room.epoch);
  expect(b.host.fleet?.metrics.claimed).toBe(1);
  expect(b.errors).toEqual([]);
});

test("checkpoints are made by themselves, and only of what has changed", async () => {
  const { fleet, a, b, of } = await world();
  const room = await fleet.wait(a.host.createRoom("counter", { id: "one" }));
  of(room).seen = 7;
  await fleet.run(2600, 20);
  const stored = a.host.fleet?.metrics.checkpoints;
  expect(stored).toBe(1);
  await fleet.run(10_000, 50);
  expect(a.host.fleet?.metrics.checkpoints).toBe(stored);
  await a.kill();
  expect(of(await take(fleet, b, "one"))).toEqual({ sum: 0, seen: 7 });
});

test("a frozen host that goes on has lost its room: it commits nothing any more, and its copy ends", async () => {
  const { fleet, a, b, of } = await world();
  const room = await fleet.wait(a.host.createRoom("counter", { id: "one" }));
  await fleet.wait(room.commit({ amount: 1 }));
  a.freeze();
  const taken = await take(fleet, b, "one");
  await fleet.wait(taken.commit({ amount: 10 }));
  const late = room.commit({ amount: 100 });
  a.thaw();
  await expect(fleet.wait(late)).rejects.toEqual(code("ERR_CLOSED"));
  await fleet.run(200);
  expect(a.host.rooms).toEqual([]);
  expect(a.host.fleet?.metrics.surrendered).toBe(1);
  expect(of(taken).sum).toBe(11);
  expect(room.server.active).toBe(false);
  await expect(room.commit({ amount: 1 })).rejects.toEqual(code("ERR_CLOSED"));
});

test("without the engine a room goes on, its commits wait, and nobody is declared dead", async () => {
  const { fleet, a, b, of } = await world();
  const room = await fleet.wait(a.host.createRoom("counter", { id: "one" }));
  a.engine.disconnect();
  b.engine.disconnect();
  expect(a.host.fleet?.isReady).toBe(false);
  const waiting = room.commit({ amount: 1 });
  await fleet.run(10_000, 50);
  expect(room.server.active).toBe(true);
  await expect(fleet.wait(b.host.createRoom("counter"))).rejects.toEqual(code("ERR_SERVER_BUSY"));
  a.engine.reconnect();
  b.engine.reconnect();
  await fleet.wait(waiting);
  expect(of(room).sum).toBe(1);
  await fleet.run(3000, 50);
  expect(a.host.getRoom("one")).toBe(room);
  expect(b.host.fleet?.findRooms()).toEqual([expect.objectContaining({ host: a.id, epoch: room.epoch })]);
});

test("a host that stops leaves its rooms to others; a room that is closed is gone, and its id is free", async () => {
  const { fleet, a, b, of } = await world();
  const room = await fleet.wait(a.host.createRoom("counter", { id: "one" }));
  of(room).seen = 3;
  await fleet.wait(room.commit({ amount: 4 }));
  await fleet.wait(a.host.stop());
  const taken = await take(fleet, b, "one");
  expect(of(taken)).toEqual({ sum: 4, seen: 3 });
  await fleet.wait(taken.close());
  await fleet.run(100);
  expect(b.host.fleet?.findRooms()).toEqual([]);
  const again = await fleet.wait(b.host.createRoom("counter", { id: "one" }));
  expect(of(again)).toEqual({ sum: 0, seen: 0 });
});

test("rooms that nobody looks for any more are taken over and disposed of when they are empty", async () => {
  const { fleet, a, b } = await world(2, { emptyMs: 10_000 });
  await fleet.wait(a.host.createRoom("counter", { id: "one" }));
  await a.kill();
  await fleet.run(25_000, 100);
  expect(b.host.fleet?.findRooms()).toHaveLength(1);
  await fleet.run(30_000, 100);
  expect(b.host.fleet?.findRooms()).toEqual([]);
});

test("one room whose open takes long holds up none of those that a dead host has left", async () => {
  const { kind } = counters();
  let host = "";
  const open = (room: Room) => {
    kind.open(room);
    // Only where it is taken over.
    return room.id === "room0" && host === "b" ? new Promise<void>(() => {}) : undefined;
  };
  const fleet = new FleetWorld(newProtocol, { counter: { ...kind, open } });
  const [a, b] = (await fleet.start(2)) as [FleetProcess, FleetProcess];
  for (let at = 0; at < 4; at++) await fleet.wait(a.host.createRoom("counter", { id: `room${at}` }));
  await a.kill();
  host = "b";
  await fleet.run(42_000, 100);
  expect(
    ["room1", "room2", "room3"].map((id) => b.host.fleet?.findRooms().find((room) => room.id === id)?.host),
  ).toEqual([b.id, b.id, b.id]);
});

test("many rooms of a kind that nobody has any more hold up no other one that a dead host has left", async () => {
  const { kind } = counters();
  const fleet = new FleetWorld(newProtocol, { counter: kind });
  const a = await fleet.add({ rooms: { counter: kind, gone: kind } });
  const b = await fleet.add();
  await fleet.run(2500, 50);
  for (let count = 0; count < 60; count++) await fleet.wait(a.host.createRoom("gone"));
  await fleet.wait(a.host.createRoom("counter", { id: "one" }));
  await a.kill();
  await fleet.run(50_000, 100);
  expect(b.host.rooms.map(({ id }) => id)).toEqual(["one"]);
});

test("a host that drains takes over nothing that a dead one has left", async () => {
  const { fleet, a, b } = await world();
  await fleet.wait(a.host.createRoom("counter", { id: "one" }));
  await a.kill();
  await fleet.connect(b); // It waits for this player.
  const draining = b.host.drain({ deadlineMs: 90_000, mode: "wait" });
  await fleet.run(60_000, 100);
  expect([b.host.fleet?.metrics.claimed, b.host.fleet?.findRooms()]).toEqual([
    0,
    [expect.objectContaining({ id: "one", host: a.id })],
  ]);
  b.host.undrain();
  await fleet.wait(draining);
  await fleet.run(6000, 100);
  expect(b.host.fleet?.metrics.claimed).toBe(1);
});

test("a room that is given away is there as it was at that moment, without a checkpoint before", async () => {
  const { fleet, a, b, of } = await world();
  const room = await fleet.wait(a.host.createRoom("counter", { id: "one" }));
  of(room).seen = 9; // Nobody commits it, and no time passes until the drain.
  expect(await fleet.wait(a.host.drain())).toBe(0);
  expect(of(b.host.getRoom("one") as Room)).toEqual({ sum: 0, seen: 9 });
});

test("a checkpoint that is wanted while events are applied has all that was stored with them", async () => {
  const { kind, of } = counters();
  const checkpoints: Promise<void>[] = [];
  const apply: RoomKind["apply"] = (room, event) => {
    of(room).sum += (event as { amount: number }).amount;
    if (of(room).sum === 1) checkpoints.push(room.checkpoint());
  };
  const fleet = new FleetWorld(newProtocol, { counter: { ...kind, apply } });
  const [a, b] = (await fleet.start(2)) as [FleetProcess, FleetProcess];
  const room = await fleet.wait(a.host.createRoom("counter", { id: "one" }));
  await fleet.wait(Promise.all([1, 10, 100].map((amount) => room.commit({ amount }))));
  await fleet.wait(Promise.all(checkpoints));
  await a.kill();
  await fleet.run(3000, 20);
  expect(of(await take(fleet, b, "one"))).toEqual({ sum: 111, seen: 0 });
});

test("a room that is closed while it is being claimed leaves nothing in the directory", async () => {
  const { fleet, a } = await world(1);
  const making = a.host.createRoom("counter", { id: "one" }).catch((error) => error);
  const [room] = a.host.rooms as [Room];
  await fleet.wait(room.close());
  expect(await fleet.wait(making)).toEqual(code("ERR_CLOSED"));
  await fleet.run(200);
  expect(a.host.fleet?.findRooms()).toEqual([]);
});

describe("what is wrong is refused", () => {
  test("a kind whose open throws leaves nothing in the directory", async () => {
    let opened = 0;
    const open = () => {
      if (++opened > 1) throw new Error("no"); // The first time is the rehearsal.
    };
    const fleet = new FleetWorld(newProtocol, { bad: { capacity: 1, open } });
    const [a] = (await fleet.start(1)) as [FleetProcess];
    await expect(fleet.wait(a.host.createRoom("bad"))).rejects.toEqual(code("ERR_ROOM_FAILED"));
    await fleet.run(100);
    expect(a.host.fleet?.findRooms()).toEqual([]);
    expect(a.errors).toEqual([new Error("no")]);
  });

  test("options and kinds", async () => {
    const protocol = newProtocol();
    const socketFactory = new MemorySocketFactory(new MemoryNetwork());
    const kind: RoomKind = { capacity: 1, open() {} };
    const make = (options: object, more: object = {}) =>
      new RoomHost({ protocol, socketFactory, rooms: { one: { ...kind, ...more } }, ...options });
    const { engine } = new FleetWorld(newProtocol, {});
    const complete = { engine, app: "a", fleetKey: [new Uint8Array(32)], door: { addresses: { memory: "a:1" } } };
    expect(() => make(complete)).not.toThrow();
    expect(() => make({ ...complete, door: undefined })).toThrow(TypeError);
    expect(() => make({ ...complete, sessions: null })).toThrow(TypeError);
    expect(() => make({ ...complete, app: "a b" })).toThrow(RangeError);
    expect(() => make({ ...complete, fleetKey: [new Uint8Array(31)] })).toThrow(RangeError);
    expect(() => make({}, { commitCodec: Add })).toThrow(TypeError);
    expect(() => make({}, { snapshot: () => new Uint8Array() })).toThrow(TypeError);
    const host = make({});
    await host.start();
    const room = await host.createRoom("one");
    expect([room.epoch, host.fleet]).toEqual([0n, null]);
    await expect(room.commit({})).rejects.toEqual(code("ERR_STATE"));
    await host.stop();
  });
});

describe("a room that is over", () => {
  test("while the engine is away is gone when that is back, and nobody finds it again", async () => {
    const { fleet, a, b } = await world();
    const room = await fleet.wait(a.host.createRoom("counter", { id: "one" }));
    await fleet.wait(room.commit({ amount: 3 }));
    await fleet.run(100);
    a.engine.disconnect();
    await fleet.wait(room.close());
    const looking = a.host.fleet?.reserve("one") as Promise<string>;
    await expect(fleet.wait(looking)).rejects.toEqual(code("ERR_SERVER_BUSY"));
    await expect(fleet.wait(a.host.createRoom("counter", { id: "one" }))).rejects.toEqual(code("ERR_SERVER_BUSY"));
    a.engine.reconnect();
    await expect(take(fleet, a, "one")).rejects.toEqual(code("ERR_ROOM_NOT_FOUND"));
    await fleet.run(2000, 20);
    expect([a, b].map(({ host }) => host.fleet?.findRooms())).toEqual([[], []]);
    expect([...a.errors, ...b.errors]).toEqual([]);
  });

  test("leaves its id to another one, which knows nothing of it", async () => {
    const { fleet, a, of } = await world(1);
    const room = await fleet.wait(a.host.createRoom("counter", { id: "one" }));
    await fleet.wait(room.commit({ amount: 3 }));
    await fleet.wait(room.checkpoint());
    a.engine.disconnect();
    await fleet.wait(room.close());
    a.engine.reconnect();
    const next = await fleet.wait(a.host.createRoom("counter", { id: "one" }));
    await fleet.wait(next.commit({ amount: 1 }));
    expect(of(next)).toEqual({ sum: 1, seen: 0 });
    await fleet.run(1000, 20);
    expect(a.host.fleet?.findRooms()).toHaveLength(1);
  });

  test("at a host that another one has replaced meanwhile takes nothing from that one", async () => {
    const { fleet, a, b, c, of } = await world(3);
    const room = await fleet.wait(a.host.createRoom("counter", { id: "one" }));
    await fleet.wait(room.commit({ amount: 3 }));
    await fleet.wait(room.checkpoint());
    a.engine.disconnect();
    await fleet.run(3000, 20);
    const next = await take(fleet, b, "one");
    await fleet.wait(room.close());
    a.engine.reconnect();
    await fleet.run(3000, 20);
    await fleet.wait(next.commit({ amount: 4 }));
    await b.kill();
    await fleet.run(3000, 20);
    expect(of(await take(fleet, c, "one"))).toEqual({ sum: 7, seen: 0 });
    expect([...a.errors, ...c.errors]).toEqual([]);
  });

  test("does not hold up a stop without the engine", async () => {
    const { fleet, a } = await world(1);
    const room = await fleet.wait(a.host.createRoom("counter"));
    a.engine.disconnect();
    await fleet.wait(room.close());
    const sinceMs = fleet.clock.now();
    await fleet.wait(a.host.stop());
    expect(fleet.clock.now() - sinceMs).toBeLessThan(200);
  });
});

test("a room that was claimed and could not be begun is no ghost of the directory", async () => {
  const { kind } = counters();
  const rooms = { counter: { ...kind, emptyMs: 1000, clientsCreate: true } };
  const fleet = new FleetWorld(newProtocol, rooms);
  const { engine, host } = new FleetProcess(fleet, 7001, rooms, {});
  const open = engine.log.bind(engine);
  let isBroken = true;
  engine.log = async (name) => {
    const log = await open(name);
    const read: typeof log.read = (...given) => {
      if (isBroken) throw new NetworkError("ERR_NOT_CONNECTED", "The link was lost");
      return log.read(...given);
    };
    return { append: log.append.bind(log), trim: log.trim.bind(log), read };
  };
  await fleet.wait(host.start());
  await fleet.run(2500, 50);
  await expect(fleet.wait(host.createRoom("counter", { id: "one" }))).rejects.toEqual(code("ERR_SERVER_BUSY"));
  isBroken = false;
  await fleet.run(10_000, 50);
  expect(host.fleet?.findRooms()).toHaveLength(1); // Whoever looks for it finds it.
  await fleet.run(40_000, 50);
  expect([host.fleet?.findRooms(), host.rooms]).toEqual([[], []]);
});

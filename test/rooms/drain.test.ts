import { describe, expect, test } from "vitest";
import { defineProtocol } from "../../lib/message/index.js";
import { type FleetProcess, FleetWorld } from "../support/fleet-world.js";
import { RoomsWorld } from "../support/rooms-world.js";

const newProtocol = () => defineProtocol({ name: "drain", version: 1, messages: [] });
const rooms = { arena: { capacity: 4, emptyMs: 600_000, open: () => {} } };

async function started() {
  const world = new RoomsWorld(newProtocol, rooms);
  await world.wait(world.host.start());
  return { world, host: world.host };
}

/** What a promise has come to, `{}` while it waits. */
function watch<T>(promise: Promise<T>) {
  const seen: { value?: T } = {};
  void promise.then((value) => {
    seen.value = value;
  });
  return seen;
}

describe("a host without an engine", () => {
  test.each(["move", "wait"] as const)("goes on when its drain is taken back (%s)", async (mode) => {
    const { world, host } = await started();
    const { client } = await world.connect();
    const drained = watch(host.drain({ deadlineMs: 3000, mode }));
    await world.run(500);
    expect(drained).toEqual({});
    host.undrain();
    await world.run(10);
    expect(drained).toEqual({ value: null });
    await world.run(5000, 20);
    expect([host.server.active, client.isAuthenticated]).toEqual([true, true]);
    await world.connect();
    await world.wait(host.createRoom("arena"));
  });

  test("is opened by its server as well; a later drain is none of the one that was taken back", async () => {
    const { world, host } = await started();
    await world.connect();
    const first = watch(host.drain({ deadlineMs: 3000 }));
    host.server.open();
    const second = watch(host.drain({ deadlineMs: 9000 }));
    await world.run(5000, 20);
    expect([first, second, host.server.active]).toEqual([{ value: null }, {}, true]);
    await world.run(6000, 20);
    expect([second, host.server.active]).toEqual([{ value: 1 }, false]);
  });

  test("makes no rooms while it drains; those who are here go into rooms that there are", async () => {
    const { world, host } = await started();
    const player = await world.connect();
    const { id } = await world.wait(host.createRoom("arena"));
    const drained = watch(host.drain());
    expect(await world.codeOf(host.createRoom("arena"))).toBe("ERR_SERVER_CLOSED");
    expect(await world.codeOf(player.rooms.create("arena"))).toBe("ERR_ROOM_REFUSED");
    expect((await world.wait(player.rooms.joinOrCreate("arena"))).id).toBe(id);
    await world.wait(player.client.disconnect());
    await world.run(1000);
    expect(drained).toEqual({ value: 0 });
    await world.wait(host.start());
    await world.wait(host.createRoom("arena"));
  });

  test("a stop meanwhile ends the drain, which does not stop the next start", async () => {
    const { world, host } = await started();
    await world.connect();
    const drained = watch(host.drain());
    await world.wait(host.stop());
    await world.wait(host.start());
    await world.run(31_000, 50);
    expect([drained, host.server.active]).toEqual([{ value: expect.any(Number) }, true]);
  });
});

describe("a host with an engine", () => {
  test("that is alone, with rooms and without players, ends at once; its rooms are found later", async () => {
    const fleet = new FleetWorld(newProtocol, rooms);
    const [{ host }] = (await fleet.start(1)) as [FleetProcess];
    await fleet.wait(host.createRoom("arena", { id: "one" }));
    const drained = watch(host.drain({ deadlineMs: 20_000 }));
    await fleet.run(200);
    expect([drained, host.server.active]).toEqual([{ value: 0 }, false]);
    const { host: later } = await fleet.add();
    expect(await fleet.wait(later.fleet?.reserve("one") as Promise<string>)).toContain("one.");
  });

  test.each(["move", "wait"] as const)("says at once that its drain was taken back (%s)", async (mode) => {
    const fleet = new FleetWorld(newProtocol, rooms);
    const [process] = (await fleet.start(1)) as [FleetProcess];
    await fleet.connect(process);
    const { host } = process;
    const drained = watch(host.drain({ deadlineMs: 30_000, mode }));
    await fleet.run(500);
    host.server.open();
    await fleet.run(1000);
    expect([drained, host.fleet?.hosts[0]?.isDraining]).toEqual([{ value: null }, false]);
    await fleet.run(31_000, 50);
    expect(host.server.active).toBe(true);
  });

  /** Two hosts; a player is in a room of the first, whose engine is away. */
  async function cut() {
    const fleet = new FleetWorld(newProtocol, rooms);
    const [a, b] = (await fleet.start(2)) as [FleetProcess, FleetProcess];
    await fleet.wait(a.host.createRoom("arena", { id: "one" }));
    const player = await fleet.connect(a);
    await fleet.wait(player.rooms.joinById("one"));
    a.engine.disconnect();
    await fleet.run(100);
    return { fleet, a, b, ...player };
  }

  test("ends its drain at the deadline while the engine is away", async () => {
    const { fleet, a } = await cut();
    const drained = watch(a.host.drain({ deadlineMs: 10_000 }));
    await fleet.run(9900, 50);
    expect([drained, a.host.server.active]).toEqual([{}, true]);
    // The last checkpoints are awaited for 5 s more.
    await fleet.run(6000, 50);
    expect([drained, a.host.server.active]).toEqual([{ value: 1 }, false]);
  });

  test("gives no room away when the engine is back behind the undrain", async () => {
    const { fleet, a, b, client } = await cut();
    const drained = watch(a.host.drain({ deadlineMs: 20_000 }));
    await fleet.run(1000, 50);
    a.host.undrain();
    await fleet.run(10);
    expect(drained).toEqual({ value: null });
    a.engine.reconnect();
    await fleet.run(5000, 50);
    expect([a.host.rooms.length, b.host.rooms.length, client.isAuthenticated]).toEqual([1, 0, true]);
  });

  test("is not drained while it stops, and starts again behind that; no newcomer is let in meanwhile", async () => {
    const { fleet, a } = await cut();
    const stopped = watch(a.host.stop());
    await fleet.run(1000, 50);
    await expect(a.host.drain()).rejects.toMatchObject({ code: "ERR_STATE" });
    const connecting = fleet.newClient().client.connect({ port: a.port });
    await expect(fleet.wait(connecting)).rejects.toMatchObject({ code: "ERR_SERVER_CLOSED" });
    const started = watch(a.host.start());
    a.engine.reconnect();
    await fleet.run(40_000, 50);
    expect([stopped, started, a.host.server.active]).toEqual([{ value: undefined }, { value: undefined }, true]);
  });

  test("offers no seat to players of other hosts while it drains", async () => {
    const fleet = new FleetWorld(newProtocol, rooms);
    const [a, b] = (await fleet.start(2)) as [FleetProcess, FleetProcess];
    await fleet.wait(a.host.createRoom("arena", { id: "one" }));
    await fleet.wait((await fleet.connect(a)).rooms.joinById("one"));
    void a.host.drain({ mode: "wait" });
    const { rooms: ofClient } = await fleet.connect(b);
    const { id } = await fleet.wait(ofClient.joinOrCreate("arena"));
    expect([id === "one", b.host.rooms.length]).toEqual([false, 1]);
  });

  test("is given no rooms and players while its server is closed, and has them again when that is open", async () => {
    const fleet = new FleetWorld(newProtocol, rooms);
    const [a, b] = (await fleet.start(2)) as [FleetProcess, FleetProcess];
    await fleet.wait(a.host.createRoom("arena", { id: "one" }));
    const { client, rooms: ofClient } = await fleet.connect(a);
    await fleet.wait(ofClient.joinById("one"));
    b.host.server.close();
    const drained = watch(a.host.drain({ deadlineMs: 20_000 }));
    await fleet.run(3000, 50);
    expect([drained, b.host.rooms, ofClient.room?.id]).toEqual([{}, [], "one"]);
    expect(a.host.fleet?.hosts.find(({ id }) => id === b.id)?.isDraining).toBe(true);
    b.host.server.open();
    await fleet.run(3000, 50);
    expect([drained, b.host.rooms.length, client.isAuthenticated]).toEqual([{ value: 0 }, 1, true]);
    expect(ofClient.room?.id).toBe("one");
  });

  test("takes no room while it stops", async () => {
    const fleet = new FleetWorld(newProtocol, rooms, { writeMs: 300 });
    const [a, b] = (await fleet.start(2)) as [FleetProcess, FleetProcess];
    await fleet.wait(a.host.createRoom("arena", { id: "one" }));
    await fleet.connect(b);
    void b.host.stop(); // It has a session to remove.
    void a.host.drain({ deadlineMs: 5000 });
    await fleet.run(10_000, 50);
    expect([a.host.server.active, b.host.server.active, b.host.rooms]).toEqual([false, false, []]);
  });

  test("gives each room once to one host, however often it is drained", async () => {
    const fleet = new FleetWorld(newProtocol, rooms, { writeMs: 200 });
    const [a, b, c] = (await fleet.start(3)) as [FleetProcess, FleetProcess, FleetProcess];
    for (const id of ["one", "two", "three"]) await fleet.wait(a.host.createRoom("arena", { id }));
    const drains = [a.host.drain(), a.host.drain({ mode: "wait" }), a.host.drain({ deadlineMs: 20_000 })];
    expect(await fleet.wait(Promise.all(drains))).toEqual([0, 0, 0]);
    expect([b, c].map(({ host }) => host.fleet?.metrics.claimed).sort()).toEqual([1, 2]);
    expect(b.host.rooms.length + c.host.rooms.length).toBe(3);
  });
});

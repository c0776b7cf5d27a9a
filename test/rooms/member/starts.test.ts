import { expect, test } from "vitest";
import type { Clock } from "../../../lib/clock.js";
import { type Door, defineMessage, defineProtocol, type NetworkClient } from "../../../lib/message/index.js";
import type { Bucket } from "../../../lib/rooms/engine/index.js";
import type { Room, RoomHostOptions } from "../../../lib/rooms/index.js";
import { string } from "../../../lib/serialization/index.js";
import { FleetProcess, FleetWorld } from "../../support/fleet-world.js";
import { RoomsWorld } from "../../support/rooms-world.js";

const Note = defineMessage("note", string(20));
const newProtocol = (version = 1) => defineProtocol({ name: "starts", version, messages: [Note] });
const rooms = { game: { capacity: 20, open() {} } };

/** A host beside another one, and how many watches of the engine's buckets it has. */
async function beside(options: Partial<RoomHostOptions> = {}, port = 7002) {
  const fleet = new FleetWorld(() => newProtocol(), rooms, { latencyMs: 20 });
  const [other] = (await fleet.start(1)) as [FleetProcess];
  const process = new FleetProcess(fleet, port, rooms, options);
  const { engine, host } = process;
  const open = engine.bucket.bind(engine);
  const counts = { watches: 0 };
  engine.bucket = async (...given) => {
    const bucket = await open(...given);
    const watch: Bucket["watch"] = async (on) => {
      const made = await bucket.watch(on);
      counts.watches++;
      const close = made.close.bind(made);
      return Object.assign(made, {
        close: () => {
          counts.watches--;
          close();
        },
      });
    };
    return Object.assign(Object.create(bucket) as Bucket, { watch });
  };
  const outcome = (promise: Promise<unknown>) =>
    promise.then(() => "done").catch(({ code, message }) => code ?? message);
  /** Whether nothing is left of the host. */
  const assertGone = async () => {
    await fleet.run(4000, 50);
    expect([host.server.active, counts.watches, other.host.fleet?.hosts.length]).toEqual([false, 0, 1]);
  };
  return { fleet, other, host, counts, outcome, assertGone };
}

test.each([0, 10, 30, 50, 70, 90, 110, 130])(
  "a fleet's host that is stopped %i ms after its start is gone",
  async (ms) => {
    const { fleet, host, outcome, assertGone } = await beside();
    const starting = outcome(host.start());
    await fleet.run(ms);
    const wasActive = host.server.active;
    await fleet.wait(host.stop());
    expect(await fleet.wait(starting)).toBe(wasActive ? "done" : "ERR_CLOSED");
    await assertGone();
    await fleet.wait(host.start());
    expect(host.fleet?.isReady).toBe(true);
  },
);

test("a host without an engine that is stopped while it starts is gone, and starts again at once", async () => {
  const { host, wait, codeOf } = bound(new RoomsWorld(newProtocol, rooms));
  const first = codeOf(host.start());
  void host.stop();
  const second = codeOf(host.start());
  expect([await first, await second, host.server.active]).toEqual(["ERR_CLOSED", "none", true]);
  await wait(host.stop());
  expect(host.server.active).toBe(false);
});

test("a host that is stopped and started in one turn runs, and one whose stop was refused goes on", async () => {
  const { fleet, host, outcome } = await beside();
  await fleet.wait(host.start());
  void host.stop();
  expect(await fleet.wait(outcome(host.start()))).toBe("done");
  expect(host.fleet?.isReady).toBe(true);
  expect(await fleet.wait(outcome(host.stop({ code: -1, text: "" })))).toBe("ERR_OUT_OF_RANGE");
  expect(await fleet.wait(outcome(host.createRoom("game")))).toBe("done");
  expect(await fleet.wait(outcome(host.start()))).toBe("ERR_STATE");
  expect(host.server.active).toBe(true);
  await fleet.wait(host.server.stop());
  expect(await fleet.wait(outcome(host.start()))).toBe("done");
});

const bound = (world: RoomsWorld) => ({
  host: world.host,
  wait: world.wait.bind(world),
  codeOf: world.codeOf.bind(world),
});

test("who stops the server of a host stops the host, which the others hear; nothing is there twice then", async () => {
  const { fleet, other, host, counts } = await beside();
  await fleet.wait(host.start());
  await fleet.wait(host.server.stop());
  await fleet.run(100);
  expect([counts.watches, other.host.fleet?.hosts.length]).toEqual([0, 1]);
  await fleet.wait(host.start());
  const heard: string[] = [];
  host.fleet?.register(Note, (text) => void heard.push(text));
  other.host.fleet?.publish(Note, "once");
  await fleet.run(100);
  expect(heard).toEqual(["once"]);
  await fleet.wait(fleet.newClient().client.connect({ port: 7002 })); // It is not closed.
});

test("a host that is started again while it takes over rooms looks for those of the dead once at a time", async () => {
  let looks = 0;
  const fleet = new FleetWorld(() => newProtocol(), rooms);
  const { clock } = fleet;
  const counting: Clock = {
    now: () => clock.now(),
    setTimeout: (callback, ms) => {
      if (ms === 5000) looks++;
      return clock.setTimeout(callback, ms);
    },
    clearTimeout: (timer) => clock.clearTimeout(timer),
  };
  let hangs = 1;
  const open = ({ id }: Room) => (id === "one" && hangs-- > 0 ? new Promise<void>(() => {}) : undefined);
  const hanging = { game: { capacity: 20, open } };
  const { host } = await fleet.add({ clock: counting, rooms: hanging });
  const other = await fleet.add();
  await fleet.run(2500, 50);
  await fleet.wait(other.host.createRoom("game", { id: "one" }));
  await fleet.run(100);
  await other.kill();
  await fleet.until(() => host.rooms.length > 0, 100);
  await fleet.wait(host.stop());
  await fleet.wait(host.start());
  await fleet.run(35_000, 100);
  looks = 0;
  await fleet.run(20_000, 100);
  expect(looks).toBeLessThanOrEqual(4);
});

test("the second of two starts is refused, and leaves nothing behind", async () => {
  const { fleet, host, counts, outcome, assertGone } = await beside();
  const [one, two] = [outcome(host.start()), outcome(host.start())];
  expect(await fleet.wait(Promise.all([one, two]))).toEqual(["done", "ERR_STATE"]);
  expect(counts.watches).toBe(2);
  expect(await fleet.wait(outcome(host.start()))).toBe("ERR_STATE");
  expect(host.server.active).toBe(true);
  await fleet.wait(host.stop());
  await assertGone();
});

test("a host whose port is taken leaves nothing behind", async () => {
  const { fleet, host, outcome, assertGone } = await beside({}, 7001);
  expect(await fleet.wait(outcome(host.start()))).toBe("ERR_ADDRESS_IN_USE");
  await assertGone();
});

test.each<[string, unknown, string]>([
  ["without a port", { addresses: { memory: "nowhere" } }, "ERR_OUT_OF_RANGE"],
  ["of 300 letters", { addresses: { memory: `${"a".repeat(300)}:1` } }, "ERR_OUT_OF_RANGE"],
  ["without addresses", { addresses: {} }, "ERR_OUT_OF_RANGE"],
  ["whose address is a number", { addresses: { memory: 7 } }, "ERR_INVALID_ARG_TYPE"],
  ["that is none", () => undefined, "ERR_INVALID_ARG_TYPE"],
  [
    "that throws",
    () => {
      throw new Error("no address");
    },
    "no address",
  ],
])("a host with a door %s does not start, and no other host hears of it", async (_name, door, code) => {
  // What is no function is checked when the host is made.
  const given = (typeof door === "function" ? door : () => door) as () => Door;
  const { fleet, other, host, outcome, assertGone } = await beside({ door: given });
  expect(await fleet.wait(outcome(host.start()))).toBe(code);
  await assertGone();
  await fleet.connect(other);
  expect(other.errors).toEqual([]);
});

test("clients are told of hosts of their own version first", async () => {
  const fleet = new FleetWorld(() => newProtocol(), rooms);
  const first = await fleet.add();
  await fleet.add();
  for (let count = 0; count < 8; count++) await fleet.add({ protocol: newProtocol(2) });
  await fleet.run(2500, 50);
  const clients: NetworkClient[] = [];
  for (let count = 0; count < 5; count++) {
    const { client, rooms: ofClient } = await fleet.connect(first);
    await fleet.wait(ofClient.joinOrCreate("game"));
    clients.push(client);
  }
  await fleet.run(500, 20);
  await first.kill();
  await fleet.run(15_000, 50);
  expect(clients.map(({ isAuthenticated }) => isAuthenticated)).toEqual(clients.map(() => true));
});

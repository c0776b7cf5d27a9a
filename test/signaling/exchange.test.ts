import { afterEach, expect, test, vi } from "vitest";
import {
  defineAuthenticator,
  defineCredential,
  defineProtocol,
  type NetworkClientOptions,
} from "../../lib/message/index.js";
import { type Engine, MemoryEngine, NatsEngine } from "../../lib/rooms/engine/index.js";
import { nameOf } from "../../lib/rooms/fleet/names.js";
import type { RoomsClient } from "../../lib/rooms/index.js";
import { string } from "../../lib/serialization/index.js";
import { SignalingClient, SignalingServer, type SignalingServerOptions } from "../../lib/signaling/index.js";
import { Register } from "../../lib/signaling/signaling-messages.js";
import { NetworkingIdentity } from "../../lib/socket/gns.js";
import { startNats } from "../../scripts/nats-cluster.mjs";
import { FleetProcess, FleetWorld } from "../support/fleet-world.js";
import { MessageWorld, type MessageWorldOptions } from "../support/message-world.js";

const newProtocol = () => defineProtocol({ name: "lobby", version: 1, messages: [] });
const identityOf = (name: string) => NetworkingIdentity.parse(`str:${name}`) as NetworkingIdentity;
const signalOf = (name: string, number: number) =>
  Uint8Array.from([0x42, name.length + 4, ...Buffer.from(`str:${name}`), 0x18, number]);

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  for (const close of closing.splice(0).reverse()) await close();
});

/** Servers with signaling, each with an end of one engine, and their members. */
async function lobbies(
  ends: Engine[],
  options: Partial<SignalingServerOptions> = {},
  world: Partial<MessageWorldOptions> = {},
) {
  const worlds = ends.map(() => new MessageWorld({ protocol: newProtocol(), ...world }));
  const servers = worlds.map(
    ({ server }, at) => new SignalingServer({ server, engine: ends[at] as Engine, app: "chat", ...options }),
  );
  for (const { server } of worlds) await server.start();
  const run = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 5) for (const one of worlds) await one.run(5);
  };
  const wait = async <T>(promise: Promise<T>) => {
    let isSettled = false;
    const settle = () => {
      isSettled = true;
    };
    promise.then(settle, settle);
    while (!isSettled) await run(5);
    return promise;
  };
  const newMember = async (name: string, at: number, more: Partial<NetworkClientOptions> = {}) => {
    const client = (worlds[at] as MessageWorld).newClient({ protocol: newProtocol(), ...more });
    const signaling = new SignalingClient({ client, identity: identityOf(name) });
    const [heard, undelivered]: [number[], string[]] = [[], []];
    signaling.onSignal((data) => heard.push(data.at(-1) as number));
    signaling.on("undelivered", (identity, why) => undelivered.push(`${identity} ${why}`));
    await wait(client.connect());
    const send = (to: string, number: number) => signaling.send(identityOf(to), signalOf(name, number));
    return { client, signaling, heard, undelivered, send };
  };
  const join = async (...given: Parameters<typeof newMember>) => {
    const member = await newMember(...given);
    await wait(member.signaling.register());
    return member;
  };
  return { worlds, servers, run, wait, newMember, join };
}

const memoryEnds = (count: number) => {
  const engine = new MemoryEngine();
  return Array.from({ length: count }, () => engine.link());
};

test("signals reach peers at other servers, and the sender hears who is nowhere or may not be told", async () => {
  const maySignal = (_from: string, to: string) => to !== "str:carol";
  const ends = memoryEnds(3);
  const { join, run, wait, servers } = await lobbies(ends, { maySignal });
  const [alice, bob, carol] = [await join("alice", 0), await join("bob", 1), await join("carol", 2)];
  alice.send("bob", 1);
  bob.send("alice", 2);
  for (const to of ["carol", "dave"]) alice.send(to, 3);
  await run(100);
  expect([alice.heard, bob.heard, carol.heard]).toEqual([[2], [1], []]);
  expect(alice.undelivered).toEqual(["str:carol refused", "str:dave absent"]);
  expect(servers.map(({ metrics }) => metrics.carried)).toEqual([1, 1, 0]);
  expect(servers[0]?.metrics).toMatchObject({ absent: 1, refused: 1, dropped: 0, forged: 0 });
  await wait(bob.client.disconnect());
  await run(100);
  alice.send("bob", 4);
  await run(100);
  expect(alice.undelivered.at(-1)).toBe("str:bob absent");
  const subject = `vs.chat.signals.${nameOf("str:bob")}`;
  const asked = ends[0]?.request(subject, new Uint8Array(0), { timeoutMs: 1000 });
  await expect(asked).rejects.toMatchObject({ code: "ERR_NO_RESPONDERS" });
});

test("an identity is one player's at all servers: another one does not get it", async () => {
  const ends = memoryEnds(3);
  const { join, newMember, run, wait, servers } = await lobbies(ends);
  const alice = await join("alice", 0);
  const other = await newMember("alice", 1);
  await expect(wait(other.signaling.register())).rejects.toMatchObject({ code: "ERR_REQUEST_REFUSED" });
  const bob = await join("bob", 2);
  bob.send("alice", 1);
  await run(50);
  expect([alice.heard, other.heard]).toEqual([[1], []]);
  await wait(alice.client.disconnect());
  await wait(other.signaling.register());
  bob.send("alice", 2);
  await run(50);
  expect([alice.heard, other.heard]).toEqual([[1], [2]]);
  expect(servers.map(({ metrics }) => metrics.identities)).toEqual([0, 1, 1]);
});

test("with `identify` an identity goes to where it was proved last", async () => {
  const authenticator = defineAuthenticator("name", string(20), (name) => ({ data: name }));
  const identify: SignalingServerOptions["identify"] = (player, identity) =>
    identity === `str:${player.authentication?.data}`;
  const server = { authentication: { authenticators: [authenticator] } };
  const { join, run, wait, servers } = await lobbies(memoryEnds(2), { identify }, { server });
  const as = (name: string) => ({ credential: defineCredential("name", string(20), name) });
  const earlier = await join("alice", 0, as("alice"));
  const later = await join("alice", 1, as("alice"));
  const bob = await join("bob", 0, as("bob"));
  bob.send("alice", 1);
  await run(50);
  expect([earlier.heard, later.heard]).toEqual([[], [1]]);
  expect(servers.map(({ metrics }) => metrics.identities)).toEqual([1, 1]);
  earlier.send("bob", 2);
  await run(50);
  expect([earlier.undelivered, bob.heard]).toEqual([["str:bob unregistered"], []]);
  await wait(earlier.signaling.register());
  earlier.send("bob", 3);
  await run(50);
  expect(bob.heard).toEqual([3]);
});

test("without a link to the engine the peers of one server find each other", async () => {
  const ends = memoryEnds(2);
  const { join, run } = await lobbies(ends);
  ends[0]?.disconnect();
  const [alice, bob, carol] = [await join("alice", 0), await join("bob", 0), await join("carol", 1)];
  alice.send("bob", 1);
  alice.send("carol", 2);
  await run(100);
  expect([bob.heard, carol.heard, alice.undelivered]).toEqual([[1], [], []]);
  ends[0]?.reconnect();
  alice.send("carol", 3);
  carol.send("bob", 4);
  await run(100);
  expect([carol.heard, bob.heard]).toEqual([[3], [1, 4]]);
});

/** Alice has been registered at two servers, one millisecond apart: the first one had no link to the engine. */
async function twice(first: number, options: Partial<SignalingServerOptions>) {
  const ends = memoryEnds(3);
  const lobby = await lobbies(ends, options);
  const { join, run } = lobby;
  vi.useFakeTimers({ toFake: ["Date"], now: 1000 });
  ends[0]?.disconnect();
  const alices = [];
  for (const at of [first, 1 - first]) {
    alices[at] = await join("alice", at);
    vi.advanceTimersByTime(1);
  }
  const bobs = [await join("bob", 0), await join("carol", 1), await join("dave", 2)];
  ends[0]?.reconnect();
  await run(50);
  for (const [at, bob] of bobs.entries()) bob.send("alice", at + 1);
  await run(50);
  return { ...lobby, heard: alices.map((alice) => alice?.heard.toSorted()) };
}

test.each([0, 1])(
  "of two servers that gave one identity away without a link, the earlier one keeps it: %s",
  async (first) => {
    const { heard, servers } = await twice(first, {});
    expect(heard[first]).toEqual([1, 2, 3]);
    expect(heard[1 - first]).toEqual([]);
    expect(servers.map(({ metrics }) => metrics.identities)).toEqual(first === 0 ? [2, 1, 1] : [1, 2, 1]);
  },
);

test.each([0, 1])("and with `identify` the later one, which is not the server %s", async (first) => {
  const { heard } = await twice(first, { identify: () => true });
  expect(heard[1 - first]).toEqual([1, 2, 3]);
  expect(heard[first]).toEqual([]);
});

test("of two who ask for an identity in the same millisecond one gets it", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: 1000 });
  const { newMember, run, wait, servers } = await lobbies(memoryEnds(2));
  const both = [await newMember("alice", 0), await newMember("alice", 1)];
  const asked = Promise.allSettled(both.map(({ signaling }) => signaling.register()));
  await wait(asked);
  await run(50);
  expect(servers.map(({ metrics }) => metrics.identities).toSorted()).toEqual([0, 1]);
});

test("what the engine has lost is told again when a signal comes for the identity", async () => {
  const ends = memoryEnds(3);
  const { join, run, servers } = await lobbies(ends);
  const lost = ends.flatMap((end) => [
    vi.spyOn(end, "publish").mockReturnValue(true),
    vi.spyOn(end, "request").mockRejectedValue(Object.assign(new Error(), { code: "ERR_NO_RESPONDERS" })),
  ]);
  for (const at of [0, 1]) await join("alice", at);
  for (const spy of lost) spy.mockRestore();
  const bob = await join("bob", 2);
  const send = async () => {
    bob.send("alice", 1);
    await run(100);
    return servers.reduce((sum, { metrics }) => sum + metrics.identities, 0);
  };
  expect(await send()).toBe(3);
  await run(10_000);
  expect(await send()).toBe(2);
});

test("after an outage a server tells of its identities when the engine has space for them", async () => {
  const ends = memoryEnds(2);
  const { join, run, servers } = await lobbies(ends);
  ends[0]?.disconnect();
  for (const at of [1, 0]) for (const name of ["a", "b"]) await join(name, at);
  const [end] = ends as [MemoryEngine];
  const publish = vi.spyOn(end, "publish").mockReturnValueOnce(true).mockReturnValueOnce(false);
  end.reconnect();
  await run(50);
  expect(publish).toHaveBeenCalledTimes(2);
  await run(100);
  expect(publish).toHaveBeenCalledTimes(3);
  expect(servers.map(({ metrics }) => metrics.identities).toSorted()).toEqual([1, 2]);
});

test("what is no holding takes nothing from anybody, and throws nothing into the process", async () => {
  const [end, other] = memoryEnds(2) as [MemoryEngine, MemoryEngine];
  const { join, run, servers } = await lobbies([end]);
  const uncaught: unknown[] = [];
  const note = (error: unknown) => uncaught.push(error);
  const before = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException").on("uncaughtException", note);
  closing.push(async () => {
    process.removeAllListeners("uncaughtException");
    for (const listener of before) process.on("uncaughtException", listener);
  });
  await join("alice", 0);
  for (const size of [0, 1, 15, 200]) other.publish(`vs.chat.identities.${nameOf("str:alice")}`, new Uint8Array(size));
  await run(50);
  expect([uncaught, servers[0]?.metrics.identities]).toEqual([[], 1]);
});

test("asking for an identity costs as much as a signal, so that nobody floods the engine", async () => {
  const [end] = memoryEnds(1) as [MemoryEngine];
  const { join, wait, run } = await lobbies([end]);
  const { client } = await join("alice", 0);
  const subscribe = vi.spyOn(end, "subscribe");
  const secret = new Uint8Array(16);
  let refused = 0;
  for (let round = 0; round < 50; round++) {
    const asked = Array.from({ length: 30 }, () => client.request(Register, { identity: "str:alice", secret }));
    const outcomes = await wait(Promise.allSettled(asked));
    refused += outcomes.filter(({ status }) => status === "rejected").length;
    await run(5);
  }
  expect(subscribe).toHaveBeenCalledTimes(1500 - refused);
  expect(refused).toBeGreaterThan(0);
});

test("signals to a server that does not answer hold half of the places, and the others are dropped", async () => {
  const ends = memoryEnds(2);
  const [end] = ends as [MemoryEngine];
  const { join, run, servers } = await lobbies(ends);
  const alice = await join("alice", 0);
  let asked = 0;
  ends[1]?.answer("vs.chat.signals.>", () => {
    asked++;
    return new Promise<never>(() => {});
  });
  for (let count = 0; count < 600; count++) alice.send("nobody", count % 128);
  await run(300);
  expect([asked, servers[0]?.metrics.dropped]).toEqual([512, 88]);
  expect(end.connected).toBe(true);
});

test("peers in rooms of two hosts of a fleet find each other, and go on when they come into other rooms", async () => {
  const signaling = new WeakMap<object, SignalingServer>();
  const fleet = new FleetWorld(newProtocol, {});
  const hosts: FleetProcess[] = [];
  for (const port of [7001, 7002]) {
    const game = { capacity: 4, open: ({ server }: { server: object }) => of().serve(server as never) };
    const process: FleetProcess = new FleetProcess(fleet, port, { game }, {});
    const { engine, host } = process;
    signaling.set(host, new SignalingServer({ server: host.server, engine, app: "test" }));
    const of = () => signaling.get(host) as SignalingServer;
    await fleet.wait(host.start());
    hosts.push(process);
  }
  await fleet.run(2500, 50);
  const [a, b] = hosts as [FleetProcess, FleetProcess];
  for (const [at, { host }] of hosts.entries()) await fleet.wait(host.createRoom("game", { id: `room${at}` }));
  await fleet.run(100);
  const newMember = async (name: string, { port }: FleetProcess) => {
    const { client, rooms } = fleet.newClient();
    const own = new SignalingClient({ client, identity: identityOf(name) });
    const heard: number[] = [];
    own.onSignal((data) => heard.push(data.at(-1) as number));
    await fleet.wait(client.connect({ port }));
    return { rooms: rooms as RoomsClient, heard, own };
  };
  const [alice, bob] = [await newMember("alice", a), await newMember("bob", a)];
  const tell = async (number: number) => {
    await fleet.run(300);
    alice.own.send(identityOf("bob"), signalOf("alice", number));
    await fleet.run(100);
  };
  await fleet.wait(alice.rooms.joinById("room0"));
  await fleet.wait(bob.rooms.joinById("room0"));
  await tell(1);
  await fleet.wait(bob.rooms.joinById("room1")); // At the other host.
  expect(b.host.metrics.players).toBe(1);
  await tell(2);
  await fleet.wait(alice.rooms.leave());
  await tell(3); // Whoever is in no room has no identity.
  await fleet.wait(alice.rooms.joinById("room1"));
  await tell(4);
  expect(bob.heard).toEqual([1, 2, 4]);
});

test("over NATS", async () => {
  const nats = await startNats(1);
  closing.push(() => nats.close());
  const ends = await Promise.all([0, 1].map(() => NatsEngine.connect({ servers: nats.servers })));
  for (const end of ends) closing.push(() => end.close());
  const { worlds, join, newMember, wait, run } = await lobbies(ends, {}, { isRealTime: true });
  const [alice, bob] = [await join("alice", 0), await join("bob", 1)];
  const other = await newMember("bob", 0);
  await expect(wait(other.signaling.register())).rejects.toMatchObject({ code: "ERR_REQUEST_REFUSED" });
  for (const to of ["bob", "carol"]) alice.send(to, 1);
  bob.send("alice", 2);
  while (!bob.heard.length || !alice.heard.length || !alice.undelivered.length) await run(5);
  expect([alice.heard, bob.heard, alice.undelivered]).toEqual([[2], [1], ["str:carol absent"]]);
  await wait(Promise.all(worlds.map(({ server }) => server.stop())));
}, 60_000);

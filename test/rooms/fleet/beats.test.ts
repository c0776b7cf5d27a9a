import { expect, onTestFinished, test } from "vitest";
import { MemoryEngine } from "../../../lib/rooms/engine/index.js";
import { Beats, type HostState } from "../../../lib/rooms/fleet/beats.js";
import { FakeClock } from "../../../lib/testing/fake-clock.js";
import { advance, settle } from "./support.js";

const stateOf = (id: string): HostState => ({
  id,
  fingerprint: new Uint8Array(8),
  keyTags: [],
  addresses: [{ kind: "udp", address: "127.0.0.1:7777" }],
  serverKey: "",
  rooms: 1,
  players: 2,
  capacity: 100,
  load: 0.5,
  isDraining: false,
});

/** Hosts a, b and c, each with a link and a clock of its own. */
async function fleet() {
  const engine = new MemoryEngine();
  const hosts = ["a", "b", "c"].map((id) => {
    const clock = new FakeClock();
    const link = engine.link();
    const host = { id, clock, link, isDraining: false, changes: 0 };
    const state = () => ({ ...stateOf(id), isDraining: host.isDraining });
    const beats = new Beats({ engine: link, app: "test", clock, id, state, changed: () => void host.changes++ });
    beats.start();
    onTestFinished(() => beats.stop());
    return Object.assign(host, { beats });
  });
  const [a, b, c] = hosts as [(typeof hosts)[0], (typeof hosts)[0], (typeof hosts)[0]];
  await settle();
  /** Lets time pass for all hosts but those that are frozen. */
  const pass = async (ms: number, ...frozen: (typeof hosts)[0][]) => {
    const awake = hosts.filter((host) => !frozen.includes(host));
    for (let passed = 0; passed < ms; passed += 50) {
      for (const { clock } of awake) clock.advance(50);
      await settle();
    }
  };
  return { a, b, c, pass };
}
type Host = Awaited<ReturnType<typeof fleet>>["a"];

const ids = ({ beats }: Host) =>
  beats
    .hosts()
    .map(({ id }) => id)
    .sort();

test("every host hears what the others say of themselves", async () => {
  const { a, b, pass } = await fleet();
  await pass(500);
  expect(ids(a)).toEqual(["a", "b", "c"]);
  expect(b.beats.find("a")).toEqual(stateOf("a"));
  expect(a.beats.find("nobody")).toBeUndefined();
});

test("a host without beats for 1500 ms is dead, and no sooner; when it beats again it is alive", async () => {
  const { a, b, c, pass } = await fleet();
  await pass(2000);
  await pass(1400, c);
  expect([a.beats.isDead("c"), b.beats.isDead("c")]).toEqual([false, false]);
  await pass(150, c);
  expect([a.beats.isDead("c"), b.beats.isDead("c"), a.beats.isDead("b")]).toEqual([true, true, false]);
  expect([ids(a), a.beats.find("c")]).toEqual([["a", "b"], undefined]);
  await pass(500);
  expect([a.beats.isDead("c"), ids(a)]).toEqual([false, ["a", "b", "c"]]);
});

test("a new host knows all others at once", async () => {
  const engine = new MemoryEngine();
  const clock = new FakeClock();
  const hostNamed = (id: string) => {
    const beats = new Beats({ engine: engine.link(), app: "test", clock, id, state: () => stateOf(id) });
    onTestFinished(() => beats.stop());
    beats.start();
    return beats;
  };
  for (const id of ["a", "b", "c"]) hostNamed(id);
  for (let passedMs = 0; passedMs < 2100; passedMs += 100) await advance(clock, 100);
  const last = hostNamed("d"); // Just when all others have beaten.
  await settle();
  await advance(clock, 10);
  expect(last.hosts().length).toBe(4);
});

test("a host hears that others have come, stand still, drain, and end, and of nothing else", async () => {
  const { a, b, c, pass } = await fleet();
  await pass(2000);
  const changes = () => {
    const { changes } = a;
    a.changes = 0;
    return changes;
  };
  expect(changes()).toBe(3); // Itself is one.
  await pass(2000);
  expect(changes()).toBe(0);
  await pass(2500, c);
  expect(changes()).toBe(1);
  b.isDraining = true;
  await pass(1000);
  expect(changes()).toBe(2); // The third is back.
  b.beats.stop();
  await pass(1000);
  expect(changes()).toBe(1);
});

test("hosts that began at different times beat together, each twice a second", async () => {
  const engine = new MemoryEngine();
  const clock = new FakeClock();
  const count = 10;
  const times: number[] = [];
  engine.link().subscribe("vs.test.beats", () => times.push(clock.now()));
  for (let at = 0; at < count; at++) {
    const id = `host${at}`;
    const beats = new Beats({ engine: engine.link(), app: "test", clock, id, state: () => stateOf(id) });
    onTestFinished(() => beats.stop());
    beats.start();
    await advance(clock, 50);
  }
  for (let passed = 0; passed < 1000; passed += 10) await advance(clock, 10);
  times.length = 0;
  for (let passed = 0; passed < 2000; passed += 10) await advance(clock, 10);
  expect(new Set(times).size).toBe(4);
  expect(times).toHaveLength(4 * count);
});

test("a host that ends is dead at once", async () => {
  const { a, b, pass } = await fleet();
  await pass(2000);
  b.beats.stop();
  await settle();
  expect([a.beats.isDead("b"), ids(a)]).toEqual([true, ["a", "c"]]);
});

test("a host that was never heard of is dead only when it would have been heard", async () => {
  const { a, pass } = await fleet();
  await pass(1450);
  expect(a.beats.isDead("old")).toBe(false);
  await pass(100);
  expect(a.beats.isDead("old")).toBe(true);
});

test("nobody is dead while the link is lost, nor for 1500 ms after its return", async () => {
  const { a, b, c, pass } = await fleet();
  await pass(2000);
  a.link.disconnect();
  await pass(10_000, c);
  expect(["b", "c", "old"].map((id) => a.beats.isDead(id))).toEqual([false, false, false]);
  expect(ids(a)).toEqual(["a", "b", "c"]);
  expect([b.beats.isDead("a"), b.beats.isDead("c")]).toEqual([true, true]);
  a.link.reconnect();
  await pass(1400, c);
  expect(["b", "c"].map((id) => a.beats.isDead(id))).toEqual([false, false]);
  expect(b.beats.isDead("a")).toBe(false);
  await pass(700, c);
  expect(["b", "c"].map((id) => a.beats.isDead(id))).toEqual([false, true]);
});

test("an engine that delivers nothing, though the link seems to be there, kills nobody", async () => {
  const { a, pass } = await fleet();
  await pass(2000);
  // As behind a partition among the servers of the engine: this host does not hear itself.
  const publish = a.link.publish;
  a.link.publish = () => true;
  await pass(2000);
  expect(["b", "c", "old"].map((id) => a.beats.isDead(id))).toEqual([false, false, false]);
  a.link.publish = publish;
});

test("a process that stood still for 6 s declares nobody dead when it goes on", async () => {
  const { a, b, c, pass } = await fleet();
  await pass(2000);
  await pass(6000, a);
  expect(b.beats.isDead("a")).toBe(true);
  a.clock.suspend(6000);
  expect(["b", "c"].map((id) => a.beats.isDead(id))).toEqual([false, false]);
  await advance(a.clock, 0);
  expect(["b", "c"].map((id) => a.beats.isDead(id))).toEqual([false, false]);
  await pass(1450);
  expect([ids(a), ids(b), ids(c)]).toEqual(Array(3).fill(["a", "b", "c"]));
});

test("what is no beat is passed over", async () => {
  const { a, b, pass } = await fleet();
  b.link.publish("vs.test.beats", new Uint8Array([1, 2, 3]));
  await pass(500);
  expect(ids(a)).toEqual(["a", "b", "c"]);
});

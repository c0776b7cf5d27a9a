import { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import { MAX_IN_FLIGHT } from "../../../lib/rooms/engine/engine.js";
import { MemoryEngine } from "../../../lib/rooms/engine/index.js";
import { portOf } from "../../../lib/rooms/engine/port.js";
import { PortEngine } from "../../../lib/rooms/engine/port-engine.js";
import { serveEngine } from "../../../lib/rooms/engine/serve-engine.js";
import { FakeClock } from "../../../lib/testing/index.js";
import { describeEngine } from "./conformance/index.js";
import { bytes, code, readAll } from "./conformance/world.js";

/** One end of what a parent and its child have between them: messages are copied, and come later, in order. */
class FakeChannel extends EventEmitter {
  connected = true;
  other: FakeChannel | null = null;
  send(message: unknown, _handle?: undefined, _options?: undefined, sent: (error: null) => void = () => {}): boolean {
    const copy = structuredClone(message);
    setImmediate(() => {
      sent(null);
      if (this.connected) this.other?.emit("message", copy);
    });
    return true;
  }
  cut(): void {
    for (const end of [this, this.other as FakeChannel]) {
      end.connected = false;
      end.emit("disconnect");
    }
  }
}

function channelPair() {
  const [parent, child] = [new FakeChannel(), new FakeChannel()];
  parent.other = child;
  child.other = parent;
  return { parent, child };
}

describeEngine("PortEngine", async () => {
  const engine = new MemoryEngine();
  const links = new Set<MemoryEngine>();
  return {
    open: async () => {
      const { parent, child } = channelPair();
      const link = engine.link();
      links.add(link);
      const end = new PortEngine(portOf(child));
      serveEngine(link, portOf(parent));
      return end;
    },
    outage: async () => {
      for (const link of links) link.disconnect();
      await new Promise((resolve) => setImmediate(resolve));
    },
    back: async () => {
      for (const link of links) link.reconnect();
      await new Promise((resolve) => setImmediate(resolve));
    },
    close: () => engine.close(),
  };
});

test("when the parent is gone, calls reject, copies are not current, and the engine says so", async () => {
  const { parent, child } = channelPair();
  const engine = new MemoryEngine();
  const end = new PortEngine(portOf(child));
  serveEngine(engine.link(), portOf(parent));
  const bucket = await end.bucket("rooms");
  const watch = await bucket.watch();
  const heard: string[] = [];
  end.on("lost", () => void heard.push("lost"));
  const waiting = end.request("nobody.answers", bytes("?"), { timeoutMs: 1000 });
  parent.cut();
  await expect(waiting).rejects.toEqual(code("ERR_NOT_CONNECTED"));
  await expect(bucket.get("a")).rejects.toEqual(code("ERR_NOT_CONNECTED"));
  expect([heard, end.connected, watch.isCurrent, end.publish("x", bytes("1"))]).toEqual([
    ["lost"],
    false,
    false,
    false,
  ]);
});

test("calls that a lost link has ended hold no place of those that may wait", async () => {
  const { parent, child } = channelPair();
  const engine = new MemoryEngine();
  const link = engine.link();
  const end = new PortEngine(portOf(child));
  serveEngine(link, portOf(parent));
  engine.answer("never", () => new Promise(() => {}));
  const ask = () => end.request("never", bytes("?"), { timeoutMs: 1e6 }).catch(({ code }) => code);
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  await end.bucket("any");
  const asked = Array.from({ length: MAX_IN_FLIGHT }, ask);
  expect(await ask()).toBe("ERR_TOO_MANY_REQUESTS");
  link.disconnect();
  expect(new Set(await Promise.all(asked))).toEqual(new Set(["ERR_NOT_CONNECTED"]));
  link.reconnect();
  await turn();
  await expect(end.bucket("any")).resolves.toBeDefined();
});

test("what a child has begun ends with it: its watches, subscriptions and answers", async () => {
  const { parent, child } = channelPair();
  const engine = new MemoryEngine();
  const link = engine.link();
  const end = new PortEngine(portOf(child));
  serveEngine(link, portOf(parent));
  end.answer("ask", (data) => data);
  expect(await engine.request("ask", bytes("1"), { timeoutMs: 1000 }).catch((error) => error.code)).toBe(
    "ERR_NO_RESPONDERS",
  );
  await end.bucket("any"); // By then the answer is known at the other end.
  expect(await engine.request("ask", bytes("1"), { timeoutMs: 1000 })).toEqual(bytes("1"));
  parent.cut();
  await expect(engine.request("ask", bytes("1"), { timeoutMs: 1000 })).rejects.toEqual(code("ERR_NO_RESPONDERS"));
});

test("a log of many pages is read to its end, and ends there", async () => {
  const { parent, child } = channelPair();
  const engine = new MemoryEngine();
  const end = new PortEngine(portOf(child));
  serveEngine(engine.link(), portOf(parent));
  const log = await end.log("events");
  let last = 0n;
  for (let at = 0; at < 600; at++) last = await log.append("room", bytes(`${at}`), { expected: last, id: `id${at}` });
  expect((await readAll(log, "room")).length).toBe(600);
  for await (const { data } of log.read("room", 0n)) if (data[0] === 53) break;
  expect((await readAll(log, "room", last)).length).toBe(0);
});

/** A channel that takes everything, and lets nothing out until `go`. */
function heldBack(channel: FakeChannel) {
  const kept: (() => void)[] = [];
  const send = channel.send.bind(channel);
  channel.send = (...message) => kept.push(() => send(...message)) > 0;
  const go = () => {
    for (const leave of kept.splice(0)) leave();
  };
  return { kept, go };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

test("a watch of a process that does not read ends after 8 MiB; then its copy is made anew", async () => {
  const { parent, child } = channelPair();
  const engine = new MemoryEngine();
  const end = new PortEngine(portOf(child));
  serveEngine(engine.link(), portOf(parent));
  const watch = await (await end.bucket("rooms")).watch();
  const bucket = await engine.bucket("rooms");
  const { kept, go } = heldBack(parent);
  const piece = bytes("x".repeat(100_000));
  for (let at = 0; at < 200; at++) await bucket.create(`key${at}`, piece);
  await turn();
  expect(kept.length).toBeLessThan(90);
  await bucket.create("last", bytes("1"));
  expect([watch.isCurrent, watch.size]).toEqual([true, 0]);
  go();
  while (!kept.length) await turn();
  expect(watch.isCurrent).toBe(false);
  while (!watch.isCurrent) {
    go();
    await turn();
  }
  expect(watch.size).toBe(201);
  await bucket.create("later", bytes("2"));
  await turn();
  go();
  await turn();
  expect(watch.get("later")?.value).toEqual(bytes("2"));
});

describe("a parent that stands still", () => {
  async function standing() {
    const { parent, child } = channelPair();
    const engine = new MemoryEngine();
    const clock = new FakeClock();
    const end = new PortEngine(portOf(child), clock);
    serveEngine(engine.link(), portOf(parent));
    const [bucket, log] = [await end.bucket("rooms"), await end.log("events")];
    const revision = await bucket.create("a", bytes("1"));
    await log.append("room", bytes("1"), { expected: 0n, id: "id1" });
    const watch = await bucket.watch();
    return { engine, clock, end, bucket, log, revision, watch, ...heldBack(parent) };
  }

  test("ends no call's wait before its time, and each one then; the engine is not lost", async () => {
    const { clock, end, bucket, log, revision, watch } = await standing();
    const calls: [string, Promise<unknown>][] = [
      ["bucket", end.bucket("other")],
      ["log", end.log("other")],
      ["get", bucket.get("a")],
      ["create", bucket.create("b", bytes("1"))],
      ["update", bucket.update("a", bytes("1"), revision)],
      ["delete", bucket.delete("a", revision)],
      ["watch", bucket.watch()],
      ["append", log.append("room", bytes("2"), { expected: 1n, id: "id2" })],
      ["read", readAll(log, "room")],
      ["trim", log.trim("room", 1n)],
    ];
    const ended: string[] = [];
    for (const [name, call] of calls) call.catch(({ code }) => ended.push(`${name} ${code}`));
    const asked = end.request("ask", bytes("?"), { timeoutMs: 10_000 }).catch(({ code }) => ended.push(code));
    clock.advance(5999);
    await turn();
    expect(ended).toEqual([]);
    clock.advance(1);
    await turn();
    expect(ended.sort()).toEqual(calls.map(([name]) => `${name} ERR_TIMEOUT`).sort());
    clock.advance(4000);
    await asked;
    expect(ended.at(-1)).toBe("ERR_TIMEOUT");
    expect([end.connected, watch.isCurrent]).toEqual([true, true]);
  });

  test("holds no place of the calls that may wait, and what it answers late is nobody's", async () => {
    const { engine, clock, end, bucket, watch, go } = await standing();
    const asked = Array.from({ length: MAX_IN_FLIGHT }, () => bucket.get("a").catch(({ code }) => code));
    expect(await bucket.get("a").catch(({ code }) => code)).toBe("ERR_TOO_MANY_REQUESTS");
    clock.advance(6000);
    expect(new Set(await Promise.all(asked))).toEqual(new Set(["ERR_TIMEOUT"]));
    const changed: string[] = [];
    const watching = bucket.watch(({ key }) => changed.push(key));
    watching.catch(() => {});
    await turn();
    clock.advance(6000);
    await expect(watching).rejects.toEqual(code("ERR_TIMEOUT"));
    go();
    await turn();
    await turn();
    await (await engine.bucket("rooms")).create("b", bytes("2"));
    await turn();
    go();
    await turn();
    expect([changed, watch.get("b")?.value]).toEqual([[], bytes("2")]);
    // The parent goes on, and so does everything here.
    const got = bucket.get("b");
    await turn();
    go();
    expect((await got)?.value).toEqual(bytes("2"));
    expect(end.connected).toBe(true);
  });

  test("has a copy that it should make anew asked for again and again", async () => {
    const { engine, clock, watch, kept, go } = await standing();
    const piece = bytes("x".repeat(999_000));
    const other = await engine.bucket("rooms");
    for (let at = 0; at < 10; at++) await other.create(`key${at}`, piece);
    await turn();
    // The gap is told, and the answer to what follows does not come.
    go();
    while (watch.isCurrent) await turn();
    await turn();
    const unanswered = kept.splice(0);
    for (let attempt = 0; attempt < 3; attempt++) {
      clock.advance(6000);
      await turn();
      expect(watch.isCurrent).toBe(false);
      unanswered.push(...kept.splice(0));
      clock.advance(200);
      await turn();
    }
    while (!watch.isCurrent) {
      go();
      await turn();
    }
    // Answers to attempts that were given up come last, and change nothing.
    await other.delete("key9", (await other.get("key9"))?.revision ?? 0n);
    await turn();
    go();
    await turn();
    for (const leave of unanswered) leave();
    await turn();
    expect([watch.isCurrent, watch.size]).toEqual([true, 10]);
  });
});

test("requests to a process that does not read fail", async () => {
  const { parent, child } = channelPair();
  const engine = new MemoryEngine();
  const end = new PortEngine(portOf(child));
  serveEngine(engine.link(), portOf(parent));
  end.answer("ask", (data) => data);
  await end.bucket("any"); // By then the answer is known at the other end.
  const { go } = heldBack(parent);
  const data = bytes("x".repeat(500_000));
  const asked = Array.from({ length: 20 }, () => engine.request("ask", data, { timeoutMs: 10_000 }));
  const failed = await Promise.allSettled(asked.slice(16));
  expect(failed).toEqual(failed.map(() => ({ status: "rejected", reason: code("ERR_REQUEST_FAILED") })));
  go();
  expect(await Promise.all(asked.slice(0, 16))).toHaveLength(16);
});

test("what a process that does not read hears waits up to 8 MiB, and the rest is lost", async () => {
  const { parent, child } = channelPair();
  const engine = new MemoryEngine();
  const end = new PortEngine(portOf(child));
  serveEngine(engine.link(), portOf(parent));
  let count = 0;
  end.subscribe("news", () => void count++);
  await new Promise((resolve) => setImmediate(resolve));
  const { kept, go } = heldBack(parent);
  const piece = bytes("x".repeat(1_000_000 - 256));
  for (let index = 0; index < 20; index++) {
    engine.publish("news", piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(kept.length).toBe(8);
  go();
  await new Promise((resolve) => setImmediate(resolve));
  expect(count).toBe(8);
  engine.publish("news", piece);
  await new Promise((resolve) => setImmediate(resolve));
  expect(kept.length).toBe(1);
});

describe("a watch that is closed before its answer comes ends at the other side, too:", () => {
  /** Those that wait begin when `go` is called. */
  function slowWatches() {
    const { parent, child } = channelPair();
    const engine = new MemoryEngine();
    const link = engine.link();
    const waiting: (() => void)[] = [];
    const open = link.bucket.bind(link);
    link.bucket = async (name) => {
      const bucket = await open(name);
      return { ...bucket, watch: (on) => new Promise<void>((go) => waiting.push(go)).then(() => bucket.watch(on)) };
    };
    const end = new PortEngine(portOf(child));
    serveEngine(link, portOf(parent));
    const told: unknown[] = [];
    child.on("message", (message) => void told.push(message));
    /** What the child is told when the bucket changes. */
    const afterChange = async (key: string) => {
      await (await engine.bucket("rooms")).create(key, bytes("1"));
      for (let turns = 0; turns < 3; turns++) await turn();
      return told.splice(0).map((message) => (message as { type: string }).type);
    };
    const go = () => {
      for (const begin of waiting.splice(0)) begin();
    };
    return { link, end, go, afterChange };
  }

  test("its engine is closed", async () => {
    const { end, go, afterChange } = slowWatches();
    const watching = (await end.bucket("rooms")).watch();
    watching.catch(() => {});
    await turn();
    await end.close();
    await expect(watching).rejects.toEqual(code("ERR_CLOSED"));
    await turn();
    go();
    await afterChange("a");
    expect(await afterChange("b")).toEqual([]);
  });

  test("its copy is made anew after an outage", async () => {
    const { link, end, go, afterChange } = slowWatches();
    const watching = (await end.bucket("rooms")).watch();
    await turn();
    go();
    const watch = await watching;
    expect(await afterChange("a")).toContain("changed");
    link.disconnect();
    await turn();
    link.reconnect();
    await turn(); // The copy is asked for again.
    watch.close();
    await turn();
    go();
    await afterChange("b");
    expect(await afterChange("c")).toEqual([]);
    expect([watch.isCurrent, watch.size]).toEqual([false, 1]);
  });
});

// Voice over real networks: a WebSocket on a line that loses packets or stands still, and clients behind routers.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ConnectionStatus } from "../../lib/comms/index.js";
import { addresses, type HostName, type Nat, NetworkWorld, whyNoNamespaces } from "../support/network-world.js";
import { ICE_SERVER, startIceServer } from "../support/p2p-session.js";

/** What an end has seen. */
interface Seen {
  /** Of each frame, how long it was on its way. */
  heard: number[];
  statuses: number[];
  faults: string[];
  /** The most bytes that the server has held back for a client. */
  queuedBytes: number;
  players: { name: string; isDirect: boolean; isLocal: boolean; isListening: boolean; late: number }[];
  status: number;
  metrics?: { forwarded: number };
}

describe.skipIf(whyNoNamespaces !== null)(`voice on real lines ${whyNoNamespaces ?? ""}`, () => {
  let world: NetworkWorld;
  const running: ChildProcess[] = [];

  beforeAll(() => {
    world = new NetworkWorld();
  });
  afterEach(() => {
    world.setLoss(0);
    for (const child of running.splice(0)) child.kill("SIGKILL");
  });
  afterAll(() => world?.remove());

  /** What a program says next. */
  async function answer<T>(child: ChildProcess): Promise<T> {
    const answered = new AbortController();
    const ended = once(child, "exit", { signal: answered.signal }).then(() => {
      throw new Error("A program has ended");
    });
    ended.catch(() => {});
    try {
      return (await Promise.race([once(child, "message"), ended]))[0];
    } finally {
      answered.abort();
    }
  }

  async function start(host: HostName, settings: object): Promise<ChildProcess> {
    const child = world.start(host, "voice-end.mjs", [JSON.stringify(settings)]);
    running.push(child);
    await answer(child);
    return child;
  }

  function ask(child: ChildProcess): Promise<Seen> {
    child.send({});
    return answer<Seen>(child);
  }

  async function until(child: ChildProcess, condition: (seen: Seen) => boolean): Promise<Seen> {
    for (let tries = 0; tries < 600; tries++) {
      const seen = await ask(child);
      if (condition(seen)) return seen;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`It did not happen: ${JSON.stringify(await ask(child))}`);
  }

  async function speak(child: ChildProcess, seconds: number): Promise<number> {
    child.send({ speak: seconds });
    return (await answer<{ spoken: number }>(child)).spoken;
  }

  /** A server, a speaker in its network, and a listener at the other end of the line, over WebSocket. */
  async function line(): Promise<{ server: ChildProcess; ada: ChildProcess; ben: ChildProcess }> {
    const settings = { transport: "websocket", host: addresses.p };
    const server = await start("p", { ...settings, role: "server", name: "server" });
    const [ada, ben] = await Promise.all([
      start("p", { ...settings, role: "client", name: "Ada" }),
      start("q", { ...settings, role: "client", name: "Ben" }),
    ]);
    await until(ada, ({ players }) => players.filter(({ isListening }) => isListening).length === 2);
    return { server, ada, ben };
  }

  test("a WebSocket on a line that loses each 20th and 10th packet is late by TCP, by no queue of ours", async () => {
    const { ada, ben, server } = await line();
    for (const every of [20, 10]) {
      const before = (await ask(ben)).heard.length;
      world.setEvenLoss(every);
      const spoken = await speak(ada, 12);
      world.setLoss(0);
      const last = await speak(ada, 0.5);
      // What was said last has come, and so has all before it.
      const isThere = ({ heard }: Seen) => heard.length > before && (heard.at(-1) as number) < 100;
      const { heard } = await until(ben, isThere);
      const delays = heard.slice(before).sort((one, other) => one - other);
      const at = (share: number) => Math.round(delays[Math.floor(delays.length * share)] as number);
      const { queuedBytes } = await ask(server);
      const figures = {
        every,
        spoken: spoken + last,
        heard: delays.length,
        p50: at(0.5),
        p95: at(0.95),
        p99: at(0.99),
      };
      console.log("Voice through TCP, in ms:", JSON.stringify({ ...figures, queuedBytes }));
      expect(delays.length).toBeGreaterThan(0.85 * spoken);
      expect(at(0.5)).toBeLessThan(60);
      // 200 ms of voice, which is 10 frames of 340 bytes, and what `ws` has not written yet.
      expect(queuedBytes).toBeLessThan(16_384);
    }
    // Over 5 % too late within 10 s, after a while.
    const isDegraded = ({ statuses }: Seen) => statuses.slice(2).includes(ConnectionStatus.Degraded);
    world.setLoss(15);
    for (let tries = 0; tries < 12 && !isDegraded(await ask(ben)); tries++) await speak(ada, 5);
    const { statuses } = await ask(ben);
    expect(statuses.slice(0, 3)).toEqual([
      ConnectionStatus.Degraded,
      ConnectionStatus.Connected,
      ConnectionStatus.Degraded,
    ]);
  }, 120_000);

  test("a line that stood still for 4 s hands over nothing older than 200 ms", async () => {
    const { ada, ben } = await line();
    await speak(ada, 2);
    world.setLoss(100);
    const during = await speak(ada, 4);
    world.setLoss(0);
    const before = (await ask(ben)).heard.length;
    // TCP tries again less and less often: until then nothing comes.
    let heard: number[] = [];
    const isBack = () => heard.length > 0 && (heard.at(-1) as number) < 100;
    for (let tries = 0; tries < 60 && !isBack(); tries++) {
      await speak(ada, 0.5);
      heard = (await ask(ben)).heard.slice(before);
    }
    expect(isBack()).toBe(true);
    const { late } = (await ask(ben)).players.find(({ isLocal }) => !isLocal) as Seen["players"][number];
    console.log(
      `Of ${during} frames while it stood still ${late} came late; the oldest heard: ${Math.max(...heard)} ms.`,
    );
    expect(late).toBeGreaterThan(0);
    // Later by 200 ms than the quickest, which took a few.
    expect(Math.max(...heard)).toBeLessThan(230);
  });

  describe("clients behind routers", () => {
    beforeAll(() => startIceServer(world));

    test.each<[Nat, Nat, boolean]>([
      ["full-cone", "full-cone", true],
      ["port-restricted", "port-restricted", true],
      ["full-cone", "symmetric", true],
      ["symmetric", "symmetric", false],
    ])("%s and %s: direct %s, and everything is heard", async (natA, natB, isDirect) => {
      world.setNat("routerA", natA);
      world.setNat("routerB", natB);
      const settings = { transport: "sockets", host: addresses.p, direct: { stunServers: [ICE_SERVER] } };
      const server = await start("p", { ...settings, role: "server", name: "server" });
      const [ada, ben] = await Promise.all([
        start("a", { ...settings, role: "client", name: "Ada" }),
        start("b", { ...settings, role: "client", name: "Ben" }),
      ]);
      const isThere = ({ players }: Seen) => players.filter(({ isListening }) => isListening).length === 2;
      await Promise.all([until(ada, isThere), until(ben, isThere)]);
      if (isDirect) await until(ada, ({ players }) => players.some((one) => one.isDirect));
      const forwarded = (await ask(server)).metrics?.forwarded as number;
      const spoken = await speak(ada, 2);
      const { heard } = await until(ben, (seen) => seen.heard.length >= 0.98 * spoken);
      expect(heard.length).toBeLessThanOrEqual(spoken);
      const relayed = ((await ask(server)).metrics?.forwarded as number) - forwarded;
      if (isDirect) expect(relayed).toBe(0);
      else expect(relayed).toBeGreaterThanOrEqual(0.98 * spoken);
      expect((await ask(ada)).faults).toEqual([]);
    });
  });
});

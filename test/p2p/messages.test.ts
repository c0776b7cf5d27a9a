import type { ChildProcess } from "node:child_process";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ConfigValue, ConnectionState, iceOptions } from "../../lib/index.js";
import { type HostName, NetworkWorld, whyNoNamespaces } from "../support/network-world.js";
import { goodServers, startIceServer } from "../support/p2p-session.js";

interface Said {
  report?: { requests: number; bugs: string[]; wakeUps: number; state: number; flags: number; peer: string };
  request?: string;
  failed?: string;
  endReason?: number;
  large?: number;
  equal?: boolean;
  closed?: boolean;
  again?: boolean;
  info?: unknown;
  signal?: string;
  ready?: boolean;
}

/** A peer in a process of its own that remembers what it said. */
class Talker {
  readonly said: Said[] = [];
  readonly #child: ChildProcess;
  #check: () => void = () => {};
  other: Talker | null = null;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.on("message", (message: Said) => {
      if (message.signal !== undefined) return this.other?.send({ signal: message.signal });
      this.said.push(message);
      this.#check();
    });
  }

  send(message: object): void {
    if (this.#child.connected) this.#child.send(message);
  }

  /** Waits until it has said something of this kind. */
  heard<Key extends keyof Said>(key: Key): Promise<Said> {
    return new Promise((resolve, reject) => {
      const onExit = () => reject(new Error(`it ended before it said ${key}`));
      this.#child.once("exit", onExit);
      this.#check = () => {
        const found = this.said.find((said) => said[key] !== undefined);
        if (found === undefined) return;
        this.#child.off("exit", onExit);
        resolve(found);
      };
      this.#check();
    });
  }

  end(): Promise<number | null> {
    return new Promise((resolve) => {
      this.#child.once("exit", resolve);
      this.send({ end: true });
    });
  }
}

describe.skipIf(whyNoNamespaces !== null)(`messages to identities ${whyNoNamespaces ?? ""}`, () => {
  let world: NetworkWorld;
  let talkers: Talker[] = [];

  beforeAll(async () => {
    world = new NetworkWorld();
    await startIceServer(world);
    world.setNat("routerA", "port-restricted");
    world.setNat("routerB", "port-restricted");
  });
  afterAll(() => world?.remove());
  afterEach(async () => {
    const codes = await Promise.all(talkers.map((talker) => talker.end()));
    talkers = [];
    expect(codes).toEqual(codes.map(() => 0));
  });

  async function start(hosts: [HostName, HostName], one: object, two: object = {}): Promise<[Talker, Talker]> {
    const options = [...(await iceOptions(goodServers)), { value: ConfigValue.TimeoutInitial, data: 4000 }];
    const common = { options, messages: 20 };
    const run = (host: HostName, settings: object) =>
      new Talker(world.start(host, "messages-peer.mjs", [JSON.stringify({ ...common, ...settings })]));
    const second = run(hosts[1], { identity: "two", ...two });
    await second.heard("ready");
    const first = run(hosts[0], { identity: "one", remote: "two", ...one });
    first.other = second;
    second.other = first;
    talkers = [first, second];
    return [first, second];
  }

  test.each<[string, [HostName, HostName]]>([
    ["in one network", ["a", "a2"]],
    ["through two routers", ["a", "b"]],
  ])("two channels in both directions, %s", async (_name, hosts) => {
    const [first, second] = await start(hosts, { large: 400_000 });
    const [{ report: one }, { report: two }] = await Promise.all([first.heard("report"), second.heard("report")]);
    expect(one).toMatchObject({ requests: 0, bugs: [], peer: "str:two" });
    expect(two).toMatchObject({ requests: 1, bugs: [], peer: "str:one" });
    // GNS tells the state of a session's connection some time later.
    for (const report of [one, two]) {
      expect([ConnectionState.FindingRoute, ConnectionState.Connected]).toContain(report?.state);
    }
    expect(await second.heard("large")).toEqual({ large: 400_000, equal: true });
    expect(one?.wakeUps).toBeGreaterThan(6);

    first.send({ close: "two" });
    expect(await first.heard("closed")).toEqual({ closed: true, again: false, info: null });
  });

  test("a request that is not accepted fails on the side that asked", async () => {
    const [first, second] = await start(["a", "a2"], {}, { accept: false });
    expect((await second.heard("request")).request).toBe("str:one");
    expect(await first.heard("failed")).toMatchObject({ failed: "str:two" });
  });

  test("a peer that is not there: the session fails", async () => {
    const [first] = await start(["a", "a2"], { remote: "nobody" });
    first.other = null;
    expect(await first.heard("failed")).toMatchObject({ failed: "str:nobody", endReason: 5003 });
  });
});

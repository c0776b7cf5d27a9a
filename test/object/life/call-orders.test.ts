// The table of what calls wait for in docs/objects.md, held against what happens.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import type { INetworkPlayer } from "../../../lib/message/index.js";
import { root } from "../../../scripts/paths.mjs";
import type { ObjectEnd } from "../../support/object-world.js";

const load = async () => ({
  ...(await import("../../../lib/object/index.js")),
  ...(await import("../../../lib/serialization/index.js")),
  ...(await import("../../support/object-world.js")),
});

async function withoutGeneratedCode() {
  vi.resetModules();
  vi.stubGlobal("Function", function refuse() {
    throw new EvalError("Code generation from strings disallowed for this context");
  });
  const library = await load();
  // It finds out at the first struct, once.
  library.struct({ value: library.u8 });
  vi.unstubAllGlobals();
  return library;
}

const libraries = [
  ["generated code", await load()],
  ["loops", await withoutGeneratedCode()],
] as const;

const [before, table = ""] = readFileSync(join(root, "docs/objects.md"), "utf8").split("| in one tick | order |");
const rows = new Map(
  (table.split("\n\n")[0] as string).split("\n").map((line) => {
    const [, event = "", order = ""] = line.split("|").map((cell) => cell.trim());
    return [event, [...order.matchAll(/`(\w+)`/g)].map(([, word]) => word as string)];
  }),
);
const tested = new Set<string>();
/** The steps of a row. */
const rowOf = (event: string): string[] => {
  tested.add(event);
  return rows.get(event) as string[];
};
const without = (steps: readonly string[], ...left: readonly string[]) => steps.filter((step) => !left.includes(step));
/** What only the owner of an object gets. */
const OF_OWNERS = ["ownerChanged", "startOwner"];

afterAll(() => {
  expect(before).toContain("## Calls");
  expect([...rows.keys()].filter((event) => event !== "" && event !== "---").sort()).toEqual([...tested].sort());
});

describe.each(libraries)("the orders of calls in docs/objects.md, by %s", (_, library) => {
  const { clientRpc, definePrefab, networked, ObjectWorld, serverRpc, u8 } = library;

  class ProbeParts extends library.NetworkBehaviour {
    declare state: number;
    log: string[] = [];
    /** What is called, with the state that it was called with: that is the one which is there. */
    note(what: string, state: number) {
      this.log.push(this.state === state || isShared ? what : `${what} with ${state} at ${this.state}`);
    }
    override startClient() {
      this.log.push("startClient");
      (this as AnyProbe).on("state", () => void this.log.push("changed"));
    }
    override startOwner() {
      this.log.push("startOwner");
    }
    override stopClient() {
      this.log.push("stopClient");
    }
    override ownerChanged() {
      this.log.push("ownerChanged");
    }
    called(state: number) {
      this.note("called", state);
    }
    told(_player: INetworkPlayer, state: number) {
      this.note("told", state);
    }
    asked(state: number) {
      asked.push(this.state === state || isShared ? "asked" : `asked with ${state} at ${this.state}`);
    }
  }
  const Probe = networked(
    ProbeParts,
    { state: [u8, { from: "both" }] },
    { called: clientRpc([u8]), told: clientRpc([u8], { to: "player" }), asked: serverRpc([u8]) },
  );
  const ProbePrefab = definePrefab("probe", { probe: Probe });
  type AnyProbe = InstanceType<typeof Probe>;
  /** What the server was asked. */
  const asked: string[] = [];
  /** The host's behaviours are the server's own: they have the state of now. */
  let isShared = false;

  test.each(["client-server", "shared", "replica"] as const)("%s", async (kind) => {
    isShared = kind === "shared";
    const world = new ObjectWorld({ prefabs: [ProbePrefab], lag: { latencyMs: 20 } });
    const prepare = (manager: ObjectEnd["world"]) => {
      manager.on("spawned", ({ behaviours }) => (behaviours.probe as AnyProbe).log.push("spawned"));
      manager.on("unspawned", ({ behaviours }) => (behaviours.probe as AnyProbe).log.push("unspawned"));
    };
    if (kind === "client-server") await world.server.start();
    const own = kind === "client-server" ? await world.enter(prepare) : await world.startHost(kind, prepare);
    const other = await world.enter(prepare);
    const ends = [own, other, await world.enter(prepare)];
    const { identity, probe } = world.objects.spawn(ProbePrefab, { owner: own.player });
    const at = ({ world }: ObjectEnd) => world.get(identity.netId)?.behaviours.probe as AnyProbe;
    /** Does what is in one tick, and compares what each end has run of it: what `steps` leaves of the row. */
    const compare = async (event: string, run: () => void, steps: (row: string[], end: ObjectEnd) => string[]) => {
      const before = ends.map(at);
      run();
      await world.run(200);
      for (const [index, end] of ends.entries()) {
        // What went out of sight has ended, and what comes into it again is new.
        const ran = [...new Set([before[index], at(end)])].flatMap((one) => one?.log.splice(0) ?? []);
        // On a shared instance the hook is called for both worlds.
        const left = end === own && kind === "shared" ? ["ownerChanged"] : [];
        const expected = without(steps(rowOf(event), end), ...left);
        expect(without(ran, ...left), `${event}, end ${index}`).toEqual(expected);
      }
    };
    /** Sets and calls with each of these. */
    const say = (...states: number[]) => {
      for (const state of states) {
        probe.state = state;
        probe.called(state);
      }
    };
    const ofOwner = (row: string[], end: ObjectEnd) => (end === own ? row : without(row, ...OF_OWNERS));
    await compare("spawn, set, call", () => say(1), ofOwner);
    await compare(
      "set, call, set, call, set",
      () => {
        say(2, 3);
        probe.state = 4;
      },
      ofOwner,
    );
    await compare(
      "set, call one player, set, call one player",
      () => {
        for (const state of [5, 6]) {
          probe.state = state;
          probe.told(other.player, state);
        }
      },
      // Who is not told has both changes in one batch.
      (row, end) => (end === other ? row : ["changed"]),
    );
    await compare(
      "call, new owner, set, call",
      () => {
        probe.called(6);
        identity.setOwner(other.player);
        say(7);
      },
      (row, end) => (end === other ? row : without(row, "startOwner", ...(end === own ? [] : OF_OWNERS))),
    );
    identity.setOwner(own.player);
    await world.run(200);
    for (const end of ends) at(end).log.length = 0;
    await compare(
      "hide, call, show, call",
      () => {
        identity.hide(other.player);
        probe.called(7);
        identity.show(other.player);
        probe.called(7);
      },
      (row, end) => (end === other ? row : ["called", "called"]),
    );
    const mine = at(own);
    const heard = () => void asked.push("changed");
    const off = probe.on("state", heard);
    for (const state of [8, 9]) {
      mine.state = state;
      mine.asked(state);
    }
    await world.run(200);
    expect(asked.splice(0)).toEqual(rowOf("the owner: set, ask, set, ask"));
    off();
    for (const end of ends) at(end).log.length = 0;
    say(10);
    await world.run(200);
    const late = await world.enter(prepare);
    expect(at(late).log.splice(0)).toEqual(rowOf("set, call, a player joins"));
    for (const end of ends) at(end).log.length = 0;
    ends.push(late);
    await compare(
      "set, call, destroy",
      () => {
        say(11);
        identity.destroy();
      },
      ofOwner,
    );
    expect([world.errors, world.failures]).toEqual([[], []]);
  });
});

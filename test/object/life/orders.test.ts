// The table of orders in docs/objects.md, held against what happens.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  definePrefab,
  NetworkBehaviour,
  type NetworkIdentity,
  networked,
  type Prefab,
} from "../../../lib/object/index.js";
import { u8 } from "../../../lib/serialization/index.js";
import { root } from "../../../scripts/paths.mjs";
import { type ObjectEnd, ObjectWorld } from "../../support/object-world.js";

class ProbeParts extends NetworkBehaviour {
  declare size: number;
  log = ["constructor"];
  note(what: string, size = SIZE): void {
    this.log.push(this.size === size ? what : `${what} with a size of ${this.size}`);
  }
  override startServer() {
    this.note("startServer");
  }
  override stopServer() {
    this.note("stopServer");
  }
  override startClient() {
    this.note("startClient");
  }
  override startOwner() {
    this.note("startOwner");
  }
  override stopClient() {
    this.note("stopClient");
  }
  override ownerChanged() {
    this.note("ownerChanged");
  }
}
const SIZE = 7;
const Probe = networked(ProbeParts, { size: u8 });
const ProbePrefab: Prefab<{ probe: typeof Probe }> = definePrefab("probe", { probe: Probe });
type AnyProbe = InstanceType<typeof Probe>;

const page = readFileSync(join(root, "docs/objects.md"), "utf8");
/** The steps of a row: words in code, and the constructor. */
const rowOf = (event: string): string[] => {
  const cell = page.split("\n").find((line) => line.startsWith(`| ${event} |`)) ?? "";
  const words = cell.replace(/with `destroyed` or `hidden`/, "").replace("constructor", "`constructor`");
  return [...words.matchAll(/`(\w+)`/g)].map(([, word]) => word as string);
};
const [serverSpawn, clientSpawn, serverDestroy, clientUnspawn] = [
  "server spawn",
  "client spawn",
  "server destroy",
  "client unspawn",
].map(rowOf) as [string[], string[], string[], string[]];

const without = (steps: readonly string[], ...left: readonly string[]) => steps.filter((step) => !left.includes(step));
const OF_OWNERS = ["ownerChanged", "startOwner"];

/** A manager, of either side, that logs what happens to each behaviour. */
type Logged = Pick<ObjectEnd["world"], "on" | "setFactory">;

function follow(manager: Logged): void {
  const pool: AnyProbe[] = [];
  manager.setFactory(ProbePrefab, {
    create: () => ({ probe: pool.pop() ?? new Probe() }),
    release: ({ probe }) => {
      probe.note("release", 0);
      pool.push(probe);
    },
  });
  const note = (what: string) => (identity: NetworkIdentity) => (identity.behaviours.probe as AnyProbe).note(what);
  manager.on("spawned", note("spawned"));
  manager.on("unspawned", note("unspawned"));
}

/** What has happened to a behaviour since the last call. */
const take = ({ log }: AnyProbe) => log.splice(0);

describe.each(["client-server", "shared", "replica"] as const)("the orders of docs/objects.md: %s", (kind) => {
  const prepare = (world: ObjectEnd["world"]) => follow(world);

  async function open() {
    const world = new ObjectWorld({ prefabs: [ProbePrefab], lag: { latencyMs: 20 } });
    follow(world.objects as unknown as Logged);
    if (kind === "client-server") await world.server.start();
    const first = kind === "client-server" ? await world.enter(prepare) : await world.startHost(kind, prepare);
    const ends = [first, await world.enter(prepare), await world.enter(prepare)];
    const spawn = async () => {
      const { identity, probe } = world.objects.spawn(ProbePrefab, {
        owner: first.player,
        init({ probe }) {
          probe.size = SIZE;
          probe.note("init");
        },
      });
      await world.run(400);
      return { identity, probe };
    };
    const seen = ({ netId }: NetworkIdentity) => {
      const at = ({ world }: ObjectEnd) => world.get(netId)?.behaviours.probe as AnyProbe;
      return ends.map(at);
    };
    return { world, first, ends, spawn, seen };
  }

  test("an object appears and ends, also where its behaviours are those of one before", async () => {
    const { world, spawn, seen } = await open();
    for (const isPooled of [false, true]) {
      const { identity, probe } = await spawn();
      const [own, ...others] = seen(identity) as [AnyProbe, AnyProbe, AnyProbe];
      const first = (steps: readonly string[]) => (isPooled ? without(steps, "constructor") : [...steps]);
      const ownSpawn = without(clientSpawn, "constructor");
      if (kind === "shared") expect(take(probe)).toEqual([...first(serverSpawn), ...ownSpawn]);
      else {
        expect(take(probe)).toEqual(first(serverSpawn));
        expect(take(own)).toEqual(first(clientSpawn));
      }
      for (const other of others) expect(take(other)).toEqual(without(first(clientSpawn), ...OF_OWNERS));
      identity.destroy();
      await world.run(400);
      if (kind === "shared") {
        const place = serverDestroy.indexOf("stopServer");
        const ownEnd = without(clientUnspawn, "release");
        expect(take(probe)).toEqual([...serverDestroy.slice(0, place), ...ownEnd, ...serverDestroy.slice(place)]);
      } else {
        expect(take(probe)).toEqual(serverDestroy);
        expect(take(own)).toEqual(clientUnspawn);
      }
      for (const other of others) expect(take(other)).toEqual(without(clientUnspawn, ...OF_OWNERS));
    }
    expect([world.errors, world.failures]).toEqual([[], []]);
  });

  test("a client joins late, and an object is hidden and shown", async () => {
    const { world, ends, spawn, seen } = await open();
    const { identity } = await spawn();
    ends.push(await world.enter(prepare));
    const probes = seen(identity);
    const late = probes.at(-1) as AnyProbe;
    expect(take(late)).toEqual(without(clientSpawn, ...OF_OWNERS));
    for (const probe of probes) take(probe);
    const { player } = ends.at(-1) as ObjectEnd;
    identity.hide(player);
    await world.run(200);
    expect(take(late)).toEqual(without(clientUnspawn, ...OF_OWNERS));
    identity.show(player);
    await world.run(200);
    expect(seen(identity).at(-1)).toBe(late);
    expect(take(late)).toEqual(without(clientSpawn, "constructor", ...OF_OWNERS));
    // Nobody else hears of it.
    expect(seen(identity).slice(0, -1).flatMap(take)).toEqual([]);
    expect([world.errors, world.failures]).toEqual([[], []]);
  });
});

test("the page has the orders", () => {
  expect([serverSpawn, clientSpawn, serverDestroy, clientUnspawn].map(({ length }) => length)).toEqual([4, 5, 4, 4]);
});

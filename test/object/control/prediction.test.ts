import { afterEach, describe, expect, test } from "vitest";
import { type NetworkIdentity, ServerObjectManager } from "../../../lib/object/index.js";
import { NetworkReader, NetworkWriter } from "../../../lib/serialization/index.js";
import { seededRandom } from "../../../lib/testing/index.js";
import { type AnyCraft, type AnyPush, Craft, CraftPrefab, CraftWorld, move, Push } from "../../support/craft-world.js";
import { ObjectWorld, RockPrefab } from "../../support/object-world.js";

/** Inputs that change now and then. */
function samples(seed: number): () => AnyPush {
  const random = seededRandom(seed);
  let push: AnyPush = { forward: 0, turn: 0, light: false };
  let left = 0;
  return () => {
    if (left-- <= 0) {
      left = Math.floor(random() * 40);
      push = { forward: 2 * random() - 1, turn: 360 * random() - 180, light: random() < 0.5 };
    }
    return push;
  };
}

const IDLE: AnyPush = { forward: 0, turn: 0, light: false };

function expectSame(one: AnyCraft, other: AnyCraft): void {
  expect(Math.abs(one.position.x - other.position.x)).toBeLessThan(0.021);
  expect(Math.abs(one.position.y - other.position.y)).toBeLessThan(0.021);
  expect(one.speed).toBeCloseTo(other.speed, 2);
  expect(one.isLit).toBe(other.isLit);
}

test("a client sees what its input does in that tick, and the server does the same when it has the input", async () => {
  const world = new CraftWorld({ lag: { latencyMs: 50 } });
  await world.server.start();
  const { craft, ownCraft } = await world.enterCraft();
  world.flying.control(ownCraft, () => ({ forward: 1, turn: 0, light: true }));
  await world.run(30);
  expect(ownCraft.position.x).toBeGreaterThan(0);
  expect([craft.position.x, craft.isLit]).toEqual([0, false]);
  await world.run(200);
  expect(craft.position.x).toBeGreaterThan(0);
  expect(craft.position.x).toBeLessThan(ownCraft.position.x);
  expect([world.errors, world.failures]).toEqual([[], []]);
});

describe("over 50 ms with 8 ms of jitter", () => {
  async function fly({ loss = 0, ms = 20_000, error = () => 1, first = samples(3) }) {
    const effects = new Map<number, number>();
    let [replays, lastReplayed] = [0, Number.POSITIVE_INFINITY];
    let other: AnyCraft | null = null;
    const world = new CraftWorld(
      { lag: { latencyMs: 50, jitterMs: 8, loss }, seed: 7 },
      {
        client(craft, input, { dt, tick, isReplay }) {
          move(craft, input, dt);
          if (isReplay && tick <= lastReplayed) replays++;
          lastReplayed = isReplay ? tick : Number.POSITIVE_INFINITY;
          if (!isReplay) effects.set(tick, (effects.get(tick) ?? 0) + 1);
        },
        server(craft, input, { dt }) {
          move(craft, input, dt, error());
          if (other) other.isLit = !other.isLit; // something that is shown
        },
      },
    );
    await world.server.start();
    const end = await world.enterCraft();
    other = world.objects.spawn(CraftPrefab).craft;
    let sample = first;
    world.flying.control(end.ownCraft, () => sample());
    await world.run(ms);
    const { missing } = world.objects.inputsOf(end.player);
    const moved = Math.hypot(end.craft.position.x, end.craft.position.y);
    sample = () => IDLE;
    await world.run(5000);
    expectSame(end.ownCraft, end.craft);
    expect([world.errors, world.failures]).toEqual([[], []]);
    const { corrections } = end.world.metrics;
    // What differs by less than a step is no correction.
    expect(replays).toBeGreaterThanOrEqual(corrections);
    return { corrections, missing, effects, moved };
  }

  test("a step that is exact is never corrected", async () => {
    const { corrections, missing, moved } = await fly({});
    expect(missing).toBe(0);
    // The first news is of a tick before the first input.
    expect(corrections).toBeLessThanOrEqual(1);
    expect(moved).toBeGreaterThan(1);
  });

  test("with 5 % loss it is corrected only after the server had to do without an input", async () => {
    const { corrections, missing } = await fly({ loss: 0.05 });
    expect(missing).toBeLessThan(30);
    // The first news is of a tick before the first input.
    expect(corrections).toBeLessThanOrEqual(missing + 1);
  });

  test("with 5 % loss it is not corrected where a missing input is like the one before", async () => {
    const push = { forward: 0.5, turn: 20, light: true };
    const { corrections, missing, moved } = await fly({ loss: 0.05, first: () => push });
    // The server uses the last input again.
    expect(missing).toBeGreaterThan(0);
    // The first news is of a tick before the first input.
    expect(corrections).toBeLessThanOrEqual(1);
    expect(moved).toBeGreaterThan(1);
  });

  test("a step with a random error of 0.1 % is corrected, and effects that isReplay guards come once", async () => {
    const random = seededRandom(11);
    const { corrections, effects } = await fly({ loss: 0.05, error: () => 0.999 + 0.002 * random() });
    expect(corrections).toBeGreaterThan(3);
    expect(corrections).toBeLessThan(600);
    expect(new Set(effects.values())).toEqual(new Set([1]));
  });
});

describe("control", () => {
  const enter = async (hooks: CraftWorld["hooks"] = {}) => {
    const world = new CraftWorld({ lag: { latencyMs: 30 } }, hooks);
    await world.server.start();
    const { world: seen, ...end } = await world.enterCraft();
    return { world, seen, ...end };
  };

  test("ends when its function is called, and the client has the server's values then", async () => {
    const { world, craft, ownCraft, player } = await enter();
    const end = world.flying.control(ownCraft, () => ({ forward: 1, turn: 5, light: true }));
    await world.run(500);
    end();
    await world.run(200);
    const { x } = craft.position;
    expect(x).toBeGreaterThan(0);
    await world.run(200);
    expect(craft.position.x).toBe(x);
    expectSame(ownCraft, craft);
    const { missing } = world.objects.inputsOf(player);
    craft.position.x = 77;
    await world.run(200);
    expect([ownCraft.position.x.toFixed(1), world.objects.inputsOf(player).missing]).toEqual(["77.0", missing]);
    expect([world.errors, world.failures]).toEqual([[], []]);
  });

  test("of another behaviour ends the first", async () => {
    const { world, player, craft, ownCraft, seen } = await enter();
    const second = world.objects.spawn(CraftPrefab, { owner: player });
    await world.run(200);
    const ownSecond = seen.get(second.identity.netId)?.behaviours.craft as AnyCraft;
    world.flying.control(ownCraft, () => ({ forward: 1, turn: 0, light: false }));
    await world.run(300);
    world.flying.control(ownSecond, () => ({ forward: 1, turn: 0, light: false }));
    await world.run(300);
    const { x } = craft.position;
    await world.run(300);
    expect([craft.position.x, x > 0]).toEqual([x, true]);
    expect(second.craft.position.x).toBeGreaterThan(0);
    expectSame(ownCraft, craft);
  });

  test("ends with another owner, on both sides", async () => {
    const { world, craft, ownCraft, identity } = await enter();
    world.flying.control(ownCraft, () => ({ forward: 1, turn: 0, light: false }));
    await world.run(300);
    identity.setOwner(null);
    await world.run(200);
    const { x } = craft.position;
    await world.run(200);
    expect(craft.position.x).toBe(x);
    expectSame(ownCraft, craft);
    expect(() => world.flying.control(ownCraft, () => IDLE)).toThrow("only objects that it owns");
    expect([world.errors, world.failures]).toEqual([[], []]);
  });

  test("is refused on a server, for what is not predicted and without a sample", async () => {
    const { world, craft, ownCraft } = await enter();
    expect(() => world.flying.control(craft, () => IDLE)).toThrow(expect.objectContaining({ code: "ERR_WRONG_SIDE" }));
    expect(() => world.flying.control(new Craft(), () => IDLE)).toThrow(expect.objectContaining({ code: "ERR_STATE" }));
    expect(() => world.flying.control(ownCraft, 7 as never)).toThrow(TypeError);
    expect(() => world.flying.control({} as never, () => IDLE)).toThrow(TypeError);
    const other = new CraftWorld();
    expect(() => other.flying.control(ownCraft, () => IDLE)).toThrow("not among the predictions");
  });

  test("works in a host whose client has objects of its own", async () => {
    const world = new CraftWorld();
    const { player, world: seen } = await world.startHost("replica");
    const { craft, identity } = world.objects.spawn(CraftPrefab, { owner: player });
    await world.run(200);
    const ownCraft = seen.get(identity.netId)?.behaviours.craft as AnyCraft;
    expect(ownCraft).not.toBe(craft);
    const end = world.flying.control(ownCraft, () => ({ forward: 1, turn: 0, light: true }));
    await world.run(500);
    expect(craft.position.x).toBeGreaterThan(1);
    end();
    await world.run(200);
    expectSame(ownCraft, craft);
    expect([world.errors, world.failures]).toEqual([[], []]);
  });

  test("works in a host that shares its instances: each step has the input of its tick", async () => {
    const world = new CraftWorld({ prefabs: [CraftPrefab, RockPrefab] });
    const { player, world: seen, client } = await world.startHost("shared");
    const { craft, identity } = world.objects.spawn(CraftPrefab, { owner: player });
    expect(() => world.flying.control(craft, () => IDLE)).toThrow(expect.objectContaining({ code: "ERR_STATE" }));
    await world.run(200);
    expect(seen.get(identity.netId)?.behaviours.craft).toBe(craft);
    expect(seen.predictedTick).toBe(null);
    const samples: number[] = [];
    const replays = new Set<boolean>();
    const rocks: NetworkIdentity[] = [];
    world.hooks.client = (craft, input, { dt, tick, isReplay, spawn }) => {
      move(craft, input, dt);
      replays.add(isReplay);
      if (tick % 10 === 0) rocks.push(spawn(RockPrefab).identity);
    };
    const end = world.flying.control(craft, () => {
      samples.push(world.server.tick);
      return { forward: 0.123_456, turn: 0, light: true };
    });
    await world.run(500);
    expect(samples.length).toBeGreaterThan(28);
    expect(samples.every((tick, index) => index === 0 || tick === (samples[index - 1] as number) + 1)).toBe(true);
    // As it would have travelled.
    const writer = new NetworkWriter();
    Push.write(writer, { forward: 0.123_456, turn: 0, light: true });
    const { forward } = Push.read(new NetworkReader(writer.toBytes()));
    expect(craft.speed).toBeCloseTo(
      samples.reduce((speed) => speed * 0.97 + forward, 0),
      6,
    );
    expect([craft.isLit, [...replays]]).toEqual([true, [false]]);
    expect(rocks.length).toBeGreaterThan(2);
    expect(rocks.every(({ owner, isPredicted }) => owner === player && !isPredicted)).toBe(true);
    expect(seen.objects).toEqual(expect.arrayContaining(rocks.slice(0, -1)));
    // What is shown is between two steps, and the tick of that is known.
    seen.update();
    expect(craft.shown.position.x).toBeLessThanOrEqual(craft.position.x);
    expect(craft.position.x - craft.shown.position.x).toBeLessThanOrEqual(craft.speed / 60 + 1e-9);
    expect(craft.shown.position.x).toBeGreaterThan(craft.position.x - craft.speed / 30);
    expect((seen.predictedTick as number) - world.server.tick).toBeGreaterThanOrEqual(-1);
    end();
    await world.run(100);
    const { x } = craft.position;
    await world.run(100);
    expect([craft.position.x, seen.predictedTick]).toEqual([x, null]);
    world.flying.control(craft, () => ({ forward: 1, turn: 0, light: false }));
    await world.run(100);
    expect(craft.position.x).toBeGreaterThan(x);
    identity.setOwner(null);
    await world.run(100);
    const there = craft.position.x;
    await world.run(100);
    expect(craft.position.x).toBe(there);
    expect(() => world.flying.control(craft, () => IDLE)).toThrow("only objects that it owns");
    identity.setOwner(player);
    await world.run(100);
    world.flying.control(craft, () => ({ forward: 1, turn: 0, light: false }));
    client.disconnect();
    await world.run(100);
    const last = craft.position.x;
    await world.run(100);
    expect(craft.position.x).toBe(last);
    expect([world.errors, world.failures]).toEqual([[], []]);
  });

  test("reports what a sample throws, and goes on with the default", async () => {
    const { world, craft, ownCraft } = await enter();
    world.flying.control(ownCraft, () => {
      throw new Error("no input");
    });
    await world.run(300);
    expect(world.failures.length).toBeGreaterThan(5);
    expect(new Set(world.failures.map(String))).toEqual(new Set(["Error: no input"]));
    expect(craft.position.x).toBe(0);
  });
});

describe("in development", () => {
  const { NODE_ENV } = process.env;
  afterEach(() => {
    process.env.NODE_ENV = NODE_ENV;
  });

  test("a step that sets members which are not predicted is an error, on both sides", async () => {
    process.env.NODE_ENV = "development";
    const setName = (craft: AnyCraft, input: AnyPush, { dt }: { dt: number }) => {
      move(craft, input, dt);
      craft.name = 7;
    };
    for (const hooks of [{ client: setName }, { server: setName }]) {
      const world = new CraftWorld({ lag: { latencyMs: 10 } }, hooks);
      await world.server.start();
      const { ownCraft } = await world.enterCraft();
      world.flying.control(ownCraft, () => IDLE);
      await world.run(200);
      expect(String(world.failures[0])).toContain("has set name, which it does not predict");
    }
  });
});

test("predictions need a tick rate, and are the same on both sides", async () => {
  const { flying } = new CraftWorld();
  const parts = { prefabs: [CraftPrefab], predictions: [flying] };
  expect(() => new ObjectWorld({ tickRate: 0, ...parts })).toThrow(RangeError);
  const world = new ObjectWorld({ prefabs: [CraftPrefab] });
  expect(() => new ServerObjectManager(world.server, { ...parts, predictions: [flying, flying] })).toThrow(
    "Two predictions are for",
  );
  expect(() => new ServerObjectManager(world.server, { ...parts, predictions: [{} as never] })).toThrow(TypeError);
});

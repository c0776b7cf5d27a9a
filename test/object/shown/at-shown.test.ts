import { expect, test } from "vitest";
import {
  clientRpc,
  definePrefab,
  interpolation,
  linear,
  NetworkBehaviour,
  networked,
  type Prefab,
} from "../../../lib/object/index.js";
import { ShownQueue } from "../../../lib/object/timeline/shown-queue.js";
import { float32, u8, vec2 } from "../../../lib/serialization/index.js";
import { type ObjectEnd, ObjectWorld, Shop } from "../../support/object-world.js";

class BellParts extends NetworkBehaviour {
  declare place: { x: number; y: number };
  /** By how much what is drawn is beyond the place of the event. */
  readonly log: { what: string; x: number }[] = [];
  note(what: string, x: number): void {
    this.log.push({ what, x: this.shown.place.x - x });
  }
  rung(x: number): void {
    this.note("rung", x);
  }
  rungAtOnce(x: number): void {
    this.note("rungAtOnce", x);
  }
  override stopClient(): void {
    this.note("stopClient", 0);
  }
}
const Bell = networked(
  BellParts,
  { place: [vec2(float32), { delivery: "latest", interpolate: linear }], count: u8 },
  { rung: clientRpc([float32], { at: "shown" }), rungAtOnce: clientRpc([float32]) },
);
const BellPrefab: Prefab<{ bell: typeof Bell }> = definePrefab("bell", { bell: Bell });
type AnyBell = InstanceType<typeof Bell>;

/** Nothing of it is interpolated. */
class AlarmParts extends NetworkBehaviour {
  readonly rings: number[] = [];
  rung(x: number): void {
    this.rings.push(x);
  }
}
const Alarm = networked(
  AlarmParts,
  { place: [float32, { delivery: "latest" }] },
  { rung: clientRpc([float32], { at: "shown" }) },
);
const AlarmPrefab: Prefab<{ alarm: typeof Alarm }> = definePrefab("alarm", { alarm: Alarm });

async function open(tickRate: number, enter: (world: ObjectWorld) => Promise<ObjectEnd>) {
  const world = new ObjectWorld({ tickRate, lag: { latencyMs: 50, jitterMs: 10 }, prefabs: [BellPrefab] });
  const end = await enter(world);
  const { identity, bell } = world.objects.spawn(BellPrefab);
  await world.until(() => end.world.get(identity.netId) !== null);
  const seen = end.world.get(identity.netId)?.behaviours.bell as AnyBell;
  const draw = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 4) {
      await world.run(4, 4);
      end.world.update();
    }
  };
  return { world, end, identity, bell, seen, draw };
}
const overNetwork = async (world: ObjectWorld) => {
  await world.server.start();
  return world.enter();
};
const inHost = (world: ObjectWorld) => world.startHost("replica");

test.each([
  ["a client", overNetwork],
  ["a host with objects of its own", inHost],
])("at %s calls and listeners come when their tick is drawn, or when they arrive", async (_, enter) => {
  const { world, bell, seen, draw } = await open(60, enter);
  const heard: unknown[] = [];
  let isRinging = false;
  world.server.on("ticked", (tick) => {
    bell.place.x = tick;
    if (!isRinging || tick % 10 !== 0) return;
    bell.count++;
    bell.rung(tick);
    bell.rungAtOnce(tick);
  });
  await draw(2000);
  // The place has changed with the count.
  const note = (what: string) => (now: number, before: number) => {
    seen.note(what, Math.floor(seen.place.x / 10) * 10);
    heard.push([now, before]);
  };
  seen.on("count", note("count"), { at: "shown" });
  const places: unknown[] = [];
  seen.on("place", (now, before) => places.push(now.x - seen.shown.place.x, now.x - before.x), { at: "shown" });
  isRinging = true;
  await draw(5000);
  const of = (name: string) => seen.log.filter(({ what }) => what === name).map(({ x }) => x);
  expect(of("rung").length).toBeGreaterThan(25);
  // A frame is a quarter of a tick, and a call has the tick before the one in which it is made.
  for (const x of of("rung")) expect(Math.abs(x)).toBeLessThan(1.3);
  for (const x of of("count")) expect(Math.abs(x)).toBeLessThan(1.3);
  expect(Math.min(...of("rungAtOnce").map(Math.abs))).toBeGreaterThan(0.9);
  expect(heard.slice(0, 2)).toEqual([
    [1, 0],
    [2, 1],
  ]);
  for (const by of places as number[]) expect(Math.abs(by)).toBeLessThan(2.1);
  expect([world.errors, world.failures]).toEqual([[], []]);
});

test("what waits happens before the object goes, and what a listener throws is reported", async () => {
  const { world, identity, bell, seen, draw } = await open(60, overNetwork);
  world.server.on("ticked", (tick) => {
    bell.place.x = tick;
  });
  await draw(1000);
  seen.on(
    "count",
    () => {
      throw new Error("from a listener");
    },
    { at: "shown" },
  );
  bell.rung(1);
  bell.count++;
  identity.destroy();
  await draw(200);
  expect(seen.log.map(({ what }) => what)).toEqual(["rung", "stopClient"]);
  expect(world.failures.map(String)).toEqual(["Error: from a listener"]);
});

test("without a tick rate all of it comes at once", async () => {
  const { bell, seen, world } = await open(0, overNetwork);
  const heard: number[] = [];
  seen.on("count", (now) => heard.push(now), { at: "shown" });
  bell.rung(1);
  bell.count++;
  await world.run(200);
  expect([seen.log.length, heard]).toEqual([1, [1]]);
});

test("without an interpolated member all of it comes at once, and nothing is shown late", async () => {
  const world = new ObjectWorld({ tickRate: 60, lag: { latencyMs: 50 }, prefabs: [AlarmPrefab] });
  await world.server.start();
  const end = await world.enter();
  const { identity, alarm } = world.objects.spawn(AlarmPrefab);
  await world.until(() => end.world.get(identity.netId) !== null);
  const seen = end.world.get(identity.netId)?.behaviours.alarm as InstanceType<typeof Alarm>;
  const heard: unknown[] = [];
  seen.on("place", (now) => heard.push(now), { at: "shown" });
  alarm.place = 5;
  alarm.rung(1);
  await world.run(200);
  end.world.update();
  expect([heard, seen.rings, seen.shown.place]).toEqual([[5], [1], 5]);
  expect([end.world.shownTick, end.world.metrics.shownDelayMs]).toEqual([null, 0]);
  expect([world.errors, world.failures]).toEqual([[], []]);
});

const nearest = interpolation<number>((from, to, part) => (part < 0.5 ? from : to));
const Step = networked(class Step extends NetworkBehaviour {}, {
  place: [float32, { delivery: "latest", interpolate: nearest }],
});
const StepPrefab: Prefab<{ step: typeof Step }> = definePrefab("step", { step: Step });

test("an interpolation of one's own says what is shown", async () => {
  const world = new ObjectWorld({ tickRate: 60, lag: { latencyMs: 50 }, prefabs: [StepPrefab] });
  await world.server.start();
  const end = await world.enter();
  const { identity, step } = world.objects.spawn(StepPrefab);
  world.server.on("ticked", (tick) => {
    step.place = tick;
  });
  await world.until(() => end.world.get(identity.netId) !== null);
  const seen = end.world.get(identity.netId)?.behaviours.step as InstanceType<typeof Step>;
  const parts: number[] = [];
  for (let passed = 0; passed < 1000; passed += 5) {
    await world.run(5);
    end.world.update();
    const { shownTick } = end.world;
    if (passed < 300 || shownTick === null) continue;
    expect(seen.shown.place).toBe(Math.floor(shownTick) + (shownTick % 1 < 0.5 ? 0 : 1));
    parts.push(shownTick % 1);
  }
  expect(parts.some((part) => part > 0.1 && part < 0.5) && parts.some((part) => part > 0.5)).toBe(true);
  expect(() => interpolation(true as never)).toThrow("between must be a function");
});

test("wrong options, and members that are not known as they are shown, are refused", () => {
  const bell = new Bell();
  expect(() => bell.on("count", () => {}, { at: "drawn" as never })).toThrow(RangeError);
  expect(() => new Shop().on("shelves", () => {}, { at: "shown" })).toThrow("shelves is no variable");
  const late = { at: "late" as never };
  expect(() =>
    networked(
      class One extends NetworkBehaviour {
        rung(_x: number) {}
      },
      {},
      { rung: clientRpc([float32], late) },
    ),
  ).toThrow("at must be");
});

test("of too many that wait the oldest comes at once", () => {
  const queue = new ShownQueue();
  const ran: number[] = [];
  for (let index = 0; index < 4097; index++) queue.add(index, queue, () => ran.push(index));
  expect(ran).toEqual([0]);
  queue.update(2.5);
  expect(ran).toEqual([0, 1, 2]);
  queue.gone({});
  expect(ran.length).toBe(3);
  queue.gone(queue);
  expect(ran.length).toBe(4097);
});

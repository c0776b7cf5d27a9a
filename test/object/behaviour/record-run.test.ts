import { describe, expect, test } from "vitest";
import { BEGINS_SET, NO_RECORD, type RecordForm, RecordRun, ROW } from "../../../lib/object/behaviour/record-run.js";
import { seededRandom } from "../../../lib/random.js";
import { libraries } from "./libraries.js";

/** Objects with such numbers cannot be written in a run. */
const LARGE = 50_000;

describe.each(libraries)("%s", (way, library) => {
  const { bool, float32, i8, memberValues, NetworkBehaviour, networked, NetworkWriter } = library;
  const { quantized, runFunctionsOf, string, struct, u16, u32, vec2 } = library;
  const random = seededRandom(7);
  const whole = (below: number) => Math.floor(random() * below);
  const latest = { delivery: "latest" } as const;
  const metres = quantized({ max: 100, precision: 0.1 });

  const Numbers = networked(class Numbers extends NetworkBehaviour {}, {
    height: [float32, latest],
    isOn: [bool, latest],
    level: u16,
    part: [struct({ kind: i8, count: u32, isHot: bool }), latest],
    position: [vec2(metres), latest],
    seed: [u32, latest],
  });
  const Named = networked(class Named extends NetworkBehaviour {}, { level: [u16, latest], name: [string(8), latest] });

  function change(body: InstanceType<typeof Numbers>) {
    if (random() < 0.5) body.height = 1000 * random() - 500;
    if (random() < 0.5) body.isOn = random() < 0.5;
    if (random() < 0.5) body.level = whole(65_536);
    if (random() < 0.5) body.part = { kind: whole(256) - 128, count: whole(2 ** 32), isHot: random() < 0.5 };
    if (random() < 0.5) body.position.x = 200 * random() - 100;
    if (random() < 0.5) body.seed = whole(2 ** 32);
  }

  /** A start of up to 20 bits, which tells one from another. */
  const form: RecordForm = {
    startBits: (before, item) => (item >= LARGE ? 0 : item === before + 1 ? 3 : 20),
    start: (before, item) => (item === before + 1 ? 5 : item),
    zeroBits: 1,
    maskBits: 6,
  };

  /** An object as it is in a world, of which all viewers get the same. */
  const plain = {
    item: 0,
    layout: null,
    viewers: null,
    specialCount: 0,
    teleportTick: null,
    isSpawned: true,
    isListed: true,
  };

  /** Settles the objects at a time and one by one, writes those with any changes both ways, and compares. */
  function compare(bodies: readonly InstanceType<typeof NetworkBehaviour>[], twins: typeof bodies) {
    const holders = bodies.map((body) => ({ ...plain, first: memberValues(body) }));
    const { definition } = (holders[0] as (typeof holders)[number]).first;
    const { latestMask, latestShift } = definition;
    const { settleAll, writeChain } = runFunctionsOf(definition);
    const count = bodies.length;
    const run = new RecordRun();
    run.reset(count);
    run.objects = holders;
    const half = whole(count + 1);
    settleAll(run, 0, half);
    settleAll(run, half, count);
    // In any order, in sets, some of another kind, some with large numbers.
    const order = bodies.map((_, change) => change).sort(() => random() - 0.5);
    let item = 0;
    for (const [index, change] of order.entries()) {
      item = random() < 0.1 ? LARGE + index : random() < 0.5 && item < LARGE ? item + 1 : whole(LARGE);
      run.items[change] = item;
      run.kinds[change] = (random() < 0.1 ? 8 : 16) | (index === 0 || random() < 0.2 ? BEGINS_SET : 0);
      run.next[change] = order[index + 1] ?? -1;
    }
    const expected = new NetworkWriter({ sizeBytes: 1 });
    const written = new NetworkWriter({ sizeBytes: 1 });
    const bits = whole(40);
    for (let bit = 0; bit < bits; bit++) for (const writer of [expected, written]) writer.writeBits(bit % 3, 1);
    const rows: number[] = [];
    const starts: number[] = [];
    const setStarts: number[] = [];
    let before = NO_RECORD;
    let change = order[0] as number;
    for (let place = 0; place < count; ) {
      const kind = run.kinds[change] as number;
      const limit = Math.min(place + 1 + whole(9), count);
      const end = writeChain(written, run, form, change, place, limit);
      for (; place < end; place++) {
        const twin = memberValues(twins[change] as (typeof twins)[number]);
        const flags = run.kinds[change] as number;
        expect(flags | BEGINS_SET).toBe(kind | BEGINS_SET);
        if (flags & BEGINS_SET) {
          before = NO_RECORD;
          setStarts.push(place);
        }
        const mask = twin.settle(latestMask);
        const members = mask >>> latestShift;
        const item = run.items[change] as number;
        const startBits = form.startBits(before, item);
        rows.push(item, members, members, startBits);
        starts.push(expected.bitLength);
        expected.writeBits(form.start(before, item), startBits);
        expected.writeBits(members << 1, 7);
        twin.write(expected, mask);
        before = item;
        change = run.next[change] as number;
      }
      expect(run.change).toBe(change);
      if (end === limit) continue;
      // The next one is of another kind, or its number is large. It is left out here.
      const ended = run.kinds[change] as number;
      const isLarge = (run.items[change] as number) >= LARGE;
      expect(isLarge || (ended | BEGINS_SET) !== (kind | BEGINS_SET)).toBe(true);
      if (!isLarge) continue;
      memberValues(twins[change] as (typeof twins)[number]).settle(latestMask);
      before = run.before = NO_RECORD;
      change = run.next[change] as number;
      for (const list of [starts, rows, rows, rows, rows]) list.push(-1);
      run.starts[place] = -1;
      run.rows.fill(-1, place * ROW, ++place * ROW);
    }
    for (const writer of [expected, written]) writer.writeBits(5, 3);
    expect([...run.rows.subarray(0, count * ROW)]).toEqual(rows);
    expect([...run.starts.subarray(0, count)]).toEqual(starts);
    expect([...run.setStarts.subarray(0, run.setCount)]).toEqual(setStarts);
    expect(written.bitLength).toBe(expected.bitLength);
    expect(written.toBytes()).toEqual(expected.toBytes());
    // What is not due is still there.
    for (const [index, { first }] of holders.entries()) {
      expect(first.settle()).toBe(memberValues(twins[index] as (typeof twins)[number]).settle());
    }
  }

  test("objects with the same viewers are settled and written at once, up to one that is not plain", () => {
    const [layout, viewers] = [{}, {}];
    const [bodies, twins] = [0, 1].map(() => Array.from({ length: 20 }, () => new Numbers())) as [Numbers[], Numbers[]];
    const { definition } = memberValues(new Numbers());
    const { latestMask, latestShift, members } = definition;
    const { writeRun } = runFunctionsOf(definition);
    const level = members.find(({ name }) => name === "level")?.bit ?? 0;
    const seen = new Set<string>();
    const unlike = [
      ["layout", {}],
      ["viewers", {}],
      ["specialCount", 1],
      ["teleportTick", 7],
      ["isSpawned", false],
      ["item", LARGE],
    ] as const;
    for (let round = 0; round < 300; round++) {
      const first = whole(3);
      const holders = bodies.map((body, index) => ({
        ...{ ...plain, layout, viewers, first: memberValues(body) },
        item: index < 10 ? index : 7 * index,
      }));
      const [end, [name, value]] = [whole(21), unlike[whole(unlike.length)] as (typeof unlike)[number]];
      for (const [index, body] of bodies.entries()) {
        const twin = twins[index] as Numbers;
        // Nothing has changed of some: they have no record.
        if (random() < 0.8) change(body);
        if (index !== end) memberValues(body).settle(level);
        const { height, isOn, level: now, part, position, seed } = body;
        Object.assign(twin, { height, isOn, level: now, part, position, seed });
        memberValues(twin).settle(level);
        if (index !== end) continue;
        if (memberValues(body).hasChanged(level)) seen.add("ordered");
        else {
          Object.assign(holders[index] as object, { [name]: value });
          seen.add(name);
        }
      }
      const run = new RecordRun();
      run.reset(20);
      Object.assign(run, { objects: holders, layout, viewers });
      const [written, expected] = [new NetworkWriter({ sizeBytes: 1 }), new NetworkWriter({ sizeBytes: 1 })];
      for (const writer of [written, expected]) writer.writeBits(1, first);
      const half = whole(end + 1);
      let stopped = writeRun(written, run, form, 0, half);
      if (way === "loops") {
        expect([stopped, run.place]).toEqual([0, 0]);
        return;
      }
      expect(stopped).toBe(half);
      stopped = writeRun(written, run, form, half, 20);
      expect(stopped).toBe(end);
      const rows: number[] = [];
      const starts: number[] = [];
      let before = NO_RECORD;
      for (let index = 0; index < end; index++) {
        const { item, isListed } = holders[index] as (typeof holders)[number];
        const twin = memberValues(twins[index] as Numbers);
        const mask = twin.settle(latestMask);
        const shown = mask >>> latestShift;
        expect([run.masks[index], isListed]).toEqual([shown, false]);
        if (mask === 0) continue;
        rows.push(item, shown, shown, form.startBits(before, item));
        starts.push(expected.bitLength);
        expected.writeBits(form.start(before, item), form.startBits(before, item));
        expected.writeBits(shown << 1, 7);
        twin.write(expected, mask);
        before = item;
      }
      expect(run.place).toBe(starts.length);
      expect(run.before).toBe(before);
      expect([...run.rows.subarray(0, rows.length)]).toEqual(rows);
      expect([...run.starts.subarray(0, starts.length)]).toEqual(starts);
      expect(written.bitLength).toBe(expected.bitLength);
      expect(written.toBytes()).toEqual(expected.toBytes());
      // The others have changed as before, and are still listed.
      for (let index = end; index < 20; index++) {
        expect(holders[index]?.isListed).toBe(true);
        const [body, twin] = [bodies[index], twins[index]].map((each) => memberValues(each as Numbers));
        expect((body?.settle() ?? 0) & ~level).toBe(twin?.settle());
      }
    }
    expect([...seen].sort()).toEqual([...unlike.map(([name]) => name), "ordered"].sort());
  });

  test("records of many objects are those of each", () => {
    expect(runFunctionsOf(memberValues(new Numbers()).definition).integerCount).toBe(way === "loops" ? 0 : 7);
    const [bodies, twins] = [0, 1].map(() => Array.from({ length: 50 }, () => new Numbers())) as [Numbers[], Numbers[]];
    for (let round = 0; round < 30; round++) {
      for (const [index, body] of bodies.entries()) {
        change(body);
        const twin = twins[index] as Numbers;
        const { height, isOn, level, part, position, seed } = body;
        Object.assign(twin, { height, isOn, level, part, position, seed });
      }
      compare(bodies, twins);
    }
  });
  type Numbers = InstanceType<typeof Numbers>;

  test("also of those whose members are not all numbers", () => {
    const [bodies, twins] = [0, 1].map(() => Array.from({ length: 9 }, () => new Named())) as [Named[], Named[]];
    for (const [index, body] of bodies.entries()) {
      body.level = (twins[index] as Named).level = whole(9);
      body.name = (twins[index] as Named).name = "abc".slice(whole(3));
    }
    compare(bodies, twins);
  });
  type Named = InstanceType<typeof Named>;
});

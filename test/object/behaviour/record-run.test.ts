import { describe, expect, test } from "vitest";
import { RecordRun } from "../../../lib/object/behaviour/record-run.js";
import { seededRandom } from "../../../lib/random.js";
import { libraries } from "./libraries.js";

describe.each(libraries)("%s", (way, library) => {
  const { bool, float32, i8, memberValues, NetworkBehaviour, networked, NetworkWriter } = library;
  const { quantized, string, struct, u16, u32, vec2 } = library;
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

  /** Settles the objects at a time and one by one, writes those with any changes both ways, and compares. */
  function compare(bodies: readonly InstanceType<typeof NetworkBehaviour>[], twins: typeof bodies) {
    const holders = bodies.map((body) => ({ first: memberValues(body) }));
    const { definition } = (holders[0] as (typeof holders)[number]).first;
    const { Values, latestMask } = definition;
    const count = bodies.length;
    const masks = new Int32Array(count);
    const run = new RecordRun();
    run.objects = holders;
    run.reserve(count);
    run.integersAt = Int32Array.from({ length: count }, (_, index) => index * Values.integerCount);
    run.integers = new Int32Array(count * Values.integerCount);
    Values.settleAll(holders, 0, count, latestMask, masks, run.integers, 0);
    const expected = new NetworkWriter({ sizeBytes: 1 });
    const written = new NetworkWriter({ sizeBytes: 1 });
    const before = whole(40);
    for (let bit = 0; bit < before; bit++) for (const writer of [expected, written]) writer.writeBits(bit % 3, 1);
    const starts = bodies.map((_, place) => {
      const change = count - 1 - place;
      const twin = memberValues(twins[change] as (typeof twins)[number]);
      const mask = twin.settle(latestMask);
      expect(masks[change]).toBe(mask);
      const bits = whole(33);
      run.changes[place] = change;
      run.headBits[place] = bits;
      run.heads[place] = bits === 0 ? 0 : whole(2 ** 32) & (-1 >>> (32 - bits));
      run.members[place] = mask;
      const start = expected.bitLength;
      expected.writeBits(run.heads[place] as number, bits);
      twin.write(expected, mask);
      return start;
    });
    const middle = whole(count + 1);
    Values.writeAll(written, run, 0, middle);
    Values.writeAll(written, run, middle, count);
    for (const writer of [expected, written]) writer.writeBits(5, 3);
    expect([...run.starts.subarray(0, count)]).toEqual(starts);
    expect(written.bitLength).toBe(expected.bitLength);
    expect(written.toBytes()).toEqual(expected.toBytes());
    // What is not due is still there.
    for (const [index, { first }] of holders.entries()) {
      expect(first.settle()).toBe(memberValues(twins[index] as (typeof twins)[number]).settle());
    }
  }

  test("records of many objects are those of each", () => {
    expect(memberValues(new Numbers()).definition.Values.integerCount).toBe(way === "loops" ? 0 : 7);
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

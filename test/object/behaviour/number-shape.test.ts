import { describe, expect, test } from "vitest";
import { LoopedValues } from "../../../lib/object/behaviour/looped-values.js";
import { behaviourDefinition, NetworkBehaviour } from "../../../lib/object/behaviour/network-behaviour.js";
import { networked } from "../../../lib/object/behaviour/networked.js";
import { blend, type NumberShape, numberShape } from "../../../lib/object/behaviour/number-shape.js";
import { interpolation } from "../../../lib/object/define-interpolation.js";
import {
  angle,
  type Codec,
  float32,
  float64,
  quantized,
  quaternion,
  string,
  struct,
  type Vector2,
  vec2,
} from "../../../lib/serialization/index.js";

const shapeOf = <T>(codec: Codec<T>, options = {}) => numberShape(codec as Codec<unknown>, options);

test("numbers, and vectors, quaternions and structs of them have a shape", () => {
  expect(shapeOf(string(5))).toBe(null);
  expect(shapeOf(struct({ x: float32, name: string(5) }))).toBe(null);
  expect(shapeOf(float32)).toMatchObject({ columns: 1, names: null, periods: [0], isPlain: true });
  const aim = shapeOf(struct({ far: float32, turn: angle({ bits: 9, turn: 2 * Math.PI }) }));
  expect(aim).toMatchObject({ columns: 2, names: ["far", "turn"], periods: [0, 2 * Math.PI], isPlain: false });
  expect(shapeOf(quaternion())).toMatchObject({ columns: 4, isQuaternion: true, isPlain: false });
});

describe("blend", () => {
  const between = (shape: NumberShape | null, from: number[], to: number[], part: number) => {
    const target = new Float64Array(from.length);
    blend(shape as NumberShape, Float64Array.from(from), 0, Float64Array.from(to), 0, part, target, 0);
    return [...target];
  };

  test("goes on straight, and not at all beyond snap", () => {
    expect(between(shapeOf(vec2()), [0, 10], [10, 30], 0.25)).toEqual([2.5, 15]);
    expect(between(shapeOf(vec2(), { snap: 5 }), [0, 0], [3, 4], 0.5)).toEqual([1.5, 2]);
    expect(between(shapeOf(vec2(), { snap: 5 }), [0, 0], [3, 4.1], 0.5)).toEqual([0, 0]);
  });

  test("turns the short way, and stays in the range of the codec", () => {
    expect(between(shapeOf(angle({ bits: 16 })), [170], [-170], 0.75)).toEqual([-175]);
    const half = Math.SQRT1_2;
    const turned = between(shapeOf(quaternion()), [0, 0, 0, 1], [0, -1, 0, 0], 0.5);
    expect(turned.map((value) => Math.round(value * 1e6) / 1e6)).toEqual(
      [0, -half, 0, half].map((value) => Math.round(value * 1e6) / 1e6),
    );
    // A quaternion and its negative are the same rotation.
    expect(between(shapeOf(quaternion()), [0, 0, 0, 1], [0, 0, 0, -1], 0.5)).toEqual([0, 0, 0, 1]);
  });

  test("asks the application's function", () => {
    const steps = shapeOf(float32, {
      interpolate: interpolation<number>((from, to, part) => (part < 0.5 ? from : to)),
    });
    expect([0.4, 0.6].map((part) => between(steps, [1], [2], part)[0])).toEqual([1, 2]);
    const swap = shapeOf(vec2(), { interpolate: interpolation<Vector2>((from, to) => ({ x: to.y, y: from.x })) });
    expect(between(swap, [1, 2], [3, 4], 0.5)).toEqual([4, 1]);
  });
});

describe.each(["generated", "looped"])("the numbers of %s values", (kind) => {
  const Body = networked(class Body extends NetworkBehaviour {}, {
    height: quantized({ max: 100, precision: 0.5 }),
    far: float64,
    place: vec2(quantized({ max: 100, precision: 0.5 })),
    exact: vec2(float64),
    turn: quaternion(),
  });
  const definition = behaviourDefinition(Body);
  const values = () => (kind === "looped" ? new LoopedValues(definition) : new definition.Values(definition));
  const indexOf = (name: string) => definition.memberOf(name).index;

  test.each([
    ["height", [7.5], 7.5],
    ["far", [7.25], 7.25],
    ["place", [7.5, 8], { x: 7.5, y: 8 }],
    ["exact", [7.25, 8], { x: 7.25, y: 8 }],
    ["turn", [1, 0, 0, 0], { x: 1, y: 0, z: 0, w: 0 }],
  ])("are set and taken without a change: %s", (name, numbers, value) => {
    const of = values();
    const index = indexOf(name);
    of.setNumbers(index, Float64Array.from([0, ...numbers]), 1, true);
    const now = of.get(index);
    expect(typeof now === "object" ? { ...now } : now).toEqual(value);
    const target = new Float64Array(numbers.length + 2);
    of.getNumbers(index, target, 2);
    expect([...target]).toEqual([0, 0, ...numbers]);
    expect([of.isChanged, of.settle()]).toEqual([false, 0]);
  });

  test("may be other ones for a time, between two that can be written", () => {
    const of = values();
    const index = indexOf("place");
    of.setNumbers(index, Float64Array.from([0.123, 1e9]), 0, false);
    expect({ ...(of.get(index) as object) }).toEqual({ x: 0.123, y: 1e9 });
    of.setNumbers(index, Float64Array.from([1, 2]), 0, true);
    expect({ ...(of.get(index) as object) }).toEqual({ x: 1, y: 2 });
  });
});

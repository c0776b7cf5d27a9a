import { describe, expect, test } from "vitest";
import {
  array,
  bits,
  bool,
  bytes,
  bytesView,
  type Codec,
  decode,
  defineCodec,
  encode,
  enumeration,
  extensible,
  float32,
  map,
  NetworkReader,
  optional,
  packed,
  quantized,
  string,
  struct,
  tuple,
  u8,
  union,
  vec3,
} from "../../lib/serialization/index.js";

describe("equality", () => {
  test("is that of what is written", () => {
    const axis = quantized({ max: 10, precision: 0.5 });
    const codec = struct({ position: vec3(axis), tags: array(string(9), 9), seen: map(u8, axis, 9) });
    const value = (x: number, tag: string, seen: number) => ({
      position: { x, y: 0, z: 0 },
      tags: [tag],
      seen: new Map([[1, seen]]),
    });
    expect(codec.equals(value(1, "a", 2), value(1.1, "a", 2.05))).toBe(true);
    expect(codec.equals(value(1, "a", 2), value(1.9, "a", 2))).toBe(false);
    expect(codec.equals(value(1, "a", 2), value(1, "b", 2))).toBe(false);
    expect(codec.equals(value(1, "a", 2), value(1, "a", 3))).toBe(false);
  });

  test("of floats: what rounds to the same one, NaN with itself, but not 0 with -0", () => {
    expect(float32.equals(0.1, Math.fround(0.1))).toBe(true);
    expect(float32.equals(Number.NaN, Number.NaN)).toBe(true);
    expect(float32.equals(0, -0)).toBe(false);
  });

  test("of texts: halves of pairs are U+FFFD on the other side", () => {
    expect(string(9).equals("a\ud800", "a\ufffd")).toBe(true);
    expect(string(9).equals("a\ud800", "a\ud801")).toBe(true);
    expect(string(9).equals("a", "b")).toBe(false);
  });

  test("of optional and union values", () => {
    const maybe = optional(u8);
    expect([maybe.equals(undefined, undefined), maybe.equals(undefined, 0), maybe.equals(1, 1)]).toEqual([
      true,
      false,
      true,
    ]);
    const kinds = union("kind", { a: { x: u8 }, b: { x: u8 } });
    expect(kinds.equals({ kind: "a", x: 1 }, { kind: "a", x: 1 })).toBe(true);
    expect(kinds.equals({ kind: "a", x: 1 }, { kind: "b", x: 1 })).toBe(false);
    expect(kinds.equals({ kind: "a", x: 1 }, { kind: "a", x: 2 })).toBe(false);
  });
});

describe("a codec of one's own", () => {
  const date = defineCodec<Date>({
    layout: "date",
    write: (writer, value) => writer.writePacked(value.getTime()),
    read: (reader) => new Date(reader.readPacked()),
    default: () => new Date(0),
  });

  test("works within others, with what was left out derived", () => {
    const codec = struct({ at: date, more: array(date, 3) });
    const value = { at: new Date(1e12), more: [new Date(5)] };
    expect(decode(codec, encode(codec, value))).toEqual(value);
    expect([date.minBits, date.maxBits, date.borrowed]).toEqual([1, undefined, false]);
    expect(codec.maxBits).toBeUndefined();
    expect(date.equals(new Date(5), new Date(5))).toBe(true);
    expect(date.equals(new Date(5), new Date(6))).toBe(false);
  });

  test("counts the length when it compares bits", () => {
    const unary = defineCodec<number>({
      layout: "unary",
      write: (writer, value) => writer.writeBits(0, value),
      read: () => 0,
      default: () => 0,
    });
    expect(unary.equals(3, 4)).toBe(false);
    expect(unary.equals(4, 4)).toBe(true);
  });
});

describe("decoded values own their memory", () => {
  const codec = struct({ flag: bool, data: bytes(9), text: string(40) });
  test("but for views, which mark the codec and all that contain it", () => {
    const message = encode(codec, { flag: true, data: Uint8Array.of(1, 2), text: "t".repeat(40) });
    const read = decode(codec, message);
    message.fill(0);
    expect(read).toEqual({ flag: true, data: Uint8Array.of(1, 2), text: "t".repeat(40) });

    const view = encode(bytesView(9), Uint8Array.of(5));
    const borrowed = decode(bytesView(9), view);
    view.fill(0);
    expect([...borrowed]).toEqual([0]);
  });

  const view = bytesView(9);
  test.each<[string, Codec<never>, boolean]>(
    [
      ["view", view, true],
      ["struct", struct({ a: u8, b: view }), true],
      ["tuple", tuple(view), true],
      ["array", array(view, 2), true],
      ["map", map(u8, view, 2), true],
      ["optional", optional(view), true],
      ["union", union("kind", { a: {}, b: { view } }), true],
      ["extensible", extensible({}, { view }), true],
      ["nested", struct({ a: array(optional(tuple(u8, view)), 3) }), true],
      ["bytes", struct({ a: bytes(9) }), false],
    ].map(([name, each, borrowed]) => [name, each, borrowed] as [string, Codec<never>, boolean]),
  )("%s", (_, each, borrowed) => expect(each.borrowed).toBe(borrowed));
});

describe("reading into a target", () => {
  test("keeps the objects that are there", () => {
    const codec = struct({
      position: vec3(),
      items: array(struct({ id: u8 }), 9),
      kind: union("k", { a: { v: vec3() } }),
    });
    const target = codec.default();
    const [position, kind, items] = [target.position, target.kind, target.items];
    const value = {
      position: { x: 1, y: 2, z: 3 },
      items: [{ id: 1 }, { id: 2 }],
      kind: { k: "a" as const, v: { x: 1, y: 1, z: 1 } },
    };
    const read = (from: typeof value) => codec.readInto?.(new NetworkReader(encode(codec, from)), target);
    expect(read(value)).toBe(target);
    expect(target).toEqual(value);
    const [first] = items;
    read({ ...value, items: [{ id: 7 }] });
    expect([target.position, target.kind, target.items]).toEqual([position, kind, items]);
    expect(target.position).toBe(position);
    expect(target.kind).toBe(kind);
    expect(target.items).toBe(items);
    expect(items).toEqual([{ id: 7 }]);
    expect(items[0]).toBe(first);
  });
});

test("an enumeration takes the members of both kinds of TypeScript enum", () => {
  enum Team {
    Red = 1,
    Blue = -5,
  }
  const codec = enumeration(Team);
  expect(codec.layout).toBe("enumeration([1,-5])");
  expect([Team.Red, Team.Blue].map((team) => decode(codec, encode(codec, team)))).toEqual([1, -5]);
  expect(codec.default()).toBe(Team.Red);
});

describe("memory", () => {
  /** Heap bytes that one call leaves as garbage or keeps. */
  function heapBytes(call: () => unknown): number {
    const calls = 20_000;
    for (let warm = 0; warm < 5; warm++) for (let index = 0; index < calls; index++) call();
    let least = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 5; round++) {
      globalThis.gc?.();
      const before = process.memoryUsage().heapUsed;
      for (let index = 0; index < calls; index++) call();
      // A collection in between makes a round worthless.
      const used = (process.memoryUsage().heapUsed - before) / calls;
      if (used >= 0) least = Math.min(least, used);
    }
    return least;
  }

  const axis = quantized({ max: 100, precision: 0.01 });
  const reader = new NetworkReader();
  const kept: unknown[] = new Array(16);
  let next = 0;
  const keep = (object: unknown) => {
    kept[next++ & 15] = object;
  };

  test("decoding leaves the message object and nothing else", () => {
    const codec = struct({ sequence: packed, x: axis, y: axis, heading: bits(10), firing: bool });
    const message = encode(codec, { sequence: 1000, x: 1.25, y: -7.5, heading: 500, firing: true });
    const literal = heapBytes(() => keep({ sequence: next, x: next + 0.25, y: next - 0.5, heading: 5, firing: true }));
    const decoded = heapBytes(() => {
      reader.reset(message);
      keep(codec.read(reader));
    });
    expect(literal).toBeGreaterThan(64);
    expect(decoded).toBeLessThanOrEqual(literal * 1.1);
  });

  test("decoding into a target leaves nothing, but for the 16 bytes that V8 may spend on a fraction", () => {
    const codec = struct({ sequence: packed, nested: struct({ heading: bits(10), list: array(u8, 9) }), firing: bool });
    const message = encode(codec, { sequence: 1000, nested: { heading: 500, list: [1, 2, 3] }, firing: true });
    const target = codec.default();
    const whole = heapBytes(() => {
      reader.reset(message);
      codec.readInto?.(reader, target);
    });
    expect(whole).toBeLessThan(1);
    const position = vec3(axis);
    const fractions = encode(position, { x: 1.25, y: 1.5, z: 1.75 });
    const place = position.default();
    const boxed = heapBytes(() => {
      reader.reset(fractions);
      position.readInto?.(reader, place);
    });
    expect(boxed).toBeLessThan(3 * 16 + 1);
  });
});

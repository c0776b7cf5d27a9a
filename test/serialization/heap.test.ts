import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import type { Codec } from "../../lib/serialization/index.js";
import * as library from "../../lib/serialization/index.js";

const { array, bits, bool, bytes, bytesView, decode, encode, extensible, map, optional, packed } = library;
const { NetworkReader, NetworkWriter, ranged, set, string, struct, tuple, u8, union, vec2 } = library;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const BYTES = 20_000;
const ALLOWED = 2 ** 18 + 128 * BYTES;
const MAX = 2 ** 24;
const COUNT_BITS = 25;

/** A message of an array with as many elements as fit, of which each is the `element` of a codec. */
function arrayOf<T>(codec: Codec<T>, element: T, count: number): Uint8Array {
  const one = new NetworkWriter();
  codec.write(one, element);
  const writer = new NetworkWriter({ maxBytes: BYTES });
  const fitting = Math.min(count, Math.floor((BYTES * 8 - COUNT_BITS) / one.bitLength));
  writer.writeBits(fitting, COUNT_BITS);
  for (let index = 0; index < fitting; index++) writer.copyFrom(one, 0, one.bitLength);
  return Uint8Array.from({ ...writer.toBytes(), length: BYTES });
}

/** The elements that the message was allowed to have, and the memory that they took. */
function cost<T>(codec: Codec<T>, message: Uint8Array): { count: number; heapBytes: number } {
  const list = array(codec, MAX);
  collectGarbage();
  const before = process.memoryUsage();
  let value: T[] = [];
  try {
    value = list.read(new NetworkReader(message));
  } catch (error) {
    expect(error).toMatchObject({ code: "ERR_LIMIT", message: expect.stringContaining("memory") });
  }
  collectGarbage();
  const after = process.memoryUsage();
  const heapBytes = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  return { count: value.length, heapBytes };
}

const nothing = new Uint8Array(0);
const date = library.defineCodec<Date>({
  layout: "date",
  write: (writer) => writer.writeBits(0, 1),
  read: (reader) => new Date(reader.readBits(1)),
  default: () => new Date(0),
});
const sample = <T>(codec: Codec<T>, cheapest: T): [string, Codec<unknown>, unknown] => [
  codec.layout.slice(0, 60),
  codec as Codec<unknown>,
  cheapest,
];
const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`f${index}`, optional(u8)]));

/** What stands for the most memory with the fewest bits. */
const cheapest = [
  sample(bool, false),
  sample(packed, 0),
  sample(array(bool, 1), []),
  sample(array(array(bool, 1), 1), [[]]),
  sample(array(array(array(bool, 1), 1), 1), [[[]]]),
  sample(map(bool, bool, 1), new Map()),
  sample(map(bool, map(bool, bool, 1), 1), new Map([[false, new Map()]])),
  sample(set(bool, 1), new Set<boolean>()),
  sample(set(bool, 1), new Set([false])),
  sample(string(1), ""),
  sample(bytes(1), nothing),
  sample(bytesView(1), nothing),
  sample(optional(array(bool, 1)), undefined),
  sample(optional(array(bool, 1)), []),
  sample(optional(map(bool, bool, 1)), new Map()),
  sample(optional(optional(set(bool, 1))), new Set<boolean>()),
  sample(optional(struct({})), {}),
  sample(optional(struct({ nothing: struct({ inside: tuple() }) })), { nothing: { inside: [] } }),
  sample(struct({ a: bool, nothing: struct({}), list: tuple(ranged(1, 1), ranged(1, 1)) }), {
    a: false,
    nothing: {},
    list: [1, 1],
  }),
  sample(struct(many), {}),
  sample(tuple(bool, struct({})), [false, {}]),
  sample(union("kind", { a: {}, b: many }), { kind: "a" }),
  sample(union("kind", { a: {}, b: { list: map(bool, bool, 1) } }), { kind: "b", list: new Map() }),
  sample(extensible({}, { added: struct(many) }), { added: {} }),
  sample(vec2(bits(1)), { x: 0, y: 0 }),
  sample(date, new Date(0)),
] as const;

describe.each(cheapest)("%s", (_, codec, value) => {
  test("a message of nothing else takes no more memory than its bytes pay for", () => {
    const whole = cost(codec, arrayOf(codec, value, MAX));
    // The largest count that is allowed.
    let [low, high] = [whole.count, Math.min(MAX, BYTES * 8)];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      let isAllowed = true;
      try {
        array(codec, MAX).read(new NetworkReader(arrayOf(codec, value, middle)));
      } catch {
        isAllowed = false;
      }
      if (isAllowed) low = middle;
      else high = middle - 1;
    }
    const { heapBytes } = cost(codec, arrayOf(codec, value, low));
    expect(heapBytes).toBeLessThan(ALLOWED * 1.3);
  });
});

test("a collection of bits may fill a message, and 16,384 objects of two bits fit", () => {
  const flags = new Array(BYTES * 8).fill(true);
  const writer = new NetworkWriter({ maxBytes: 2 * BYTES });
  array(bool, MAX).write(writer, flags);
  expect(decode(array(bool, MAX), writer.toBytes())).toEqual(flags);
  const tiles = Array.from({ length: 16_384 }, (_, index) => ({ wall: index % 3 === 0, lit: true }));
  const codec = array(struct({ wall: bool, lit: bool }), 16_384);
  expect(decode(codec, encode(codec, tiles))).toEqual(tiles);
  const sparse = new Array(20_000).fill(undefined);
  const rare = array(optional(struct(many)), 20_000);
  expect(decode(rare, encode(rare, sparse))).toEqual(sparse);
});

test("collections outside of an array, and values that are reused, are charged as well", () => {
  const element = map(bool, bool, 1);
  const hostile = new Uint8Array(BYTES);
  for (const codec of [map(packed, element, MAX), set(element as Codec<unknown>, MAX), array(element, MAX)]) {
    const writer = new NetworkWriter();
    writer.writeBits((BYTES * 3) / 4, COUNT_BITS);
    const message = Uint8Array.from({ ...writer.toBytes(), length: hostile.length });
    const read = () => (codec as Codec<unknown>).read(new NetworkReader(message));
    const readInto = () => codec.readInto?.(new NetworkReader(message), codec.default() as never);
    expect(read).toThrow(expect.objectContaining({ code: "ERR_LIMIT" }));
    expect(readInto).toThrow(expect.objectContaining({ code: "ERR_LIMIT" }));
  }
});

test("a reader that is reset has the whole allowance again", () => {
  const reader = new NetworkReader();
  const codec = array(map(bool, bool, 1), MAX);
  const message = encode(codec, new Array(1000).fill(new Map()));
  for (let round = 0; round < 10; round++) {
    reader.reset(message);
    expect(codec.read(reader)).toHaveLength(1000);
  }
  const values = new Array(2000).fill(new Map());
  expect(() => decode(codec, encode(codec, values))).toThrow(expect.objectContaining({ code: "ERR_LIMIT" }));
});

import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { isArrayBuffer } from "../../lib/brands.js";
import { array, bytes, decode, encode, map, NetworkReader, set, struct, u8 } from "../../lib/serialization/index.js";

const codec = struct({ m: map(u8, u8, 3), s: set(u8, 3), b: bytes(4), l: array(u8, 4) });
const VALUES = "({ m: new Map([[1, 2]]), s: new Set([3]), b: Uint8Array.of(4), l: [5, 6] })";
const expected = { m: new Map([[1, 2]]), s: new Set([3]), b: Uint8Array.of(4), l: [5, 6] };

test("values of another realm (Jest, jsdom, an iframe) are written as those of this one", () => {
  expect(decode(codec, encode(codec, runInNewContext(VALUES)))).toEqual(expected);
});

test("bytes of another realm are read", () => {
  expect(new NetworkReader(runInNewContext("Uint8Array.of(7)")).readUint8()).toBe(7);
});

test("buffers of another realm are known, and nothing else", () => {
  expect(isArrayBuffer(runInNewContext("new ArrayBuffer(1)"))).toBe(true);
  expect([runInNewContext("Uint8Array.of(7)"), {}, null].map(isArrayBuffer)).toEqual([false, false, false]);
});

test("what a proxy stands for is written, and what only looks like a Map is not", () => {
  const proxy = new Proxy(new Map([[1, 2]]), {
    get: (target, key) => {
      const value = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  expect(decode(map(u8, u8, 3), encode(map(u8, u8, 3), proxy))).toEqual(new Map([[1, 2]]));
  expect(() => encode(map(u8, u8, 3), { size: 0 } as never)).toThrow(TypeError);
  expect(() => encode(bytes(3), { length: 0 } as never)).toThrow(TypeError);
  expect(() => encode(bytes(3), new DataView(new ArrayBuffer(1)) as never)).toThrow(TypeError);
});

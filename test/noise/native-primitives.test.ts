import { describe, expect, test, vi } from "vitest";
import { native } from "../../lib/addon/native.js";
import { TAG_SIZE_BYTES } from "../../lib/noise/index.js";
import { nativePrimitives } from "../../lib/noise/native-primitives.js";
import { nodePrimitives } from "../../lib/noise/node-primitives.js";

const key = new Uint8Array(32).fill(1);
const sealWith = (cipher: number) => native.sealAesGcm(cipher, 0, 0, new Uint8Array(40), 0, 4, 24);

test("the memory of a key goes with the key", async () => {
  const before = native.createAesGcm(key);
  nativePrimitives().aeadKey(key);
  expect(sealWith(before + 1)).toBe(24 + TAG_SIZE_BYTES);
  await vi.waitFor(() => {
    gc?.();
    expect(sealWith(before + 1)).toBe(-1);
  });
  expect(sealWith(before)).toBe(24 + TAG_SIZE_BYTES);
  native.destroyAesGcm(before);
});

test("keys that come and go are collected before they are many", async () => {
  const before = native.createAesGcm(key);
  const primitives = nativePrimitives();
  for (let count = 0; count < 100_000; count++) {
    primitives.aeadKey(key);
    if (count % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(sealWith(before + 1)).toBe(-1);
  native.destroyAesGcm(before);
});

describe("the addon's cipher", () => {
  test("is gone when it is destroyed, once", () => {
    const cipher = native.createAesGcm(key);
    expect([native.destroyAesGcm(cipher), native.destroyAesGcm(cipher)]).toEqual([true, false]);
    expect(sealWith(cipher)).toBe(-1);
    expect(native.openAesGcm(cipher, 0, 0, new Uint8Array(40), 0, 4, 40)).toBe(-1);
  });

  test("touches nothing but what lies within its buffer", () => {
    const cipher = native.createAesGcm(key);
    const buffer = new Uint8Array(40);
    for (const [start, headerBytes, end] of [
      [0, 4, 25],
      [0, 41, 24],
      [41, 0, 24],
      [2 ** 32 - 1, 2 ** 32 - 1, 24],
      [0, 0, 2 ** 31 - 1],
    ] as [number, number, number][]) {
      expect(() => native.sealAesGcm(cipher, 0, 0, buffer, start, headerBytes, end)).toThrow(RangeError);
      const open = () => native.openAesGcm(cipher, 0, 0, buffer, start, headerBytes, end + TAG_SIZE_BYTES);
      expect(open).toThrow(RangeError);
    }
    for (let end = 4; end < 20; end++) expect(native.openAesGcm(cipher, 0, 0, buffer, 0, 4, end)).toBe(-1);
    expect(buffer).toEqual(new Uint8Array(40));
    expect(() => native.createAesGcm(new Uint8Array(31))).toThrow(RangeError);
    native.destroyAesGcm(cipher);
  });
});

test("where the addon has no AES-GCM, node:crypto seals", () => {
  const create = vi.spyOn(native, "createAesGcm").mockReturnValue(0);
  const seal = (primitives = nativePrimitives()) => {
    const buffer = new Uint8Array(40);
    primitives.aeadKey(key).seal(1, 2, buffer, 0, 4, 24);
    return buffer;
  };
  const sealed = seal();
  expect(create).toHaveBeenCalled();
  create.mockRestore();
  expect(sealed).toEqual(seal(nodePrimitives()));
  expect(sealed).toEqual(seal());
});

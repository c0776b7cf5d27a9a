/// <reference path="../globals.ts" preserve="true" />
import { findAddon } from "../addon/load-addon.js";
import type { NativeAddon } from "../addon/native.js";
import { nodePrimitives } from "./node-primitives.js";
import type { AeadKey, NoisePrimitives } from "./primitives.js";

/**
 * The primitives of Noise, with AES-256-GCM from the addon, which seals and opens without allocating, and everything
 * else from `node:crypto`. The two ends may use different primitives. On a platform without a binary of the addon these
 * are `nodePrimitives()`.
 */
export function nativePrimitives(): NoisePrimitives {
  const portable = nodePrimitives();
  const addon = findAddon();
  if (!addon) return portable;
  return {
    ...portable,
    aeadKey: (key) => {
      const cipher = addon.createAesGcm(key);
      return cipher === 0 ? portable.aeadKey(key) : new NativeAeadKey(addon, cipher);
    },
  };
}

/** Nothing closes an {@link AeadKey}, so its memory in the addon is freed when it is collected. */
const collected = new FinalizationRegistry<{ addon: NativeAddon; cipher: number }>(({ addon, cipher }) => {
  addon.destroyAesGcm(cipher);
});

class NativeAeadKey implements AeadKey {
  readonly #addon: NativeAddon;
  readonly #cipher: number;

  constructor(addon: NativeAddon, cipher: number) {
    this.#addon = addon;
    this.#cipher = cipher;
    collected.register(this, { addon, cipher });
  }

  seal(low: number, high: number, buffer: Uint8Array, start: number, headerBytes: number, end: number): void {
    const sealedEnd = this.#addon.sealAesGcm(this.#cipher, low, high, buffer, start, headerBytes, end);
    // No known case makes the system refuse, but if it did, the packet would leave in the clear.
    if (sealedEnd < 0) throw new Error("AES-GCM failed");
  }

  open(low: number, high: number, buffer: Uint8Array, start: number, headerBytes: number, end: number): boolean {
    return this.#addon.openAesGcm(this.#cipher, low, high, buffer, start, headerBytes, end) >= 0;
  }
}

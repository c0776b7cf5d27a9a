/// <reference path="../globals.ts" preserve="true" />
import { findAddon } from "../addon/load-addon.js";
import type { NativeAddon } from "../addon/native.js";
import { nodePrimitives } from "./node-primitives.js";
import type { AeadKey, NoisePrimitives } from "./primitives.js";

/**
 * Noise's primitives with the AES-256-GCM of the addon, which seals and opens without taking heap, and all else from
 * `node:crypto`. Both ends need not have the same. Where there is no binary for the platform they are
 * `nodePrimitives()`.
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

/** An {@link AeadKey} has no end of its own: its memory in the addon goes with it. */
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

  seal(nonceLow: number, nonceHigh: number, buffer: Uint8Array, start: number, headerBytes: number, end: number): void {
    const sealedEnd = this.#addon.sealAesGcm(this.#cipher, nonceLow, nonceHigh, buffer, start, headerBytes, end);
    // Nothing known makes the system refuse, but then the packet would go out in the clear.
    if (sealedEnd < 0) throw new Error("AES-GCM failed");
  }

  open(
    nonceLow: number,
    nonceHigh: number,
    buffer: Uint8Array,
    start: number,
    headerBytes: number,
    end: number,
  ): boolean {
    return this.#addon.openAesGcm(this.#cipher, nonceLow, nonceHigh, buffer, start, headerBytes, end) >= 0;
  }
}

import { createCipheriv, createDecipheriv, createSecretKey } from "node:crypto";
import { describe, expect, test } from "vitest";
import { PacketOpener, PacketSealer, ReplayWindow, TAG_SIZE_BYTES } from "../../lib/noise/index.js";
import { nativePrimitives } from "../../lib/noise/native-primitives.js";
import { nodePrimitives } from "../../lib/noise/node-primitives.js";
import { bytesPerCall } from "../support/heap.js";
import { bytes } from "./handshake-pair.js";

const primitives = nodePrimitives();
const key = new Uint8Array(32).fill(1);
const header = bytes("header");

test.each([64, 1200])("packets of %i bytes take no heap with the addon", (sizeBytes) => {
  const native = nativePrimitives();
  const sealer = new PacketSealer(native, key);
  const opener = new PacketOpener(native, key);
  const packet = new Uint8Array(header.length + sizeBytes + TAG_SIZE_BYTES);
  const size = bytesPerCall((counter) => {
    sealer.seal(counter, packet, 0, header.length, header.length + sizeBytes);
    if (opener.open(counter, packet, 0, header.length, packet.length) < 0) throw new Error("not opened");
  });
  expect(size).toBeLessThan(8);
});

describe.each([64, 1200])("packets of %i bytes take no heap beside node:crypto's and their views", (sizeBytes) => {
  const end = header.length + sizeBytes;
  const packet = new Uint8Array(end + TAG_SIZE_BYTES);
  const nonce = new Uint8Array(12);
  const secret = createSecretKey(key);
  const options = { authTagLength: TAG_SIZE_BYTES };

  test("sealed", () => {
    const sealer = new PacketSealer(primitives, key);
    const ours = bytesPerCall((counter) => sealer.seal(counter, packet, 0, header.length, end));
    const bare = bytesPerCall(() => {
      const cipher = createCipheriv("aes-256-gcm", secret, nonce, options);
      cipher.setAAD(packet.subarray(0, header.length));
      packet.set(cipher.update(packet.subarray(header.length, end)), header.length);
      cipher.final();
      packet.set(cipher.getAuthTag(), end);
    });
    expect(ours).toBeLessThan(bare + 16);
  });

  test("opened", () => {
    new PacketSealer(primitives, key).seal(0, packet, 0, header.length, end);
    const opener = new PacketOpener(primitives, key);
    const sealed = new Uint8Array(packet);
    const tag = sealed.slice(end);
    const ours = bytesPerCall(() => {
      packet.set(sealed);
      if (opener.open(0, packet, 0, header.length, packet.length) < 0) throw new Error("not opened");
    });
    const bare = bytesPerCall(() => {
      const decipher = createDecipheriv("aes-256-gcm", secret, nonce, options);
      decipher.setAuthTag(tag);
      decipher.setAAD(sealed.subarray(0, header.length));
      packet.set(decipher.update(sealed.subarray(header.length, end)), header.length);
      decipher.final();
    });
    expect(ours).toBeLessThan(bare + 16);
  });
});

test("the replay window takes no heap", () => {
  const window = new ReplayWindow();
  const size = bytesPerCall((counter) => {
    if (window.isNew(counter)) window.mark(counter);
  });
  expect(size).toBeLessThan(4);
});

import { createCipheriv, createDecipheriv, createSecretKey } from "node:crypto";
import { describe, expect, test } from "vitest";
import { PacketOpener, PacketSealer, ReplayWindow, tagSizeBytes } from "../../lib/noise/index.js";
import { nodePrimitives } from "../../lib/noise/node-primitives.js";
import { bytesPerCall } from "../support/heap.js";
import { bytes } from "./handshake-pair.js";

const primitives = nodePrimitives();
const key = new Uint8Array(32).fill(1);
const header = bytes("header");

describe.each([64, 1200])("packets of %i bytes take no heap beside node:crypto's", (sizeBytes) => {
  const plaintext = new Uint8Array(sizeBytes);
  const sealed = new Uint8Array(sizeBytes + tagSizeBytes);
  const nonce = new Uint8Array(12);
  const secret = createSecretKey(key);
  const options = { authTagLength: tagSizeBytes };

  test("sealed", () => {
    const sealer = new PacketSealer(primitives, key);
    const ours = bytesPerCall((counter) => sealer.seal(counter, header, plaintext, sealed));
    const bare = bytesPerCall(() => {
      const cipher = createCipheriv("aes-256-gcm", secret, nonce, options);
      cipher.setAAD(header);
      sealed.set(cipher.update(plaintext));
      cipher.final();
      sealed.set(cipher.getAuthTag(), sizeBytes);
    });
    expect(ours).toBeLessThan(bare + 16);
  });

  test("opened", () => {
    new PacketSealer(primitives, key).seal(0, header, plaintext, sealed);
    const opener = new PacketOpener(primitives, key);
    const out = new Uint8Array(sizeBytes);
    const [body, tag] = [sealed.slice(0, sizeBytes), sealed.slice(sizeBytes)];
    const ours = bytesPerCall(() => {
      if (opener.open(0, header, sealed, out) < 0) throw new Error("not opened");
    });
    const bare = bytesPerCall(() => {
      const decipher = createDecipheriv("aes-256-gcm", secret, nonce, options);
      decipher.setAuthTag(tag);
      decipher.setAAD(header);
      out.set(decipher.update(body));
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

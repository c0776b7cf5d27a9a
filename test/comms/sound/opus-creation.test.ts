import { setImmediate as turn } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { opusCodec } from "../../../lib/comms/audio.js";

const opus = vi.hoisted(() => ({ fails: false }));
vi.mock("libopus-wasm", async (importOriginal) => {
  const original = await importOriginal<typeof import("libopus-wasm")>();
  const orFail = async <T>(create: () => Promise<T>) => {
    if (opus.fails) throw new Error("no memory");
    return create();
  };
  return {
    ...original,
    createEncoder: (...args: Parameters<typeof original.createEncoder>) =>
      orFail(() => original.createEncoder(...args)),
    createDecoder: (...args: Parameters<typeof original.createDecoder>) =>
      orFail(() => original.createDecoder(...args)),
  };
});

test("an encoder or decoder that cannot be made says so when it is used, and rejects in nobody's name", async () => {
  const { settings, createDecoder, createEncoder } = await opusCodec();
  opus.fails = true;
  const encoder = createEncoder();
  const decoder = createDecoder(settings.frameSize);
  const samples = new Float32Array(settings.frameSize);
  expect(encoder.encode(samples)).toHaveLength(0); // It has not come yet.
  await turn();
  const failed = expect.objectContaining({ code: "ERR_FAILED", cause: new Error("no memory") });
  expect(() => encoder.encode(samples)).toThrow(failed);
  encoder.expectLoss(0.5);
  expect(() => decoder.decode(new Uint8Array(3))).toThrow(failed);
  expect(() => decoder.recover?.(new Uint8Array(3))).toThrow(failed);
  expect(() => decoder.conceal()).toThrow(failed);
  encoder.close();
  decoder.close();
});

import { describe, expect, test } from "vitest";
import { seededRandom } from "../../lib/random.js";
import * as library from "../../lib/serialization/index.js";
import { type Codec, encode, NetworkReader, NetworkWriter } from "../../lib/serialization/index.js";
import { leaves } from "./samples.js";

const random = seededRandom(7);
const samples = leaves(library, random);
const withKernel = samples.filter(({ codec }) => codec.kernel);

const outcome = <T>(run: () => T): unknown => {
  try {
    return { value: run() };
  } catch (error) {
    return { name: (error as Error).name, message: (error as Error).message, code: (error as { code: string }).code };
  }
};

/** What the codec reads of these bits. */
function readBits(codec: Codec<unknown>, integer: number, bits: number): unknown {
  const writer = new NetworkWriter();
  writer.writeBits(integer, bits);
  return codec.read(new NetworkReader(writer.toBytes()));
}

test("all scalars of a fixed width up to 32 bits have one, and nothing else", () => {
  const names = (codecs: typeof samples) => codecs.map(({ codec }) => codec.layout).sort();
  const scalars = samples.filter(({ codec, value }) => {
    const fixed = codec.minBits === codec.maxBits && codec.minBits > 0 && codec.minBits <= 32;
    return fixed && typeof value() !== "object";
  });
  // A table of texts without room for others is read as a text.
  expect(names(withKernel)).toEqual(names(scalars).filter((name) => !name.startsWith("stringTable")));
});

describe.each(withKernel.map((sample) => [sample.codec.layout, sample] as const))("%s", (_, { codec, value }) => {
  const kernel = codec.kernel as NonNullable<typeof codec.kernel>;

  test("the integer is what is written", () => {
    expect(kernel.bits).toBe(codec.minBits);
    for (const each of Array.from({ length: 200 }, value)) {
      const integer = kernel.toInteger(each);
      expect(integer | 0).toBe(integer);
      const writer = new NetworkWriter();
      writer.writeBits(integer, kernel.bits);
      expect(writer.toBytes()).toEqual(encode(codec, each));
      if (kernel.bits < 32) expect(integer >>> kernel.bits).toBe(0);
      expect(kernel.fromInteger(integer)).toEqual(codec.read(new NetworkReader(encode(codec, each))));
      expect(kernel.toInteger(kernel.fromInteger(integer))).toBe(integer);
    }
  });

  test("of any bits it makes what is read of them, or the same error", () => {
    for (let turn = 0; turn < 200; turn++) {
      const integer = ((random() * 2 ** 32) | 0) & (-1 >>> (32 - kernel.bits));
      expect(outcome(() => kernel.fromInteger(integer))).toEqual(outcome(() => readBits(codec, integer, kernel.bits)));
    }
  });

  test("wrong values throw what writing them throws", () => {
    const wrong = [undefined, null, "5", {}, [], true, Number.NaN, 0.5, -1, 2 ** 33, -(2 ** 33), "blue"];
    for (const each of wrong) {
      const written = outcome(() => encode(codec, each)) as { message?: string };
      const integer = outcome(() => kernel.toInteger(each)) as { message?: string };
      expect(integer.message).toBe(written.message);
    }
    expect(() => kernel.toInteger(5n)).toThrow(TypeError);
  });
});

test("a struct names its fields", () => {
  const { x, y } = library.vec2(library.u8, library.float32).fields ?? {};
  expect([x, y]).toEqual([library.u8, library.float32]);
});

import { describe, expect, test } from "vitest";
import { seededRandom } from "../../lib/testing/index.js";
import { libraries } from "./libraries.js";
import { leaves, nested } from "./samples.js";

describe.each(libraries)("with %s", (_, library) => {
  const { NetworkReader, NetworkWriter, decode, encode } = library;

  test("reads what was written, for every codec, at every bit", () => {
    const random = seededRandom(1);
    for (let round = 0; round < 64; round++) {
      for (const { codec, value } of leaves(library, random)) {
        const writer = new NetworkWriter({ sizeBytes: 1 });
        const wanted = value();
        const offset = round % 8;
        writer.writeBits(0, offset);
        codec.write(writer, wanted);
        const written = writer.bitLength - offset;
        expect(written, codec.layout).toBeGreaterThanOrEqual(codec.minBits);
        expect(written, codec.layout).toBeLessThanOrEqual(codec.maxBits as number);
        const reader = new NetworkReader(writer.toBytes());
        reader.skip(offset);
        const read = codec.read(reader);
        expect(read, codec.layout).toEqual(wanted);
        expect(codec.equals(read, wanted), codec.layout).toBe(true);
        expect(reader.bitPosition).toBe(writer.bitLength);
        reader.finish();
      }
    }
  });

  test("reads what was written, for random nested types, and into a target that is there", () => {
    const random = seededRandom(2);
    for (let round = 0; round < 400; round++) {
      const { codec, value } = nested(library, random, 4);
      let target = codec.default();
      for (let repeat = 0; repeat < 3; repeat++) {
        const wanted = value();
        const bytes = encode(codec, wanted);
        const read = decode(codec, bytes);
        expect(read, codec.layout).toEqual(wanted);
        expect(codec.equals(read, wanted), codec.layout).toBe(true);
        expect(encode(codec, read), codec.layout).toEqual(bytes);
        expect(bytes.length * 8).toBeGreaterThanOrEqual(codec.minBits);
        expect(bytes.length * 8).toBeLessThanOrEqual((codec.maxBits as number) + 7);
        if (!codec.readInto) continue;
        target = codec.readInto(new NetworkReader(bytes), target);
        expect(target, codec.layout).toEqual(wanted);
      }
    }
  });

  test("values of different bits are not equal", () => {
    const random = seededRandom(3);
    let different = 0;
    for (let round = 0; round < 40; round++) {
      for (const { codec, value } of leaves(library, random)) {
        const [a, b] = [value(), value()];
        const same = Buffer.compare(encode(codec, a), encode(codec, b)) === 0;
        expect(codec.equals(a, b), `${codec.layout}: ${String(a)}, ${String(b)}`).toBe(same);
        if (!same) different++;
      }
    }
    expect(different).toBeGreaterThan(1000);
  });

  test("defaults can be written, and are new each time", () => {
    const random = seededRandom(4);
    for (let round = 0; round < 100; round++) {
      const { codec } = nested(library, random, 3);
      const first = codec.default();
      expect(decode(codec, encode(codec, first))).toEqual(first);
      if (typeof first === "object" && first !== null) expect(codec.default()).not.toBe(first);
    }
  });
});

test("both ways of structs give the same bytes", () => {
  const [[, generated], [, loops]] = libraries;
  const [randomA, randomB] = [seededRandom(5), seededRandom(5)];
  for (let round = 0; round < 200; round++) {
    const a = nested(generated, randomA, 3);
    const b = nested(loops, randomB, 3);
    expect(b.codec.layoutHash).toBe(a.codec.layoutHash);
    expect(loops.encode(b.codec, b.value())).toEqual(generated.encode(a.codec, a.value()));
  }
});

import type { Random } from "../../lib/random.js";
import type * as Serialization from "../../lib/serialization/index.js";
import type { Codec } from "../../lib/serialization/index.js";

type Library = typeof Serialization;

/** A codec and a source of values for it that are the same after writing and reading. */
export interface Sample {
  codec: Codec<unknown>;
  value: () => unknown;
}

/** One sample of each built-in codec but those that contain others. */
export function leaves(library: Library, random: Random): Sample[] {
  const whole = (min: number, max: number) => Math.floor(min + random() * (max - min + 1));
  const pick = <T>(values: readonly T[]) => values[whole(0, values.length - 1)] as T;
  const big = (bits: number) => {
    let value = 0n;
    for (let done = 0; done < bits; done += 16) value = (value << 16n) | BigInt(whole(0, 0xffff));
    return BigInt.asUintN(bits, value >> BigInt(whole(0, bits - 1)));
  };
  /** Small and large ones alike. */
  const spread = (max: number) => Math.floor(random() * 2 ** (random() * (Math.log2(max) + 0.01))) % (max + 1);
  const text = (max: number) =>
    Array.from({ length: whole(0, max) }, () => pick(["a", "Z", " ", "é", "漢", "😀", "\0", "\ufeff"])).join("");
  const block = (max: number) => Uint8Array.from({ length: whole(0, max) }, () => whole(0, 255));
  const throughCodec = (codec: Codec<number>, value: () => number): Sample => ({
    codec: codec as Codec<unknown>,
    value: () => library.decode(codec, library.encode(codec, value())),
  });
  const quaternion = library.quaternion(pick([9, 10] as const));
  const sample = <T>(codec: Codec<T>, value: () => T): Sample => ({ codec: codec as Codec<unknown>, value });
  return [
    sample(library.bool, () => random() < 0.5),
    sample(library.u8, () => whole(0, 0xff)),
    sample(library.u16, () => whole(0, 0xffff)),
    sample(library.u32, () => spread(2 ** 32 - 1)),
    sample(library.i8, () => whole(-128, 127)),
    sample(library.i16, () => whole(-32_768, 32_767)),
    sample(library.i32, () => whole(-(2 ** 31), 2 ** 31 - 1)),
    sample(library.u53, () => spread(Number.MAX_SAFE_INTEGER)),
    sample(library.i54, () => pick([-1, 1]) * spread(Number.MAX_SAFE_INTEGER) || 0),
    sample(library.u64, () => big(64)),
    sample(library.i64, () => BigInt.asIntN(64, big(64))),
    sample(library.packed, () => spread(Number.MAX_SAFE_INTEGER)),
    sample(library.packedSigned, () => pick([-1, 1]) * spread(2 ** 52 - 1) || 0),
    sample(library.packed64, () => big(64)),
    sample(library.bits(13), () => whole(0, 2 ** 13 - 1)),
    sample(library.bits(32), () => spread(2 ** 32 - 1)),
    sample(library.ranged(-7, 992), () => whole(-7, 992)),
    sample(library.ranged(5, 5), () => 5),
    sample(library.zigZag(11), () => whole(-1024, 1023)),
    sample(library.zigZag(32), () => whole(-(2 ** 31), 2 ** 31 - 1)),
    sample(library.blocks(whole(1, 32)), () => spread(2 ** 32 - 1)),
    sample(library.sized(4, 9, 20), () => spread(2 ** 20 - 1)),
    sample(library.float32, () => pick([Math.fround(random() * 1e6), -0, Number.NaN, Number.NEGATIVE_INFINITY])),
    sample(library.float64, () => pick([random() * 1e300, -0, Number.NaN, Number.POSITIVE_INFINITY])),
    throughCodec(library.quantized({ max: 100, precision: 0.01 }), () => random() * 220 - 110),
    throughCodec(library.quantized({ max: 1, bits: 7, signed: false }), random),
    throughCodec(library.angle({ bits: 10 }), () => random() * 2000 - 1000),
    throughCodec(library.angle({ turn: 2 * Math.PI, precision: 0.01 }), () => random() * 20 - 10),
    {
      codec: quaternion as Codec<unknown>,
      value: () => {
        const value = { x: random() - 0.5, y: random() - 0.5, z: random() - 0.5, w: random() - 0.5 };
        // Of two that are equal but for the rounding, either may be left out the second time.
        value[pick(["x", "y", "z", "w"] as const)] = pick([0.7, -0.7]);
        return library.decode(quaternion, library.encode(quaternion, value));
      },
    },
    sample(library.vec2(library.i8), () => ({ x: whole(-128, 127), y: whole(-128, 127) })),
    sample(library.vec3(), () => ({ x: Math.fround(random()), y: 0, z: -0 })),
    sample(library.string(400), () => text(pick([3, 20, 100]))),
    sample(library.stringTable(["orc", "elf"], 40), () => pick(["orc", "elf", text(8)])),
    sample(library.stringTable(["orc", "elf", "troll"]), () => pick(["orc", "elf", "troll"])),
    sample(library.bytes(70), () => block(70)),
    sample(library.bytesView(70), () => block(70)),
    sample(library.enumeration(["red", "green", 7]), () => pick(["red", "green", 7])),
  ];
}

/** A random codec of up to `depth` layers, and its values. */
export function nested(library: Library, random: Random, depth: number): Sample {
  const whole = (min: number, max: number) => Math.floor(min + random() * (max - min + 1));
  const leaf = () => {
    const all = leaves(library, random);
    return all[whole(0, all.length - 1)] as Sample;
  };
  if (depth === 0) return leaf();
  const inner = () => nested(library, random, whole(0, depth - 1));
  const list = <T>(make: () => T) => Array.from({ length: whole(0, 4) }, make);
  const fields = () => Object.fromEntries(list(inner).map((sample, index) => [`field ${index}`, sample]));
  const codecsOf = (samples: Record<string, Sample>) =>
    Object.fromEntries(Object.entries(samples).map(([name, { codec }]) => [name, codec]));
  const valuesOf = (samples: Record<string, Sample>) =>
    Object.fromEntries(Object.entries(samples).map(([name, { value }]) => [name, value()]));
  /** Collections refuse elements without bits, and keys have to be equal when they are the same. */
  const element = (from: () => Sample): Sample => {
    for (;;) {
      const sample = from();
      if (sample.codec.minBits > 0) return sample;
    }
  };
  const key = { codec: library.packed as Codec<unknown>, value: () => whole(0, 5000) };
  switch (whole(0, 7)) {
    case 0: {
      const { codec, value } = inner();
      return { codec: library.optional(codec), value: () => (random() < 0.3 ? undefined : value()) };
    }
    case 1: {
      const { codec, value } = element(inner);
      return { codec: library.array(codec, 9) as Codec<unknown>, value: () => list(value) };
    }
    case 2: {
      const { codec, value } = inner();
      const entries = () => list(() => [key.value(), value()] as const);
      return { codec: library.map(key.codec, codec, 9) as Codec<unknown>, value: () => new Map(entries()) };
    }
    case 3:
      return { codec: library.set(key.codec, 9) as Codec<unknown>, value: () => new Set(list(key.value)) };
    case 4: {
      const samples = list(inner);
      return {
        codec: library.tuple(...samples.map(({ codec }) => codec)) as Codec<unknown>,
        value: () => samples.map(({ value }) => value()),
      };
    }
    case 5: {
      const variants = { walk: fields(), rest: fields() };
      const codec = library.union("kind", { walk: codecsOf(variants.walk), rest: codecsOf(variants.rest) });
      return {
        codec: codec as Codec<unknown>,
        value: () => {
          const kind = random() < 0.5 ? "walk" : "rest";
          return { kind, ...valuesOf(variants[kind]) };
        },
      };
    }
    case 6: {
      const [base, added] = [fields(), { "added field": inner() }];
      const codec = library.extensible(codecsOf(base), codecsOf(added));
      return { codec: codec as Codec<unknown>, value: () => ({ ...valuesOf(base), ...valuesOf(added) }) };
    }
    default: {
      const samples = fields();
      return { codec: library.struct(codecsOf(samples)) as Codec<unknown>, value: () => valuesOf(samples) };
    }
  }
}

import { describe, expect, test } from "vitest";
import {
  angle,
  array,
  bits,
  blocks,
  bool,
  bytes,
  bytesView,
  type Codec,
  decode,
  encode,
  enumeration,
  extensible,
  float32,
  float64,
  i8,
  i54,
  i64,
  layoutHashOf,
  map,
  NetworkReader,
  NetworkWriter,
  optional,
  packed,
  packed64,
  packedSigned,
  quantized,
  quaternion,
  ranged,
  set,
  sized,
  string,
  stringTable,
  struct,
  tuple,
  u8,
  u16,
  u32,
  u53,
  u64,
  union,
  vec3,
  zigZag,
} from "../../lib/serialization/index.js";

/** One row: it makes sure that a row's value has its codec's type. */
const row = <T>(codec: Codec<T>, value: T, hex: string) => ({ codec: codec as Codec<unknown>, value, hex });
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

const rows = [
  row(packed, 0, "00"),
  row(packed, 240, "f0"),
  row(packed, 241, "f101"),
  row(packed, 2287, "f8ff"),
  row(packed, 2288, "f90000"),
  row(packed, 67_823, "f9ffff"),
  row(packed, 67_824, "faf00801"),
  row(packed, 0xffffff, "faffffff"),
  row(packed, 2 ** 24, "fb00000001"),
  row(packed, 2 ** 32 - 1, "fbffffffff"),
  row(packed, 2 ** 32, "fc0000000001"),
  row(packed, 2 ** 40, "fd000000000001"),
  row(packed, Number.MAX_SAFE_INTEGER, "feffffffffffff1f"),
  row(packed64, 240n, "f0"),
  row(packed64, 2n ** 63n, "ff0000000000000080"),
  row(packed64, 2n ** 64n - 1n, "ffffffffffffffffff"),
  row(packedSigned, -1, "01"),
  row(packedSigned, 120, "f0"),
  row(packedSigned, -121, "f101"),
  row(packedSigned, -(2 ** 52), "feffffffffffff1f"),
  row(zigZag(8), -1, "01"),
  row(zigZag(8), 1, "02"),
  row(zigZag(8), -2, "03"),
  row(zigZag(8), 2, "04"),
  row(zigZag(8), -128, "ff"),
  row(zigZag(32), -(2 ** 31), "ffffffff"),
  // 0 and 4 bits; 1 0 and 8 bits; 1 1 0 and 12 bits, each lowest first.
  row(blocks(4), 5, "0a"),
  row(blocks(4), 37, "9500"),
  row(blocks(4), 300, "6309"),
  row(blocks(32), 2 ** 32 - 1, "feffffff01"),
  row(blocks(5), 2 ** 32 - 1, "bfffffff7f00"),
  // Prefix 0, 01 with its high bit first, 11: v << 1, v << 2 | 1, v << 2 | 3.
  row(sized(4, 8), 9, "12"),
  row(sized(4, 8), 200, "2103"),
  row(sized(4, 8, 12), 4095, "ff3f"),
  row(quantized({ max: 100, precision: 0.1 }), 0, "0000"),
  row(quantized({ max: 100, precision: 0.1 }), 100, "ff03"),
  row(quantized({ max: 100, precision: 0.1 }), -100, "0104"),
  row(u16, 0x1234, "3412"),
  row(u32, 0x12345678, "78563412"),
  row(i8, -2, "fe"),
  row(u53, Number.MAX_SAFE_INTEGER, "ffffffffffff1f"),
  row(i54, -1, "ffffffffffff3f"),
  row(u64, 0x0102030405060708n, "0807060504030201"),
  row(i64, -2n, "feffffffffffffff"),
  row(float32, 1.5, "0000c03f"),
  row(float64, -1.5, "000000000000f8bf"),
  row(float32, -0, "00000080"),
  row(ranged(-3, 4), 4, "07"),
  row(bits(12), 0xabc, "bc0a"),
  row(tuple(bool, bits(3), u8, bool), [true, 5, 0xff, true], "fb1f"),
  row(string(255), "hi", "026869"),
  row(string(7), "hi", "424b03"),
  row(string(255), "é€😀", "09c3a9e282acf09f9880"),
  row(stringTable(["a", "b", "c"]), "c", "02"),
  row(bytes(255), Uint8Array.of(1, 2), "020102"),
  row(tuple(bool, bytesView(15)), [true, Uint8Array.of(0xaa)], "03aa"),
  row(optional(u8), undefined, "00"),
  row(optional(u8), 0xff, "ff01"),
  row(enumeration(["red", "green", "blue"]), "blue", "02"),
  row(array(u8, 255), [1, 2, 3], "03010203"),
  row(map(u8, bool, 255), new Map([[7, true]]), "010701"),
  row(set(u8, 255), new Set([9, 8]), "020908"),
  row(union("kind", { stop: {}, go: { to: u8 } }), { kind: "go", to: 0x55 }, "ab00"),
  row(extensible({ a: u8 }, { b: u8 }), { a: 1, b: 2 }, "1000102000"),
  row(quaternion(), { x: 0, y: 0, z: 0, w: 1 }, "00000000"),
  row(quaternion(), { x: 1, y: 0, z: 0, w: 0 }, "00000018"),
  row(vec3(i8), { x: 1, y: -1, z: 2 }, "01ff02"),
];

test.each(rows.map((each) => [each.codec.layout, each] as const))("%s", (_, { codec, value, hex }) => {
  expect(hexOf(encode(codec, value))).toBe(hex);
  const read = decode(codec, Buffer.from(hex, "hex"));
  expect(read).toEqual(value);
});

describe("numbers are cut to steps", () => {
  const coarse = quantized({ max: 100, precision: 0.1 });
  const steps = (value: number) => new NetworkReader(encode(coarse, value)).readBits(11);

  test("in 11 bits for ±100 by 0.1, the nearest of them", () => {
    expect([coarse.minBits, coarse.maxBits]).toEqual([11, 11]);
    expect([0, 1, -1, 100, -100, 50.05].map(steps)).toEqual([0, 10, 2038, 1023, 1025, 512]);
    expect([1e9, Number.POSITIVE_INFINITY, -1e9, Number.NEGATIVE_INFINITY].map(steps)).toEqual([
      1023, 1023, 1025, 1025,
    ]);
    // The one pattern that no number is written as.
    expect(coarse.read(new NetworkReader(Uint8Array.of(0, 4)))).toBe(-100);
  });

  test("halves go to the even step", () => {
    const whole = quantized({ max: 7, bits: 4 });
    const rounded = [0.5, 1.5, 2.5, 3.5, -0.5, -1.5, -2.5].map((value) => decode(whole, encode(whole, value)));
    expect(rounded.map((value) => Math.round(value) + 0)).toEqual([0, 2, 2, 4, 0, -2, -2]);
  });

  test("angles wrap", () => {
    const degrees = angle({ bits: 8 });
    const read = (value: number) => decode(degrees, encode(degrees, value));
    expect([0, 90, 180, -180, 270, 359.9, 360, 720 + 45, -1e6 * 360].map(read)).toEqual([
      0, 90, -180, -180, -90, 0, 0, 45, 0,
    ]);
    expect(degrees.equals(180, -180)).toBe(true);
    expect(degrees.equals(10, 10 + 360)).toBe(true);
    expect(degrees.equals(10, 12)).toBe(false);
    expect(angle({ precision: 0.1 }).maxBits).toBe(12);
  });

  test("rotations come back within the precision, whatever their length and sign", () => {
    for (const [bits, tolerance] of [
      [9, 0.004],
      [10, 0.002],
    ] as const) {
      const codec = quaternion(bits);
      for (const [x, y, z, w] of [
        [0.5, 0.5, 0.5, 0.5],
        [-0.1, 0.7, 0.2, -0.68],
        [3, 0, -4, 1],
      ] as const) {
        const length = Math.hypot(x, y, z, w);
        const read = decode(codec, encode(codec, { x, y, z, w }));
        const dot = (read.x * x + read.y * y + read.z * z + read.w * w) / length;
        expect(Math.abs(dot)).toBeGreaterThan(1 - tolerance ** 2);
        expect(codec.equals({ x, y, z, w }, { x: -x, y: -y, z: -z, w: -w })).toBe(true);
      }
      expect(decode(codec, encode(codec, { x: 0, y: 0, z: 0, w: 0 }))).toEqual({ x: 0, y: 0, z: 0, w: 1 });
    }
  });
});

describe("layouts", () => {
  // The published vectors of FNV-1a.
  test.each([
    ["", 0x811c9dc5],
    ["a", 0xe40c292c],
    ["foobar", 0xbf9cf968],
  ])("the hash of %j", (text, hash) => expect(layoutHashOf(text)).toBe(hash));

  const movement = struct({
    sequence: packed,
    position: vec3(quantized({ max: 100, precision: 0.01 })),
    mood: optional(enumeration(["calm", "angry"])),
  });

  test("name kinds, parameters and fields in their order", () => {
    const axis = "quantized(100,15)";
    expect(movement.layout).toBe(
      `struct{"sequence":packed,"position":struct{"x":${axis},"y":${axis},"z":${axis}},` +
        `"mood":optional(enumeration(["calm","angry"]))}`,
    );
    expect(movement.layoutHash).toBe(484_586_317);
  });

  test("differ wherever the bytes would", () => {
    const layouts = [
      struct({ a: u8, b: u16 }),
      struct({ b: u16, a: u8 }),
      struct({ a: u8, c: u16 }),
      struct({ a: u8, b: u32 }),
      extensible({ a: u8, b: u16 }),
      tuple(u8, u16),
      array(u8, 3),
      array(u8, 4),
      set(u8, 4),
      string(4),
      bytes(4),
      bytesView(4),
      ranged(0, 3),
      ranged(1, 4),
      quantized({ max: 1, bits: 8 }),
      quantized({ max: 1, bits: 8, signed: false }),
      enumeration(["a", "b"]),
      enumeration(["b", "a"]),
      stringTable(["a", "b"]),
      union("a", { b: {} }),
      union("b", { a: {} }),
    ];
    expect(new Set(layouts.map(({ layoutHash }) => layoutHash)).size).toBe(layouts.length);
  });

  test("of an extensible struct leave out what was added", () => {
    expect(extensible({ a: u8 }, { b: u16 }).layoutHash).toBe(extensible({ a: u8 }).layoutHash);
  });
});

test("an extensible struct is read by older and newer programs", () => {
  const old = extensible({ id: u8 });
  const middle = extensible({ id: u8 }, { name: string(20) });
  const current = extensible({ id: u8 }, { name: string(20), color: optional(vec3(u8)) });
  const full = { id: 1, name: "orc", color: { x: 1, y: 2, z: 3 } };
  const tail = (codec: Codec<never>) => tuple(codec, u8);
  const bytes = encode(tail(current as Codec<never>), [full as never, 77]);
  expect(decode(tail(old as Codec<never>), bytes)).toEqual([{ id: 1 }, 77]);
  expect(decode(tail(middle as Codec<never>), bytes)).toEqual([{ id: 1, name: "orc" }, 77]);
  expect(decode(current, encode(old, { id: 5 }))).toEqual({ id: 5, name: "", color: undefined });
  expect(decode(current, encode(middle, { id: 5, name: "elf" }))).toEqual({ id: 5, name: "elf", color: undefined });
});

test("a writer's bits are those that the golden rows show, wherever it starts", () => {
  const writer = new NetworkWriter();
  writer.writeBits(0b101, 3);
  writer.writeBits(-1, 32);
  writer.align();
  writer.writeUint8(0x80);
  expect(hexOf(writer.toBytes())).toBe("fdffffff0780");
});

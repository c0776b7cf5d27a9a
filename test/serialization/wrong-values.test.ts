import { describe, expect, test } from "vitest";
import type { Codec } from "../../lib/serialization/index.js";
import { libraries } from "./libraries.js";

function errorOf(action: () => unknown): Error & { field?: string } {
  try {
    action();
  } catch (error) {
    return error as Error;
  }
  throw new Error("it did not throw");
}

describe.each(libraries)("with %s", (_, library) => {
  const { encode, struct } = library;

  const wrong: [Codec<never>, unknown, typeof Error][] = [
    [library.bool, 1, TypeError],
    [library.bool, undefined, TypeError],
    [library.u8, 256, RangeError],
    [library.u8, -1, RangeError],
    [library.u8, 1.5, RangeError],
    [library.u8, Number.NaN, RangeError],
    [library.u8, "1", TypeError],
    [library.u8, undefined, TypeError],
    [library.u8, 1n, TypeError],
    [library.u8, Symbol("1"), TypeError],
    [library.u16, 65_536, RangeError],
    [library.u32, 2 ** 32, RangeError],
    [library.u32, -1, RangeError],
    [library.i8, 128, RangeError],
    [library.i16, -32_769, RangeError],
    [library.i32, 2 ** 31, RangeError],
    [library.u53, 2 ** 53, RangeError],
    [library.u53, -1, RangeError],
    [library.i54, -(2 ** 53), RangeError],
    [library.i54, "1", TypeError],
    [library.u64, -1n, RangeError],
    [library.u64, 2n ** 64n, RangeError],
    [library.u64, 1, TypeError],
    [library.i64, 2n ** 63n, RangeError],
    [library.packed, -1, RangeError],
    [library.packed, 2 ** 53, RangeError],
    [library.packed, Number.POSITIVE_INFINITY, RangeError],
    [library.packedSigned, 2 ** 52, RangeError],
    [library.packedSigned, 0.5, RangeError],
    [library.packed64, 2n ** 64n, RangeError],
    [library.packed64, 5, TypeError],
    [library.bits(4), 16, RangeError],
    [library.ranged(10, 20), 9, RangeError],
    [library.ranged(10, 20), 21, RangeError],
    [library.ranged(10, 20), "12", TypeError],
    [library.zigZag(4), 8, RangeError],
    [library.zigZag(4), -9, RangeError],
    [library.blocks(4), -1, RangeError],
    [library.sized(2, 4, 6), 64, RangeError],
    [library.float32, "1", TypeError],
    [library.float64, null, TypeError],
    [library.quantized({ max: 1, bits: 4 }), Number.NaN, RangeError],
    [library.quantized({ max: 1, bits: 4 }), "0", TypeError],
    [library.angle({ bits: 4 }), Number.POSITIVE_INFINITY, RangeError],
    [library.quaternion(), { x: Number.NaN, y: 0, z: 0, w: 1 }, RangeError],
    [library.quaternion(), null, TypeError],
    [library.vec3(), undefined, TypeError],
    [library.string(4), "12345", RangeError],
    [library.string(4), "é€", RangeError],
    [library.string(4), "a".repeat(600_000), RangeError],
    [library.string(4), 5, TypeError],
    [library.stringTable(["a"]), "b", RangeError],
    [library.bytes(2), new Uint8Array(3), RangeError],
    [library.bytes(2), [1, 2], TypeError],
    [library.bytesView(2), "ab", TypeError],
    [library.optional(library.u8), null, TypeError],
    [library.enumeration(["a", "b"]), "c", RangeError],
    [library.enumeration(["a", "b"]), 0, TypeError],
    [library.array(library.u8, 2), [1, 2, 3], RangeError],
    [library.array(library.u8, 2), "ab", TypeError],
    [library.map(library.u8, library.u8, 2), {}, TypeError],
    [library.set(library.u8, 1), new Set([1, 2]), RangeError],
    [library.tuple(library.u8), [1, 2], RangeError],
    [library.tuple(library.u8), { 0: 1 }, TypeError],
    [library.union("kind", { a: {} }), {}, TypeError],
    [library.union("kind", { a: {} }), { kind: "b" }, RangeError],
    [struct({ a: library.u8 }), 5, TypeError],
    [library.extensible({ a: library.u8 }), null, TypeError],
  ] as unknown as [Codec<never>, unknown, typeof Error][];

  test.each(
    wrong.map(([codec, value, type]) => [codec.layout, String(value).slice(0, 20), type, codec, value] as const),
  )("%s refuses %s and names the field", (_layout, _text, type, codec, value) => {
    const error = errorOf(() => encode(struct({ before: library.u8, it: codec }), { before: 1, it: value as never }));
    expect(error).toBeInstanceOf(type);
    expect(error.field).toMatch(/^it/);
    expect(error.message.startsWith(`${error.field}: `)).toBe(true);
    expect(error.message.length).toBeGreaterThan((error.field as string).length + 8);
  });

  test("says what is missing: a codec's size, a codec, the fields of an object", () => {
    const { string, u8 } = library;
    expect(() => string(undefined as never)).toThrow("max: it is missing; it is a whole number from 0 to 16777216");
    expect(() => struct({ a: "string" as never })).toThrow('a: "string" is not a codec, such as string(100)');
    expect(() => struct({ a: string as never })).toThrow("a: a function is not a codec: call it, as in string(100)");
    const error = errorOf(() => encode(struct({ x: u8, y: u8 }), "5" as never));
    expect(error.message).toBe('"5" is not an object with x, y');
    const many = struct({ a: u8, b: u8, c: u8, d: u8, e: u8, f: u8 });
    expect(errorOf(() => encode(many, null as never)).message).toBe("null is not an object with a, b, c, d, e, …");
  });

  test("names the whole way to a wrong value, in the stack too", () => {
    const { array, extensible, map, packed, string, tuple, union, vec3, i8 } = library;
    const player = extensible({ name: string(9) }, { position: vec3(i8) });
    const codec = struct({ players: array(player, 9), by: map(packed, tuple(i8, i8), 9) });
    const good = { name: "a", position: { x: 1, y: 2, z: 3 } };
    const bad = { name: "b", position: { x: 1, y: 2, z: 300 } };
    const error = errorOf(() => encode(codec, { players: [good, bad], by: new Map() }));
    expect(error.message).toBe("players[1].position.z: 300 is not a whole number from -128 to 127");
    expect(error.stack?.split("\n")[0]).toBe(`${error.name}: ${error.message}`);
    const by = new Map([[5, [1, 200] as [number, number]]]);
    expect(errorOf(() => encode(codec, { players: [], by })).field).toBe("by[5][1]");
    const kinds = union("kind", { go: { to: i8 } });
    expect(errorOf(() => encode(kinds, { kind: "go", to: 999 })).field).toBe("to");
    expect(errorOf(() => encode(kinds, { kind: "no" } as never)).field).toBe("kind");
  });

  test("leaves other errors of a user's codec alone", () => {
    const own = new SyntaxError("mine");
    const codec = library.defineCodec<number>({
      layout: "own",
      write: () => {
        throw own;
      },
      read: () => 0,
      default: () => 0,
    });
    expect(errorOf(() => encode(struct({ a: codec }), { a: 1 }))).toBe(own);
    expect(own.message).toBe("mine");
  });

  test.each<[string, () => unknown, typeof Error]>([
    ["bits(0)", () => library.bits(0), RangeError],
    ["bits(33)", () => library.bits(33), RangeError],
    ["bits('3')", () => library.bits("3" as never), TypeError],
    ["ranged(5, 4)", () => library.ranged(5, 4), RangeError],
    ["ranged(0, 2^32)", () => library.ranged(0, 2 ** 32), RangeError],
    ["zigZag(33)", () => library.zigZag(33), RangeError],
    ["blocks(0)", () => library.blocks(0), RangeError],
    ["sized(4, 4)", () => library.sized(4, 4), RangeError],
    ["quantized by nothing", () => library.quantized({ max: 1 } as never), TypeError],
    ["quantized too finely", () => library.quantized({ max: 1, precision: 1e-12 }), RangeError],
    ["quantized to 0", () => library.quantized({ max: 0, bits: 8 }), RangeError],
    ["angle in 31 bits", () => library.angle({ bits: 31 }), RangeError],
    ["quaternion(8)", () => library.quaternion(8 as never), RangeError],
    ["string without a limit", () => (library.string as () => unknown)(), TypeError],
    ["array without a limit", () => library.array(library.u8, Number.POSITIVE_INFINITY), RangeError],
    ["an empty enumeration", () => library.enumeration([]), TypeError],
    ["an empty union", () => library.union("kind", {}), TypeError],
    ["a variant with the discriminator", () => library.union("kind", { a: { kind: library.u8 } }), TypeError],
    ["a text twice in a table", () => library.stringTable(["a", "a"]), TypeError],
    ["a field __proto__", () => struct({ ["__proto__"]: library.u8 }), TypeError],
    ["a field without a codec", () => struct({ a: undefined as never }), TypeError],
    ["a field added twice", () => library.extensible({ a: library.u8 }, { a: library.u8 }), TypeError],
    ["an item without a codec", () => library.tuple(library.u8, undefined as never), TypeError],
    ["a codec without a layout", () => library.defineCodec({} as never), TypeError],
  ])("%s is refused when it is defined", (_name, define, type) => {
    expect(errorOf(define)).toBeInstanceOf(type);
  });

  test("fields with odd names are just fields", () => {
    const names = ['a"b', "a'b", "`", "\u2028", "constructor", "toString", "1", "writer", "a\\"];
    const codec = struct(Object.fromEntries(names.map((name) => [name, library.u8])));
    const value = Object.fromEntries(names.map((name, index) => [name, index + 1]));
    expect(library.decode(codec, encode(codec, value))).toEqual(value);
    expect(errorOf(() => encode(codec, { ...value, 'a"b': -1 })).field).toBe('a"b');
  });
});

test("one library generates code, the other loops", () => {
  const generated = libraries.map(([, library]) => String(library.struct({ a: library.u8 }).read).includes("read0("));
  expect(generated).toEqual([true, false]);
});

import { describe, expect, test } from "vitest";
import { seededRandom } from "../../lib/testing/index.js";
import { libraries } from "./libraries.js";
import { leaves, nested } from "./samples.js";

const codes = ["ERR_END_OF_MESSAGE", "ERR_LIMIT", "ERR_BAD_VALUE", "ERR_TRAILING_BYTES"];

/** What reading throws, `undefined` for a value; anything but our errors is a failure. */
function codeOf(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    const { name, code } = error as { name: string; code: string };
    if (name !== "NetworkError" || !codes.includes(code)) throw error;
    return code;
  }
}

/** How many values, bytes and characters something holds. */
function sizeOf(value: unknown): number {
  if (typeof value === "string" || value instanceof Uint8Array) return value.length;
  if (value instanceof Map) return [...value].reduce((sum, entry) => sum + sizeOf(entry), 1);
  if (value instanceof Set || Array.isArray(value))
    return [...value].reduce((sum: number, each) => sum + sizeOf(each), 1);
  if (typeof value === "object" && value !== null) return sizeOf(Object.values(value));
  return 1;
}

describe.each(libraries)("with %s", (_, library) => {
  const { NetworkReader, decode, encode } = library;

  test("a message cut at any length gives a typed error", () => {
    const random = seededRandom(11);
    const found = new Set<string | undefined>();
    for (let round = 0; round < 300; round++) {
      const { codec, value } = nested(library, random, 3);
      const bytes = encode(codec, value());
      for (let length = 0; length < bytes.length; length++) {
        const code = codeOf(() => decode(codec, bytes.subarray(0, length)));
        found.add(code);
        expect(code, `${codec.layout} cut to ${length} of ${bytes.length}`).toBeDefined();
      }
    }
    expect(found).toContain("ERR_END_OF_MESSAGE");
  });

  test("a mutated message gives a typed error or a value that can be written, no larger than the message", () => {
    const random = seededRandom(12);
    const counts = new Map<string | undefined, number>();
    for (let round = 0; round < 3000; round++) {
      const { codec, value } = nested(library, random, 3);
      const bytes = encode(codec, value());
      const before = codec.default();
      for (let flips = 0; flips < 3 && bytes.length > 0; flips++) {
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      }
      let read: unknown;
      const code = codeOf(() => {
        read = decode(codec, bytes);
      });
      counts.set(code, (counts.get(code) ?? 0) + 1);
      if (code === undefined) {
        encode(codec, read);
        // Every value beyond those of the default takes a bit at least.
        expect(sizeOf(read), codec.layout).toBeLessThanOrEqual(bytes.length * 16 + 4 * sizeOf(before) + 40);
      }
      if (codec.readInto) codeOf(() => codec.readInto?.(new NetworkReader(bytes), codec.default()));
    }
    for (const code of [undefined, ...codes]) expect(counts.get(code), String(code)).toBeGreaterThan(10);
  });

  test("noise is read as something or refused, by every codec", () => {
    const random = seededRandom(13);
    for (let round = 0; round < 200; round++) {
      const noise = Uint8Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 256));
      for (const { codec } of leaves(library, random)) codeOf(() => decode(codec, noise));
    }
  });

  test("a count that the message cannot hold is refused before anything is allocated", () => {
    const { array, bits, bool, bytes, bytesView, map, packed, set, string, struct, u8 } = library;
    const max = 2 ** 24;
    let reads = 0;
    const counting = library.defineCodec({
      layout: "counting",
      write: () => {},
      read: () => reads++,
      default: () => 0,
    });
    const huge = [
      array(bool, max),
      array(counting, max),
      array(struct({ a: array(u8, max), b: bits(3) }), max),
      map(packed, bool, max),
      set(u8, max),
      string(max),
      bytes(max),
      bytesView(max),
    ];
    for (const codec of huge) {
      // 2^24 - 1 in 25 bits, and 15 bits more.
      const message = Uint8Array.of(0xff, 0xff, 0xff, 0, 0xff);
      expect(codeOf(() => decode<unknown>(codec, message))).toBe("ERR_END_OF_MESSAGE");
      message.fill(0xff);
      expect(codeOf(() => decode<unknown>(codec, message))).toBe("ERR_LIMIT");
    }
    expect(reads).toBe(0);
  });

  test("huge counts within huge counts stay within the message", () => {
    const { array, bool } = library;
    const codec = array(array(array(bool, 60_000), 60_000), 60_000);
    const message = new Uint8Array(1000).fill(0xaa);
    const before = process.memoryUsage().heapUsed;
    for (let round = 0; round < 100; round++) codeOf(() => decode(codec, message));
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(16 * 2 ** 20);
  });

  test("a collection refuses elements without bits when it is defined", () => {
    const { array, map, ranged, set, struct, tuple } = library;
    expect(() => array(struct({}), 10)).toThrow(TypeError);
    expect(() => array(tuple(ranged(1, 1)), 10)).toThrow(TypeError);
    expect(() => set(ranged(3, 3), 10)).toThrow(TypeError);
    expect(() => map(ranged(3, 3), struct({}), 10)).toThrow(TypeError);
  });

  test("an extensible struct reads neither outside of its section nor less than its own fields", () => {
    const { NetworkWriter, extensible, struct, u8, u16 } = library;
    const codec = struct({ inner: extensible({ a: u8 }, { b: u16 }), after: u8 });
    const withSection = (sectionBits: number) => {
      const writer = new NetworkWriter();
      writer.writeBits(sectionBits, 20);
      for (const byte of [1, 2, 3, 4, 5]) writer.writeUint8(byte);
      return codeOf(() => {
        const value = codec.read(new NetworkReader(writer.toBytes()));
        expect(value).toEqual({
          inner: { a: 1, b: sectionBits === 8 ? 0 : 0x0302 },
          after: sectionBits === 8 ? 2 : sectionBits === 24 ? 4 : 5,
        });
      });
    };
    for (const sectionBits of [8, 24, 32]) expect(withSection(sectionBits), `${sectionBits} bits`).toBeUndefined();
    for (const sectionBits of [0, 7, 9, 23, 40, 2 ** 20 - 1]) {
      expect(withSection(sectionBits), `${sectionBits} bits`).toBe("ERR_END_OF_MESSAGE");
    }
  });

  test("a hostile rotation is one all the same", () => {
    const random = seededRandom(14);
    for (const codec of [library.quaternion(9), library.quaternion(10)]) {
      for (let round = 0; round < 5000; round++) {
        const noise = Uint8Array.from({ length: 4 }, () => Math.floor(random() * 256));
        const { x, y, z, w } = codec.read(new NetworkReader(noise));
        expect(x * x + y * y + z * z + w * w).toBeCloseTo(1, 9);
      }
    }
  });
});

import { describe, expect, test } from "vitest";
import { NetworkReader, NetworkWriter, Pool } from "../../lib/serialization/index.js";
import { seededRandom } from "../../lib/testing/index.js";

const code = (value: string) => expect.objectContaining({ name: "NetworkError", code: value });
/** Bits of a writer, first one first. */
const bitsOf = (writer: NetworkWriter) =>
  Array.from(writer.toBytes(), (byte) => byte.toString(2).padStart(8, "0").split("").reverse().join(""))
    .join("")
    .slice(0, writer.bitLength);

describe("a writer", () => {
  test("grows up to its limit and refuses what is over it, unchanged", () => {
    const writer = new NetworkWriter({ sizeBytes: 1, maxBytes: 5 });
    for (let byte = 1; byte <= 4; byte++) writer.writeUint8(byte);
    writer.writeBits(1, 4);
    expect(() => writer.writeBits(0, 5)).toThrow(code("ERR_MESSAGE_SIZE"));
    expect(() => writer.writeBytes(new Uint8Array(9))).toThrow(code("ERR_MESSAGE_SIZE"));
    writer.writeBits(0xf, 4);
    expect([...writer.toBytes()]).toEqual([1, 2, 3, 4, 0xf1]);
    expect([writer.bitLength, writer.byteLength]).toEqual([40, 5]);
  });

  test("has a limit of 524,288 bytes unless told", () => {
    const writer = new NetworkWriter();
    writer.writeBytes(new Uint8Array(524_288));
    expect(() => writer.writeBoolean(true)).toThrow(code("ERR_MESSAGE_SIZE"));
  });

  test("leaves nothing of what was before a reset or a truncation", () => {
    const random = seededRandom(21);
    const writer = new NetworkWriter({ sizeBytes: 4 });
    let wanted = "";
    for (let round = 0; round < 5000; round++) {
      if (random() < 0.05) {
        writer.reset();
        wanted = "";
      } else if (random() < 0.2) {
        const length = Math.floor(random() * (wanted.length + 1));
        writer.truncate(length);
        wanted = wanted.slice(0, length);
      } else {
        const bits = Math.floor(random() * 33);
        const value = Math.floor(random() * 2 ** 32);
        // Only the low bits count.
        writer.writeBits(random() < 0.5 ? value : -value, bits);
        writer.truncate(wanted.length);
        writer.writeBits(value, bits);
        for (let bit = 0; bit < bits; bit++) wanted += (value / 2 ** bit) & 1;
      }
      expect(bitsOf(writer)).toBe(wanted);
    }
  });

  test("replaces bits where they are", () => {
    const random = seededRandom(22);
    const writer = new NetworkWriter();
    for (let word = 0; word < 5; word++) writer.writeBits(random() * 2 ** 32, 32);
    writer.writeBits(5, 3);
    for (let round = 0; round < 2000; round++) {
      const before = bitsOf(writer);
      const bits = Math.floor(random() * 33);
      const position = Math.floor(random() * (writer.bitLength - bits + 1));
      const value = Math.floor(random() * 2 ** bits);
      writer.writeBitsAt(position, value, bits);
      const after = new NetworkReader(writer.view());
      after.seek(position);
      expect(after.readBits(bits)).toBe(value);
      expect(bitsOf(writer).slice(0, position)).toBe(before.slice(0, position));
      expect(bitsOf(writer).slice(position + bits)).toBe(before.slice(position + bits));
    }
    expect(() => writer.writeBitsAt(writer.bitLength - 3, 0, 4)).toThrow(RangeError);
    expect(() => writer.writeBitsAt(-1, 0, 1)).toThrow(RangeError);
  });

  test("copies another writer's bits, and its own, from any bit to any bit", () => {
    const random = seededRandom(23);
    const source = new NetworkWriter();
    for (let word = 0; word < 40; word++) source.writeBits(random() * 2 ** 32, 32);
    source.writeBits(1, 1);
    for (let round = 0; round < 500; round++) {
      const from = Math.floor(random() * source.bitLength);
      const bits = Math.floor(random() * (source.bitLength - from + 1));
      const target = new NetworkWriter({ sizeBytes: 1 });
      const before = round % 3 === 0 ? -1 : Math.floor(random() * 512);
      target.writeBits(before, round % 9);
      const written = bitsOf(target);
      target.copyFrom(source, from, bits);
      target.copyFrom(target, 0, target.bitLength);
      const once = written + bitsOf(source).slice(from, from + bits);
      expect(bitsOf(target)).toBe(once + once);
    }
    expect(() => new NetworkWriter().copyFrom(source, source.bitLength, 1)).toThrow(RangeError);
    expect(() => new NetworkWriter().copyFrom(source, -1, 1)).toThrow(RangeError);
  });

  test("gives a view that ends with the next write, or bytes of its own", () => {
    const writer = new NetworkWriter({ sizeBytes: 8 });
    writer.writeUint8(1);
    const [view, bytes] = [writer.view(), writer.toBytes()];
    writer.reset();
    writer.writeUint8(2);
    expect([view[0], bytes[0]]).toEqual([2, 1]);
    expect(bytes.byteLength).toBe(1);
  });

  test("refuses a number of bits that is none", () => {
    for (const bits of [-1, 33, Number.NaN]) expect(() => new NetworkWriter().writeBits(0, bits)).toThrow(RangeError);
  });

  test("writes the same UTF-8 as the platform, long and short, with halves of pairs as U+FFFD", () => {
    const random = seededRandom(24);
    const pieces = ["a", "é", "€", "😀", "\ud83d", "\ude00", "z", "z", "z", "z"];
    for (let round = 0; round < 500; round++) {
      const length = Math.floor(random() * (round % 10 === 0 ? 300 : 20));
      const text = Array.from({ length }, () => pieces[Math.floor(random() * (round % 3 === 0 ? 1 : 10))]).join("");
      const writer = new NetworkWriter({ sizeBytes: 1 });
      writer.writeBits(0, round % 8);
      const byteLength = writer.writeText(text);
      const reader = new NetworkReader(writer.toBytes());
      reader.skip(round % 8);
      const wanted = new TextEncoder().encode(text);
      expect(byteLength).toBe(wanted.length);
      expect(reader.readBytes(byteLength)).toEqual(wanted);
      reader.seek(round % 8);
      expect(reader.readText(byteLength)).toBe(new TextDecoder("utf-8", { ignoreBOM: true }).decode(wanted));
    }
  });
});

describe("a reader", () => {
  test("reads within the view that it was given, whatever lies around it", () => {
    const memory = Buffer.from([9, 9, 1, 2, 3, 9, 9]);
    const reader = new NetworkReader(memory.subarray(2, 5));
    expect(reader.bitsLeft).toBe(24);
    const copied = reader.readBytes(2);
    reader.seek(0);
    const view = reader.readBytesView(2);
    memory.fill(7);
    expect([copied, view]).toEqual([Uint8Array.of(1, 2), Uint8Array.of(7, 7)]);
    expect(copied.constructor).toBe(Uint8Array);
    reader.skip(4);
    expect(() => reader.readBytesView(0)).toThrow(RangeError);
    expect(() => reader.readUint8()).toThrow(code("ERR_END_OF_MESSAGE"));
    expect(reader.readBits(4)).toBe(0);
    expect(() => reader.readBoolean()).toThrow(code("ERR_END_OF_MESSAGE"));
    expect(reader.readBits(0)).toBe(0);
  });

  test("a segment is written from within a buffer, and read as a place in the message", () => {
    const writer = new NetworkWriter();
    const bytes = Uint8Array.from({ length: 300 }, (_, index) => index);
    for (const length of [0, 3, 200]) writer.writeSegment(bytes, 5, length);
    expect([...writer.toBytes()]).toEqual([0, 3, 200].flatMap((length) => [...bytes.subarray(5, 5 + length)]));
    expect(() => writer.writeSegment(bytes, 299, 2)).toThrow(RangeError);
    expect(() => writer.writeSegment([1] as never, 0, 1)).toThrow(TypeError);
    const reader = new NetworkReader(writer.view());
    const places: number[][] = [];
    const segment = { set: (_buffer: Uint8Array, offset: number, length: number) => places.push([offset, length]) };
    expect(reader.readSegment(3, segment)).toBe(segment);
    reader.readSegment(200, segment);
    expect(places).toEqual([
      [0, 3],
      [3, 200],
    ]);
    expect(() => reader.readSegment(1, segment)).toThrow(code("ERR_END_OF_MESSAGE"));
    reader.seek(4);
    expect(() => reader.readSegment(1, segment)).toThrow(RangeError);
  });

  test("consumes nothing of a number that is not all there", () => {
    const reader = new NetworkReader(new Uint8Array(7).fill(0xff));
    for (const read of ["readFloat64", "readUint64", "readInt64"] as const) {
      expect(() => reader[read]()).toThrow(code("ERR_END_OF_MESSAGE"));
      expect(reader.bitPosition).toBe(0);
    }
  });

  test("finishes only at the end, and only over zeros", () => {
    const reader = new NetworkReader(Uint8Array.of(1, 2));
    expect(() => reader.finish()).toThrow(code("ERR_TRAILING_BYTES"));
    reader.skip(8);
    expect(() => reader.finish()).toThrow(code("ERR_TRAILING_BYTES"));
    reader.skip(1);
    expect(() => reader.finish()).toThrow(code("ERR_TRAILING_BYTES"));
    reader.seek(10);
    reader.finish();
  });

  test("refuses numbers beyond what the type holds", () => {
    const read = (bytes: number[]) => new NetworkReader(Uint8Array.from(bytes));
    expect(() => read([0xff, 0, 0, 0, 0, 0, 0, 0, 0x80]).readPacked()).toThrow(code("ERR_BAD_VALUE"));
    expect(() => read([0xfe, 0, 0, 0, 0, 0, 0, 0x20]).readPacked()).toThrow(code("ERR_BAD_VALUE"));
    expect(() => read([0, 0, 0, 0, 0, 0, 0x20]).readInt54()).toThrow(code("ERR_BAD_VALUE"));
    expect(() => read([7]).readRanged(0, 6)).toThrow(code("ERR_BAD_VALUE"));
    expect(() => read(new Array(99).fill(0xff)).readBlocks(5)).toThrow(code("ERR_BAD_VALUE"));
    expect(() => read([0xbf, 0xff, 0xff, 0xff, 0xff, 0xff]).readBlocks(5)).toThrow(code("ERR_BAD_VALUE"));
  });

  test.each([
    ["a lone continuation", [0x80]],
    ["a cut sequence", [0x61, 0x61, 0x61, 0x61, 0xe2, 0x82]],
    ["an overlong one", [0xc0, 0x80]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["over U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
  ])("refuses %s as text", (_, bytes) => {
    expect(() => new NetworkReader(Uint8Array.from(bytes)).readText(bytes.length)).toThrow(code("ERR_BAD_VALUE"));
  });

  test("lets go of the bytes when it is reset", () => {
    const reader = new NetworkReader(Uint8Array.of(1));
    reader.reset();
    expect(reader.bitsLeft).toBe(0);
    expect(() => reader.reset("text" as never)).toThrow(TypeError);
  });
});

describe("a pool", () => {
  test("hands out what was released, emptied, and keeps no more than its limit", () => {
    let made = 0;
    const pool = new Pool(() => {
      made++;
      return new NetworkWriter();
    }, 2);
    const writers = [pool.take(), pool.take(), pool.take()] as const;
    writers[0].writeUint8(1);
    for (const writer of writers) pool.release(writer);
    expect([made, pool.size]).toEqual([3, 2]);
    const again = [pool.take(), pool.take()];
    expect(new Set(again)).toEqual(new Set(writers.slice(0, 2)));
    expect(again.map((writer) => writer.bitLength)).toEqual([0, 0]);
    expect(made).toBe(3);
  });

  test("refuses what it has already", () => {
    const pool = new Pool(() => new NetworkReader());
    const reader = pool.take();
    pool.release(reader);
    expect(() => pool.release(reader)).toThrow("already");
  });
});

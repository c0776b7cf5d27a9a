import { expect, test } from "vitest";
import { equalBytes } from "../../../lib/bytes.js";
import { ByteRing } from "../../../lib/peer/collections/byte-ring.js";

/** The byte at each place of the stream. */
const byteAt = (offset: number) => (offset * 31 + (offset >> 8)) & 0xff;
const stream = (from: number, length: number) => Uint8Array.from({ length }, (_, index) => byteAt(from + index));

test.each([
  ["that never grew", 0, 900],
  ["that has grown", 0, 60_000],
  ["whose offsets are larger than 32 bits", 2 ** 40, 5000],
])("a ring %s gives pieces of any size, and across its end", (_, start, capacity) => {
  const ring = new ByteRing();
  const target = new Uint8Array(3000);
  let next = start;
  let end = start;
  for (let round = 0; round < 400; round++) {
    const added = Math.min(capacity - (end - next), (round * 37) % 1700);
    ring.reserve(next, end + added);
    ring.write(end, stream(end, added), 0, added);
    end += added;
    // Each size comes twice: a piece as long as the one before is copied by the same view.
    const length = Math.min(end - next, ((round >> 1) * 211) % 1600);
    target.fill(0xee);
    ring.read(next, target, 7, length);
    expect(equalBytes(target.subarray(7, 7 + length), stream(next, length))).toBe(true);
    expect(target[6]).toBe(0xee);
    expect(target[7 + length]).toBe(0xee);
    next += length;
  }
  expect(next - start).toBeGreaterThan(100_000);
});

test("rings that are written from the same arrays, and read into the same, each give their own bytes", () => {
  const rings = Array.from({ length: 3 }, () => ({ ring: new ByteRing(), next: 0, end: 0 }));
  const arrays = [new Uint8Array(400), new Uint8Array(new ArrayBuffer(500), 33, 400)];
  const target = new Uint8Array(new ArrayBuffer(500), 21, 400);
  for (let round = 0; round < 3000; round++) {
    const of = rings[round % rings.length] as (typeof rings)[number];
    const array = arrays[round % 7 === 0 ? 1 : 0] as Uint8Array;
    const length = (round * 13) % 300;
    const from = (round * 5) % 100;
    array.set(stream(of.end, length), from);
    of.ring.reserve(of.next, of.end + length);
    of.ring.write(of.end, array, from, length);
    array.fill(0);
    of.end += length;
    if (round % 2 === 0) continue;
    const piece = Math.min(of.end - of.next, 350);
    of.ring.read(of.next, target, 9, piece);
    expect(equalBytes(target.subarray(9, 9 + piece), stream(of.next, piece))).toBe(true);
    of.next += piece;
  }
});

test("rings share nothing that is written", () => {
  const rings = [new ByteRing(), new ByteRing(), new ByteRing()];
  for (const [index, ring] of rings.entries()) {
    ring.reserve(0, 8);
    ring.write(ring.writeVarint(0, 1000 + index), Uint8Array.of(index), 0, 1);
  }
  expect(rings.map((ring) => [ring.readVarint(0), ring.at(2)])).toEqual(
    [0, 1, 2].map((index) => [1000 + index, index]),
  );
});

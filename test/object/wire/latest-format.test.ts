import { describe, expect, test } from "vitest";
import {
  isOwnRecord,
  NO_RECORD,
  RECORD,
  readItem,
  readPacketCount,
  readSilentTicks,
  readTag,
  recordStartBits,
  writePacketEnd,
  writePacketStart,
  writeRecordStart,
} from "../../../lib/object/wire/latest-format.js";
import { NetworkReader, NetworkWriter } from "../../../lib/serialization/index.js";

const written = (write: (writer: NetworkWriter) => void) => {
  const writer = new NetworkWriter();
  write(writer);
  return {
    bytes: Buffer.from(writer.view()).toString("hex"),
    bits: writer.bitLength,
    reader: new NetworkReader(writer.toBytes()),
  };
};

describe("a packet of latest state", () => {
  // The bytes of docs/wire-format.md.
  test.each([
    [0, false, "04", 11],
    [5, true, "5500", 11],
    [127, false, "f407", 11],
    [128, false, "0c10", 19],
    [16_383, true, "edff07", 19],
    [16_384, false, "1c00", 13],
    [70_000, false, "3c", 0],
  ] as const)("names object %i, its owner's: %s", (item, isOwner, start, bits) => {
    const { bytes, bits: length, reader } = written((writer) => writeRecordStart(writer, NO_RECORD, item, isOwner));
    expect(bytes.startsWith(start)).toBe(true);
    if (bits > 0) expect(length).toBe(bits);
    expect(length).toBeLessThanOrEqual(recordStartBits(item));
    const tag = readTag(reader);
    expect(tag).toBeGreaterThanOrEqual(RECORD);
    expect([isOwnRecord(tag), readItem(reader, tag, NO_RECORD)]).toEqual([isOwner, item]);
  });

  test("names the object behind the one before with three bits", () => {
    const { bits, reader } = written((writer) => writeRecordStart(writer, 99, 100, false));
    expect(bits).toBe(3);
    expect(readItem(reader, readTag(reader), 99)).toBe(100);
  });

  test.each([0, 1, 2, 300])("ends as the last of %i", (count) => {
    const { reader } = written((writer) => writePacketEnd(writer, count));
    expect(readPacketCount(reader, readTag(reader))).toBe(count);
  });

  test("does not end in another way", () => {
    const { reader } = written((writer) => writer.writeBits(3, 3));
    const tag = readTag(reader);
    expect(() => readPacketCount(reader, tag)).toThrow(expect.objectContaining({ code: "ERR_BAD_VALUE" }));
  });

  test.each([
    [0, 0],
    [7, 7],
    [900, 63],
  ])("says that the server was silent for %i ticks", (ticks, read) => {
    const { reader } = written((writer) => writePacketStart(writer, 0xfedcba98, ticks));
    expect([reader.readUint32(), readSilentTicks(reader)]).toEqual([0xfedcba98, read]);
  });
});

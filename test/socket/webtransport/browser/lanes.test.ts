import { expect, test } from "vitest";
import { LaneReader } from "../../../../lib/socket/webtransport/browser/lane-reader.js";
import { LaneWriter } from "../../../../lib/socket/webtransport/browser/lane-writer.js";
import { seededRandom } from "../../../../lib/testing/index.js";

/** A stream that notes its chunks, and takes the next one when told to. */
function newStream() {
  const chunks: Buffer[] = [];
  const takes: (() => void)[] = [];
  let isClosed = false;
  const writable = new WritableStream<Uint8Array>(
    {
      write: (chunk) => {
        chunks.push(Buffer.from(chunk));
        return new Promise<void>((resolve) => takes.push(resolve));
      },
      close: () => {
        isClosed = true;
      },
    },
    { highWaterMark: 1 },
  );
  const take = async () => {
    takes.shift()?.();
    await new Promise(setImmediate);
  };
  return { writable, chunks, take, isClosed: () => isClosed };
}

function newWriter(lane = 2) {
  const stream = newStream();
  let opened = 0;
  let taken = 0;
  const writer = new LaneWriter(
    lane,
    async () => {
      opened++;
      return stream.writable;
    },
    () => taken++,
  );
  return { ...stream, writer, opened: () => opened, taken: () => taken };
}

const settle = () => new Promise(setImmediate);

test("packets stand behind the lane and their lengths, as docs/wire-format.md has it", async () => {
  const { writer, chunks, take, opened } = newWriter();
  await settle();
  expect(opened()).toBe(0);
  for (const size of [1, 63, 64, 16_383, 16_384]) writer.push(new Uint8Array(size).fill(size), size);
  writer.flush();
  await settle();
  const sent = Buffer.concat(chunks);
  const heads = [
    [0, "0201"],
    [3, "3f"],
    [67, "4040"],
    [133, "7fff"],
    [133 + 2 + 16_383, "80004000"],
  ] as const;
  for (const [at, hex] of heads) expect(sent.subarray(at, at + hex.length / 2).toString("hex")).toBe(hex);
  expect(writer.bufferedBytes).toBe(sent.length);
  await take();
  expect(writer.bufferedBytes).toBe(0);
  expect(opened()).toBe(1);
});

test("what comes while the network takes a chunk leaves in the next one", async () => {
  const { writer, chunks, take, taken } = newWriter();
  const push = (fill: number) => {
    writer.push(Uint8Array.of(fill), 1);
    writer.flush();
  };
  push(1);
  await settle();
  push(2);
  push(3);
  await settle();
  expect(chunks.map((chunk) => chunk.toString("hex"))).toEqual(["020101"]);
  expect(writer.bufferedBytes).toBe(7);
  await take();
  expect(chunks[1]?.toString("hex")).toBe("01020103");
  await take();
  expect([writer.bufferedBytes, taken()]).toEqual([0, 2]);
  push(4);
  await settle();
  expect(chunks[2]?.toString("hex")).toBe("0104");
});

test("ends its stream behind what was pushed, or opens it for that, and drops what comes later", async () => {
  const unused = newWriter();
  const ending = unused.writer.end();
  await settle();
  expect(Buffer.concat(unused.chunks).toString("hex")).toBe("02");
  await unused.take();
  await ending;
  expect([unused.isClosed(), unused.writer.isUsed]).toEqual([true, false]);
  const { writer, chunks, take, isClosed } = newWriter();
  writer.push(Uint8Array.of(7), 1);
  const closing = writer.end();
  await settle();
  expect(isClosed()).toBe(false);
  writer.push(Uint8Array.of(8), 1);
  await take();
  await closing;
  expect(isClosed()).toBe(true);
  expect(Buffer.concat(chunks).toString("hex")).toBe("020107");
});

test("a stream that cannot be opened throws nothing, and does not block its close", async () => {
  const writer = new LaneWriter(
    0,
    () => Promise.reject(new Error("closed")),
    () => {},
  );
  writer.push(Uint8Array.of(7), 1);
  writer.flush();
  await writer.end();
  expect(writer.bufferedBytes).toBe(3);
});

test("reads what a writer wrote, however it was cut", async () => {
  const random = seededRandom(7);
  const { writer, chunks, take } = newWriter(5);
  const packets = Array.from({ length: 300 }, () => {
    const packet = new Uint8Array(1 + Math.floor(random() ** 6 * 16_384));
    return packet.map((_, at) => at * 7 + packet.length);
  });
  for (const packet of packets) writer.push(packet, packet.length);
  const closing = writer.end();
  await settle();
  while (writer.bufferedBytes > 0) await take();
  await closing;
  const bytes = Buffer.concat(chunks);
  for (const largest of [1, 3, 1000, bytes.length]) {
    const read: Uint8Array[] = [];
    const reader = new LaneReader((packet) => read.push(new Uint8Array(packet)));
    let isRight = true;
    for (let at = 0; at < bytes.length && isRight; ) {
      const end = at + 1 + Math.floor(random() * largest);
      isRight = reader.read(bytes.subarray(at, end));
      at = end;
    }
    expect([isRight, reader.lane, reader.isAtEnd]).toEqual([true, 5, true]);
    expect(read.length).toBe(packets.length);
    expect(read.every((packet, index) => Buffer.compare(packet, packets[index] as Uint8Array) === 0)).toBe(true);
  }
});

test.each([
  ["a lane that does not exist", "06"],
  ["an empty packet", "0000"],
  ["an empty packet, with a length of 8 bytes", "00c000000000000000"],
  ["a packet of 16385 bytes", "0080004001"],
  ["a packet of 2^62 - 1 bytes", "00ffffffffffffffff"],
])("refuses %s", (_name, hex) => {
  const reader = new LaneReader(() => {});
  expect(reader.read(Buffer.from(hex, "hex"))).toBe(false);
});

test("takes a length in more bytes than it needs", () => {
  const read: number[] = [];
  const reader = new LaneReader((packet) => read.push(packet.length));
  expect(reader.read(Buffer.from("00c000000000000001aa8000000155400177", "hex"))).toBe(true);
  expect(read).toEqual([1, 1, 1]);
});

test.each(["0005", "00054141", "0040"])("knows that it is inside of a packet: %s", (hex) => {
  const reader = new LaneReader(() => {});
  expect(reader.read(Buffer.from(hex, "hex"))).toBe(true);
  expect(reader.isAtEnd).toBe(false);
});

import { describe, expect, test } from "vitest";
import { Channel, type IConnection } from "../../lib/peer/index.js";
import type { MemorySocketKind } from "../../lib/socket/index.js";
import { seededRandom } from "../../lib/testing/index.js";
import { PeerWorld, text } from "../support/peer-world.js";

const kinds: MemorySocketKind[] = ["datagram", "reliable-lanes", "stream"];

async function connectedPair(kind: MemorySocketKind) {
  const { world, client, clientHandler } = await PeerWorld.connected({ kind });
  return { world, client, clientHandler, server: world.serverHandler.connected[0] as IConnection };
}

function randomBytes(size: number, seed: number): Uint8Array {
  const random = seededRandom(seed);
  return Uint8Array.from({ length: size }, () => random() * 256);
}

async function readAll(readable: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const reader = readable.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) chunks.push(next.value);
  return Uint8Array.from(Buffer.concat(chunks));
}

describe.each(kinds)("over %s", (kind) => {
  test("carries bytes of any length, with a header, to a listener that accepts", async () => {
    const { world, client, server } = await connectedPair(kind);
    const bytes = randomBytes(1_000_000, 1);
    let received: Promise<Uint8Array> | undefined;
    server.onStream = (header, accept) => {
      expect(new TextDecoder().decode(header)).toBe("map.bin");
      received = readAll(accept());
    };
    const stream = client.openStream(text("map.bin"));
    const writer = stream.writable.getWriter();
    const done = writer.write(bytes).then(() => writer.close());
    await world.run(3000);
    await done;
    expect(Buffer.compare((await received) as Uint8Array, bytes)).toBe(0);
    expect([stream.sentBytes, stream.readBytes]).toEqual([bytes.length, bytes.length]);
  });

  test("runs eight streams at once in each direction, and no ninth", async () => {
    const { world, client, server } = await connectedPair(kind);
    const sums: Promise<Uint8Array>[] = [];
    for (const side of [client, server]) side.onStream = (_header, accept) => sums.push(readAll(accept()));
    for (const side of [client, server]) {
      for (let index = 0; index < 8; index++) {
        const writer = side.openStream().writable.getWriter();
        void writer.write(new Uint8Array(50_000 + index)).then(() => writer.close());
      }
      expect(() => side.openStream()).toThrow(expect.objectContaining({ code: "ERR_TOO_MANY_STREAMS" }));
    }
    await world.run(2000);
    const sizes = (await Promise.all(sums)).map(({ length }) => length).sort();
    expect(sizes).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7].map((index) => 50_000 + index));
    expect(() => client.openStream()).not.toThrow();
  });

  test("sends nothing before it is accepted, and no more than the credit while nobody reads", async () => {
    const { world, client, server } = await connectedPair(kind);
    let acceptStream: (() => ReadableStream<Uint8Array>) | undefined;
    server.onStream = (_header, accept) => {
      acceptStream = accept;
    };
    const stream = client.openStream();
    const writing = stream.writable.getWriter().write(new Uint8Array(2_000_000));
    await world.run(1000);
    expect([stream.isAccepted, stream.sentBytes]).toEqual([false, 0]);
    const reader = acceptStream?.().getReader();
    await world.run(1000);
    expect([stream.isAccepted, stream.sentBytes]).toEqual([true, 256 * 1024]);
    let read = 0;
    while (read < 2_000_000) {
      const next = reader?.read();
      await world.run(10);
      read += (await next)?.value?.length ?? 0;
    }
    await writing;
    expect(read).toBe(2_000_000);
  });

  test("does not delay messages", async () => {
    const { world, client, server } = await connectedPair(kind);
    server.onStream = (_header, accept) => void readAll(accept());
    const writer = client.openStream().writable.getWriter();
    void writer.write(new Uint8Array(10_000_000)).catch(() => {});
    for (let round = 0; round < 20; round++) {
      client.send(text(`${round}`));
      await world.run(50);
      expect(world.serverHandler.texts.length).toBe(round + 1);
    }
  });

  test("is rejected without a listener, and by a listener with a code", async () => {
    const { world, client, server } = await connectedPair(kind);
    const unheard = client.openStream().writable.getWriter();
    await world.run(200);
    await expect(unheard.write(text("x"))).rejects.toMatchObject({
      code: "ERR_STREAM_REJECTED",
      reason: { code: 1000 },
      message: expect.stringContaining("no `onStream`"),
    });
    server.onStream = (_header, _accept, reject) => reject(17);
    const unwanted = client.openStream().writable.getWriter();
    await world.run(200);
    await expect(unwanted.closed).rejects.toMatchObject({ code: "ERR_STREAM_REJECTED", reason: { code: 17 } });
  });

  test("the sender's abort reaches the reader with its code, and the reader's the sender", async () => {
    const { world, client, server } = await connectedPair(kind);
    const readers: ReadableStreamDefaultReader<Uint8Array>[] = [];
    server.onStream = (_header, accept) => readers.push(accept().getReader());
    const aborted = client.openStream().writable.getWriter();
    const stopped = client.openStream().writable.getWriter();
    await world.run(200);
    const reading = readers[0]?.read();
    reading?.catch(() => {});
    void aborted.abort(5);
    void readers[1]?.cancel(6);
    await world.run(200);
    await expect(reading).rejects.toMatchObject({ code: "ERR_STREAM_ABORTED", reason: { code: 5 } });
    await expect(stopped.write(text("x"))).rejects.toMatchObject({ code: "ERR_STREAM_STOPPED", reason: { code: 6 } });
    expect(server.state).toBe(client.state);
    for (let index = 0; index < 8; index++) client.openStream();
  });

  test("ends with its connection", async () => {
    const { world, client, server } = await connectedPair(kind);
    let reading: Promise<unknown> | undefined;
    server.onStream = (_header, accept) => {
      reading = accept().getReader().read();
      reading.catch(() => {});
    };
    const writer = client.openStream().writable.getWriter();
    await world.run(100);
    const writing = writer.write(new Uint8Array(1_000_000));
    writing.catch(() => {});
    writer.closed.catch(() => {});
    client.disconnect({ code: 3, text: "bye" });
    await world.run(3000);
    await expect(writing).rejects.toMatchObject({ code: "ERR_CONNECTION_LOST", reason: { code: 3 } });
    expect(() => client.openStream()).toThrow(expect.objectContaining({ code: "ERR_NOT_CONNECTED" }));
    await expect(reading).rejects.toMatchObject({ code: "ERR_CONNECTION_LOST" });
  });

  test("a decision about a stream that the other side has ended throws nothing, and a second one does", async () => {
    const { world, client, server } = await connectedPair(kind);
    const decisions: Parameters<NonNullable<IConnection["onStream"]>>[] = [];
    server.onStream = (...decision) => decisions.push(decision);
    for (let count = 0; count < 4; count++) {
      const writer = client.openStream().writable.getWriter();
      writer.closed.catch(() => {});
      if (count < 2) await Promise.all([writer.abort(7), world.run(200)]);
    }
    await world.run(200);
    client.disconnect();
    await world.run(200);
    const decideAll = (first: number) => {
      const [[, accept], [, , reject]] = decisions.slice(first, first + 2) as [
        (typeof decisions)[0],
        (typeof decisions)[0],
      ];
      const reading = readAll(accept());
      reject(1);
      for (const again of [accept, () => reject(1)]) {
        expect(again).toThrow(expect.objectContaining({ code: "ERR_STATE" }));
      }
      return reading;
    };
    await expect(decideAll(0)).rejects.toMatchObject({ code: "ERR_STREAM_ABORTED", reason: { code: 7 } });
    await expect(decideAll(2)).rejects.toMatchObject({ code: "ERR_CONNECTION_LOST" });
  });

  test("refuses what is not a Uint8Array, and a header that is too long", async () => {
    const { client } = await connectedPair(kind);
    expect(() => client.openStream(new Uint8Array(1025))).toThrow(RangeError);
    const writer = client.openStream().writable.getWriter();
    await expect(writer.write("text" as unknown as Uint8Array)).rejects.toThrow(TypeError);
  });
});

test("messages on lanes 0 to 3 are not messages about streams", async () => {
  const { world, client } = await connectedPair("reliable-lanes");
  client.send(Uint8Array.of(1, 0, 0, 0, 0), Channel.Reliable, 3);
  await world.run(100);
  expect(world.serverHandler.messages.length).toBe(1);
});

import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type ISocket, ReceivedPacket } from "../../../lib/socket/index.js";
import { WebTransportSocketFactory } from "../../../lib/socket/webtransport-server.js";

const program = fileURLToPath(new URL("../../programs/web-transport-flood.mjs", import.meta.url));
const PACKETS_PER_PIECE = 10_000;
const PIECES = 12;
/** One number on the heap for a packet makes 12. A turn of the loop takes some, whatever it carries. */
const MAX_BYTES_PER_PACKET = 4;

/** The fewest bytes of the heap for a packet that comes and goes back, of pieces in which nothing was collected. */
function bytesPerPacket(socket: ISocket): Promise<number> {
  const packet = new ReceivedPacket();
  let received = 0;
  let pieces = 0;
  let before = 0;
  let least = Number.POSITIVE_INFINITY;
  return new Promise((resolve) => {
    const endPiece = () => {
      const bytes = process.memoryUsage().heapUsed - before;
      // The first ones warm up.
      if (pieces > PIECES / 3 && bytes >= 0) least = Math.min(least, bytes / received);
      if (++pieces === PIECES) resolve(least);
      gc?.();
      received = 0;
      before = process.memoryUsage().heapUsed;
    };
    socket.events = {
      onReadable() {
        for (socket.tick(); socket.poll(); socket.tick()) {
          socket.receive(packet);
          const { handle, buffer, offset, length, delivery, lane } = packet;
          if (offset !== 0) throw new Error("A packet has a buffer of its own");
          socket.send(handle, buffer, length, delivery, lane);
          received++;
        }
        socket.flush();
        if (received >= PACKETS_PER_PIECE) endPiece();
      },
      onIncoming: () => true,
      onConnect() {},
      onDisconnect() {},
      onWritable() {},
    };
  });
}

// A promise settles only if the loop has its turns while the client sends without a pause.
test("a packet that comes and goes back takes nothing of the server's heap, and not all turns of the loop", {
  timeout: 300_000,
}, async () => {
  const factory = new WebTransportSocketFactory({ bindHost: "127.0.0.1", port: 0 });
  const socket = factory.createServerSocket();
  const measured = bytesPerPacket(socket as ISocket);
  await socket.bind(factory.getBindEndPoint());
  const client = fork(program, [`${socket.boundPort}`, factory.certificateHashes[0] as string]);
  try {
    expect(await measured).toBeLessThan(MAX_BYTES_PER_PACKET);
  } finally {
    client.kill("SIGKILL");
    await socket.close();
  }
});

import { afterEach, describe, expect, test } from "vitest";
import type { IConnection } from "../../lib/peer/index.js";
import type { SocketFactory } from "../../lib/socket/index.js";
import { WebSocketFactory } from "../../lib/socket/websocket-server.js";
import { text } from "../support/peer-world.js";
import type { PeerUser } from "../support/real-peers.js";
import { gns, RealPeers, udp, webTransport } from "../support/real-peers.js";
import { carryStream, readStream, STREAM_BYTES, writeStream } from "../support/stream-transfer.js";

const transports: [string, () => SocketFactory][] = [
  ["UDP, dgram", () => udp({ implementation: "dgram" })],
  ["UDP, batched", () => udp({ implementation: "batched" })],
  ["GNS", () => gns({ sendRate: 100 * 2 ** 20 })],
  ["WebSocket", () => new WebSocketFactory({ host: "127.0.0.1", bindHost: "127.0.0.1", port: 0 })],
  ["WebTransport", webTransport],
];

const CREDIT_BYTES = 256 * 1024;
const CHUNK_BYTES = 50_000;

let world: RealPeers;

afterEach(() => world.close());

async function connect(factory: SocketFactory) {
  world = new RealPeers(factory);
  await world.listen();
  world.user.receive = (connection, message) => connection.send(message.view());
  return world.pair();
}

/** Sends messages to a server that echoes, one after the other, until `condition` holds. */
async function talkUntil(
  connection: IConnection,
  user: PeerUser,
  condition: (count: number) => boolean,
): Promise<void> {
  for (let count = 0; !condition(count); count++) {
    connection.send(text(`${count}`));
    await user.until(() => user.messages.length > 0);
    user.messages.length = 0;
  }
}

describe.each(transports)("over %s", (_name, createFactory) => {
  test(`${STREAM_BYTES / 1e6} MB arrive whole in each direction at once`, { timeout: 600_000 }, async () => {
    const { client, server } = await connect(createFactory());
    const [up, down] = await Promise.all([
      carryStream(client, server, STREAM_BYTES),
      carryStream(server, client, STREAM_BYTES),
    ]);
    expect(up.received).toEqual(up.sent);
    expect(down.received).toEqual(down.sent);
  });

  test("a reader that pauses holds the sender at its credit, while messages pass", { timeout: 600_000 }, async () => {
    const { client, server, clientUser } = await connect(createFactory());
    let accepted: ReadableStream<Uint8Array> | undefined;
    server.onStream = (_header, accept) => {
      accepted = accept();
    };
    const stream = client.openStream();
    const writing = writeStream(stream.writable, STREAM_BYTES);
    await talkUntil(client, clientUser, () => stream.sentBytes >= CREDIT_BYTES);
    await talkUntil(client, clientUser, (count) => count === 200);
    expect(stream.sentBytes).toBe(CREDIT_BYTES);
    // Bytes that were sent may have to be sent again. One more chunk waits to be split.
    expect(client.bufferedBytes).toBeLessThan(CREDIT_BYTES + CHUNK_BYTES);
    const received = await readStream(accepted as ReadableStream<Uint8Array>);
    expect(received).toEqual(await writing);
    expect(stream.readBytes).toBe(STREAM_BYTES);
  });
});

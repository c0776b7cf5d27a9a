import { expect, it } from "vitest";
import { Channel, type IConnection, Peer } from "../../lib/peer/index.js";
import { MemoryNetwork, MemorySocketFactory } from "../../lib/socket/index.js";

const messagesPerTurn = 50;
const messageCount = 100_000;
const pieces = 20;
/** What a turn costs, for times that are no small integers, is shared by its messages: measured are 3 to 7. */
const maxBytesPerMessage = 8;

/** A client whose messages come back, so that each exchange is two messages; driven by hand. */
async function createEcho(channel: Channel.Reliable | Channel.Unreliable) {
  const factory = new MemorySocketFactory(new MemoryNetwork());
  let received = 0;
  const server = new Peer(
    factory.createServerSocket(),
    factory.maxPacketSize,
    {
      onMessage: (connection, { buffer, offset, length }) => {
        connection.send(buffer, channel, 0, offset, length);
      },
    },
    { drive: "manual" },
  );
  const client = new Peer(
    factory.createClientSocket(),
    factory.maxPacketSize,
    {
      onMessage: () => {
        received++;
      },
    },
    { drive: "manual" },
  );
  const turn = () => {
    client.updateSent();
    server.updateReceive();
    server.updateSent();
    client.updateReceive();
  };
  await server.bind(factory.getBindEndPoint());
  const connected = client.connect(factory.getConnectEndPoint());
  for (let turns = 0; turns < 10; turns++) {
    await Promise.resolve();
    turn();
  }
  const connection: IConnection = await connected;
  const payload = new Uint8Array(20).fill(120);
  const exchange = (count: number) => {
    const end = received + count;
    while (received < end) {
      for (let index = 0; index < messagesPerTurn; index++) connection.send(payload, channel);
      turn();
    }
  };
  return { exchange, close: () => Promise.all([client.close(), server.close()]) };
}

it.each([Channel.Unreliable, Channel.Reliable] as const)("a message makes no garbage: channel %i", async (channel) => {
  const { exchange, close } = await createEcho(channel);
  exchange(messageCount); // The engine compiles, and queues grow.
  // What is allocated shows only while nothing is collected: in pieces that the young generation holds.
  const bytes: number[] = [];
  for (let piece = 0; piece < pieces; piece++) {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    exchange(messageCount / pieces);
    bytes.push(process.memoryUsage().heapUsed - before);
  }
  // A few hundred bytes more or less for what the engine does meanwhile; a collection in a piece makes it negative.
  const [least = Number.NaN] = bytes.filter((piece) => piece > 0).sort((a, b) => a - b);
  const bytesPerMessage = least / (2 * (messageCount / pieces));
  expect(bytesPerMessage).toBeLessThan(maxBytesPerMessage);
  await close();
});

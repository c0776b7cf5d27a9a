import { describe, expect, test } from "vitest";
import {
  Delivery,
  type IConnectionHandle,
  type ISocket,
  MemoryNetwork,
  MemorySocketFactory,
  type MemorySocketFactoryOptions,
  ReceivedPacket,
} from "../../../lib/socket/index.js";
import { FakeClock, seededRandom } from "../../../lib/testing/index.js";

interface Pair {
  clock: FakeClock;
  server: ISocket;
  client: ISocket;
  handle: IConnectionHandle;
}

async function connect(options: MemorySocketFactoryOptions, random = seededRandom(1)): Promise<Pair> {
  const clock = new FakeClock();
  const factory = new MemorySocketFactory(new MemoryNetwork({ clock, random }), options);
  const [server, client] = [factory.createServerSocket(), factory.createClientSocket()];
  await server.bind(factory.getBindEndPoint());
  const handle = await client.connect(factory.getConnectEndPoint());
  clock.advance(0);
  return { clock, server, client, handle };
}

function receiveAll(socket: ISocket): number[] {
  const packet = new ReceivedPacket();
  const firstBytes: number[] = [];
  socket.tick();
  while (socket.poll()) {
    socket.receive(packet);
    firstBytes.push(packet.buffer[packet.offset] as number);
  }
  return firstBytes;
}

describe("a memory socket with reliable lanes", () => {
  const total = 60;
  const sendMixed = ({ client, handle }: Pair) => {
    for (let number = 0; number < total; number++) {
      const isReliable = number % 3 > 0;
      client.send(handle, Uint8Array.of(number), 1, isReliable ? Delivery.Reliable : Delivery.Unreliable, number % 3);
    }
    client.flush();
  };
  const inOrder = Array.from({ length: total }, (_, index) => index);

  test("mixes lanes and deliveries, and keeps each lane's order", async () => {
    const pair = await connect({ kind: "reliable-lanes" });
    sendMixed(pair);
    const numbers = receiveAll(pair.server);
    expect(numbers).not.toEqual(inOrder);
    expect([...numbers].sort((a, b) => a - b)).toEqual(inOrder);
    for (const lane of [1, 2]) {
      expect(numbers.filter((number) => number % 3 === lane)).toEqual(inOrder.filter((number) => number % 3 === lane));
    }
    const unreliable = numbers.filter((number) => number % 3 === 0);
    expect(unreliable).not.toEqual([...unreliable].sort((a, b) => a - b));
  });

  test("does it the same way with the same seed, and another way with another", async () => {
    const orders = [];
    for (const seed of [5, 5, 6]) {
      const pair = await connect({ kind: "reliable-lanes" }, seededRandom(seed));
      sendMixed(pair);
      orders.push(receiveAll(pair.server));
    }
    expect(orders[1]).toEqual(orders[0]);
    expect(orders[2]).not.toEqual(orders[0]);
  });

  test("drops unreliable packets and refuses reliable ones when the connection is full", async () => {
    const { client, server, handle } = await connect({ kind: "reliable-lanes", sendQueueBytes: 1000 });
    const bytes = new Uint8Array(600);
    expect(client.send(handle, bytes, 600, Delivery.Reliable)).toBe(true);
    expect(client.send(handle, bytes, 600, Delivery.Unreliable)).toBe(true);
    expect(client.send(handle, bytes, 600, Delivery.Reliable)).toBe(false);
    expect(client).toMatchObject({ droppedPackets: 1 });
    expect(handle.bufferedBytes).toBe(600);
    client.flush();
    expect(receiveAll(server)).toHaveLength(1);
    expect(handle.bufferedBytes).toBe(0);
  });
});

describe("a memory socket of datagrams", () => {
  test("drops what does not fit its queue, and counts it", async () => {
    const { client, server, handle } = await connect({ receiveQueuePackets: 10 });
    for (let number = 0; number < 15; number++) client.send(handle, Uint8Array.of(number), 1, Delivery.Unreliable);
    client.flush();
    expect(server).toMatchObject({ droppedPackets: 5 });
    expect(receiveAll(server)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("sends nothing before flush", async () => {
    const { client, server, handle } = await connect({});
    client.send(handle, Uint8Array.of(1), 1, Delivery.Unreliable);
    expect(receiveAll(server)).toEqual([]);
    client.flush();
    expect(receiveAll(server)).toEqual([1]);
  });

  test("hears only the other end that it is connected to", async () => {
    const clock = new FakeClock();
    const network = new MemoryNetwork({ clock });
    const factory = new MemorySocketFactory(network, { port: 0 });
    const [server, stranger, client] = [1, 2, 3].map(() => factory.createServerSocket()) as [ISocket, ISocket, ISocket];
    await server.bind(factory.getBindEndPoint());
    await stranger.bind(factory.getBindEndPoint());
    const handle = await client.connect(factory.getConnectEndPoint(undefined, server.boundPort as number));
    client.send(handle, Uint8Array.of(1), 1, Delivery.Unreliable);
    client.flush();
    const packet = new ReceivedPacket();
    server.receive(packet);
    for (const [sender, byte] of [
      [stranger, 2],
      [server, 3],
    ] as const) {
      sender.send(packet.handle, Uint8Array.of(byte), 1, Delivery.Unreliable);
      sender.flush();
    }
    expect(receiveAll(client)).toEqual([3]);
  });

  test("gives one handle for all packets, so that whoever keeps it has to copy it", async () => {
    const { client, server, handle } = await connect({});
    client.send(handle, Uint8Array.of(1), 1, Delivery.Unreliable);
    client.send(handle, Uint8Array.of(2), 1, Delivery.Unreliable);
    client.flush();
    const [first, second] = [new ReceivedPacket(), new ReceivedPacket()];
    server.receive(first);
    const copy = first.handle.copy();
    server.receive(second);
    expect(second.handle).toBe(first.handle);
    expect(copy).not.toBe(first.handle);
  });
});

test("handles say what the factory was told", async () => {
  const { handle } = await connect({ kind: "stream", security: "authenticated", maxPacketSize: 777 });
  expect(handle).toMatchObject({ ordered: true, security: "authenticated", maxPacketSize: 777, addressVerified: true });
});

test.each(["datagram", "reliable-lanes", "stream"] as const)(
  "%s: no heap bytes per packet after warm-up",
  async (kind) => {
    // A random number is an object on the heap, unless it is a small integer.
    const { client, server, handle } = await connect({ kind }, () => 0);
    const [bytes, packet] = [new Uint8Array(1200), new ReceivedPacket()];
    const exchange = (rounds: number) => {
      for (let round = 0; round < rounds; round++) {
        for (let count = 0; count < 50; count++) client.send(handle, bytes, 1000, Delivery.Reliable, count % 6);
        client.flush();
        server.tick();
        while (server.poll()) server.receive(packet);
        client.tick();
      }
    };
    const heapBytesPerPacket = (rounds: number) => {
      const before = process.memoryUsage().heapUsed;
      exchange(rounds);
      return (process.memoryUsage().heapUsed - before) / (rounds * 50);
    };
    exchange(4000);
    // The least of some: whatever else runs in the process only adds to it.
    const measured = Array.from({ length: 5 }, () => {
      globalThis.gc?.();
      return heapBytesPerPacket(200);
    });
    // A round's own costs (a timer) are shared by its 50 packets; an object per packet is 16 bytes at least.
    expect(Math.min(...measured)).toBeLessThan(12);
  },
);

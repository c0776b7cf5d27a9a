import { createSocket, Socket } from "node:dgram";
import { afterEach, expect, test, vi } from "vitest";
import { Delivery, type ISocket, ReceivedPacket } from "../../../lib/socket/index.js";
import { UdpSocketFactory, type UdpSocketFactoryOptions } from "../../../lib/socket/udp.js";

const open: ISocket[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((socket) => socket.close()));
});

function create(options: UdpSocketFactoryOptions = {}): { factory: UdpSocketFactory; socket: ISocket } {
  const factory = new UdpSocketFactory({ host: "127.0.0.1", port: 0, implementation: "dgram", ...options });
  const socket = factory.createServerSocket();
  open.push(socket);
  return { factory, socket };
}

async function listen(options?: UdpSocketFactoryOptions): Promise<ISocket> {
  const { factory, socket } = create(options);
  await socket.bind(factory.getBindEndPoint());
  return socket;
}

async function connect(server: ISocket, address = "127.0.0.1") {
  const { factory, socket } = create();
  const handle = await socket.connect(factory.getConnectEndPoint(address, server.boundPort as number));
  return { socket, handle };
}

async function receive(socket: ISocket): Promise<ReceivedPacket> {
  await vi.waitUntil(() => socket.poll(), { interval: 1 });
  const packet = new ReceivedPacket();
  socket.receive(packet);
  return packet;
}

const byte = (value: number) => Uint8Array.of(value);

test("has the seed's defaults", () => {
  const { host, port } = new UdpSocketFactory();
  expect([host, port]).toEqual(["localhost", 7777]);
  const sizes = (["dgram", "batched"] as const).map((implementation) => new UdpSocketFactory({ implementation }));
  expect(sizes.map(({ maxPacketSize }) => maxPacketSize)).toEqual([1232, 1452]);
});

test("a connected client hears nobody else", async () => {
  const [server, stranger] = [await listen(), await listen()];
  const { socket, handle } = await connect(server);
  socket.send(handle, byte(1), 1, Delivery.Unreliable);
  const { handle: client } = await receive(server);
  stranger.send(client, byte(2), 1, Delivery.Unreliable);
  server.send(client, byte(3), 1, Delivery.Unreliable);
  expect((await receive(socket)).buffer[0]).toBe(3);
});

test("one dual-stack server has clients of both families", async () => {
  const server = await listen();
  const addresses = [];
  for (const address of ["127.0.0.1", "::1"]) {
    const { socket, handle } = await connect(server, address);
    socket.send(handle, byte(1), 1, Delivery.Unreliable);
    const packet = await receive(server);
    addresses.push(packet.handle.address);
    server.send(packet.handle, byte(2), 1, Delivery.Unreliable);
    expect((await receive(socket)).buffer[0]).toBe(2);
  }
  expect(addresses).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+$/), expect.stringMatching(/^\[::1\]:\d+$/)]);
});

test("that nobody listens does not end a client", async () => {
  const gone = await listen();
  const { boundPort } = gone;
  const { socket, handle } = await connect(gone);
  await gone.close();
  for (let count = 0; count < 3; count++) {
    socket.send(handle, byte(1), 1, Delivery.Unreliable);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const server = await listen({ port: boundPort as number });
  await vi.waitUntil(() => {
    socket.send(handle, byte(9), 1, Delivery.Unreliable);
    return server.poll();
  });
  expect((await receive(server)).buffer[0]).toBe(9);
});

test("empty packets and those too large are no packets", async () => {
  const server = await listen();
  const raw = createSocket("udp4");
  const send = (bytes: Uint8Array) =>
    new Promise((resolve) => raw.send(bytes, server.boundPort as number, "127.0.0.1", resolve));
  await send(new Uint8Array(0));
  await send(new Uint8Array(1233));
  await send(byte(5));
  const packet = await receive(server);
  expect([packet.length, packet.buffer[0]]).toEqual([1, 5]);
  expect(server.poll()).toBe(false);
  raw.close();
});

test("drops and counts what does not fit its queue", async () => {
  const server = await listen({ receiveQueuePackets: 3 });
  const { socket, handle } = await connect(server);
  for (let count = 0; count < 10; count++) socket.send(handle, byte(count), 1, Delivery.Unreliable);
  await vi.waitUntil(() => server.droppedPackets === 7);
  const numbers = [];
  for (let count = 0; count < 3; count++) numbers.push((await receive(server)).buffer[0]);
  expect([numbers, server.poll()]).toEqual([[0, 1, 2], false]);
});

test("what node:dgram keeps until the system has room is not written over", async () => {
  const { socket, handle } = await connect(await listen());
  const kept: Uint8Array[] = [];
  const send = vi.spyOn(Socket.prototype, "send").mockImplementation((...[bytes]) => {
    kept.push(bytes as unknown as Uint8Array);
  });
  const queueCount = vi.spyOn(Socket.prototype, "getSendQueueCount");
  for (const [value, waiting] of [0, 0, 1, 2, 0].entries()) {
    queueCount.mockReturnValue(waiting);
    socket.send(handle, byte(value), 1, Delivery.Unreliable);
  }
  send.mockRestore();
  queueCount.mockRestore();
  expect(kept.slice(2).map((bytes) => bytes[0])).toEqual([2, 3, 4]);
  expect(kept[1]).toBe(kept[0]);
});

import { expect, test, vi } from "vitest";
import {
  Delivery,
  type IConnectionHandle,
  MemoryNetwork,
  MemorySocketFactory,
  MultiplexSocketFactory,
  ReceivedPacket,
  type SocketFactory,
} from "../../../lib/socket/index.js";
import { UdpSocketFactory } from "../../../lib/socket/udp.js";
import { WebSocketFactory } from "../../../lib/socket/websocket-server.js";

const factories = (): SocketFactory[] => [
  new UdpSocketFactory({ host: "127.0.0.1", bindHost: "127.0.0.1", port: 0 }),
  new WebSocketFactory({ host: "127.0.0.1", bindHost: "127.0.0.1", port: 0 }),
  new MemorySocketFactory(new MemoryNetwork(), { kind: "reliable-lanes", port: 0, security: "encrypted", isTls: true }),
];

test("one server has clients of three transports, and answers each on its own", async () => {
  const kinds = factories();
  const factory = new MultiplexSocketFactory(...kinds);
  const server = factory.createServerSocket();
  await server.bind(factory.getBindEndPoint());
  const { boundPorts } = server;
  const packet = new ReceivedPacket();
  const met: IConnectionHandle[] = [];
  for (const [index, kind] of kinds.entries()) {
    const client = kind.createClientSocket();
    const handle = await client.connect(kind.getConnectEndPoint("127.0.0.1", boundPorts[index] as number));
    client.send(handle, Uint8Array.of(index), 1, Delivery.Reliable);
    client.flush();
    await vi.waitUntil(() => {
      server.tick();
      return server.poll();
    });
    server.receive(packet);
    expect(packet.buffer[packet.offset]).toBe(index);
    for (const trait of ["isStateful", "ordered", "isTls", "transport"] as const) {
      expect(packet.handle[trait]).toBe(handle[trait]);
    }
    met.push(packet.handle.copy());
    server.send(packet.handle, Uint8Array.of(100 + index), 1, Delivery.Reliable);
    server.flush();
    await vi.waitUntil(() => {
      client.tick();
      return client.poll();
    });
    client.receive(packet);
    expect(packet.buffer[packet.offset]).toBe(100 + index);
    await client.close();
  }
  expect(met.map(({ transport }) => transport)).toEqual(["udp", "websocket", "memory"]);
  expect(met.map(({ isTls }) => isTls)).toEqual([false, false, true]);
  for (const handle of met) expect(met.filter((other) => other.equals(handle))).toEqual([handle]);
  await server.close();
});

test("listens with all or with none", async () => {
  const taken = new WebSocketFactory({ port: 0 });
  const first = taken.createServerSocket();
  await first.bind(taken.getBindEndPoint());
  const network = new MemoryNetwork();
  const memory = new MemorySocketFactory(network, { port: 5 });
  const factory = new MultiplexSocketFactory(memory, new WebSocketFactory({ port: first.boundPort as number }));
  const bound = factory.createServerSocket().bind(factory.getBindEndPoint());
  await expect(bound).rejects.toMatchObject({ code: "ERR_ADDRESS_IN_USE" });
  await memory.createServerSocket().bind(memory.getBindEndPoint());
  await first.close();
});

test("has the least packet size of its factories", () => {
  expect(new MultiplexSocketFactory(...factories()).maxPacketSize).toBe(1232);
  expect(() => new MultiplexSocketFactory()).toThrow(TypeError);
});

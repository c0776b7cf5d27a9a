import { expect, test } from "vitest";
import { defineMessage, defineProtocol, NetworkClient } from "../../lib/message/index.js";
import { RoomHost, type RoomKind, RoomsClient } from "../../lib/rooms/index.js";
import { u8 } from "../../lib/serialization/index.js";
import { GnsSocketFactory } from "../../lib/socket/gns.js";
import {
  MemoryNetwork,
  MemorySocketFactory,
  MultiplexSocketFactory,
  type SocketFactory,
} from "../../lib/socket/index.js";
import { UdpSocketFactory } from "../../lib/socket/udp.js";
import { WebSocketFactory } from "../../lib/socket/websocket-server.js";
import { webTransport } from "../support/real-peers.js";

const Note = defineMessage("note", u8);
const newProtocol = () => defineProtocol({ name: "rooms", version: 1, messages: [Note] });

const echo: RoomKind = {
  capacity: 2,
  server: { tickRate: 60 },
  open({ server }) {
    server.messageHandler.register(Note, (value) => void server.sendToAll(Note, value));
  },
};

/** What a server and a client of it need. */
const memory = new MemoryNetwork();
const transports: Record<string, () => SocketFactory> = {
  "memory, datagram": () => new MemorySocketFactory(memory, { kind: "datagram" }),
  "memory, stream": () => new MemorySocketFactory(memory, { kind: "stream", port: 8 }),
  UDP: () => new UdpSocketFactory({ port: 0 }),
  "UDP, dgram": () => new UdpSocketFactory({ port: 0, implementation: "dgram" }),
  WebSocket: () => new WebSocketFactory({ port: 0 }),
  WebTransport: () => webTransport(),
  GNS: () => new GnsSocketFactory({ port: 0 }),
};

async function connected(make: () => SocketFactory, port: number | null) {
  const client = new NetworkClient({ protocol: newProtocol(), socketFactory: make() });
  client.messageHandler.register(Note, () => {});
  const rooms = new RoomsClient(client);
  await client.connect(port === null ? {} : { host: "127.0.0.1", port });
  return { client, rooms };
}

async function playThrough(players: Awaited<ReturnType<typeof connected>>[]) {
  const [one, two, three] = players as [(typeof players)[0], (typeof players)[0], (typeof players)[0]];
  const { id } = await one.rooms.joinOrCreate("echo");
  expect((await two.rooms.joinOrCreate("echo")).id).toBe(id);
  const other = await three.rooms.joinOrCreate("echo");
  expect(other.id).not.toBe(id);
  expect(players.map(({ client }) => client.player?.id)).toEqual([1, 2, 1]);
  const heard = [one, two].map(({ client }) => client.messageHandler.waitFor(Note));
  three.client.send(Note, 1);
  expect(await three.client.messageHandler.waitFor(Note)).toBe(1);
  one.client.send(Note, 2);
  expect(await Promise.all(heard)).toEqual([2, 2]);
  await two.rooms.joinById(other.id);
  const again = two.client.messageHandler.waitFor(Note);
  three.client.send(Note, 3);
  expect(await again).toBe(3);
  await two.rooms.leave();
  expect(two.rooms.room).toBe(null);
  expect(two.client.isAuthenticated).toBe(true);
}

test.each(Object.entries(transports))("%s: players create, join, change and leave rooms", async (name, make) => {
  const host = new RoomHost({ protocol: newProtocol(), socketFactory: make(), rooms: { echo } });
  await host.start();
  const port = name.startsWith("memory") ? null : (host.server.boundPort as number);
  const players = [await connected(make, port), await connected(make, port), await connected(make, port)];
  await playThrough(players);
  const ended = players.map(({ client }) => new Promise((resolve) => client.on("disconnected", resolve)));
  await host.stop();
  expect((await Promise.all(ended)).map((reason) => (reason as { code: number }).code)).toEqual([1024, 1024, 1024]);
});

test("over several transports at once, with the host's own client, all meet in one room", async () => {
  const factories = [transports.UDP, transports.WebSocket, transports.GNS] as (() => SocketFactory)[];
  const rooms: Record<string, RoomKind> = { echo: { ...echo, capacity: 10 } };
  const socketFactory = new MultiplexSocketFactory(...factories.map((make) => make()));
  const protocol = newProtocol();
  const host = new RoomHost({ protocol, socketFactory, rooms });
  const localClient = new NetworkClient({ protocol });
  const local = new RoomsClient(localClient);
  const authenticated = new Promise((resolve) => localClient.on("authenticated", resolve));
  await host.start({ localClient });
  await authenticated;
  const ports = host.server.boundPorts as number[];
  const remote = await Promise.all(factories.map((make, index) => connected(make, ports[index] as number)));
  const players = [{ client: localClient, rooms: local }, ...remote];
  const joined = [];
  for (const { rooms: one } of players) joined.push((await one.joinOrCreate("echo")).id);
  expect(new Set(joined).size).toBe(1);
  const [room] = host.rooms;
  expect(room?.server.localPlayer?.isHost).toBe(true);
  const heard = players.map(({ client }) => client.messageHandler.waitFor(Note));
  localClient.send(Note, 9);
  expect(await Promise.all(heard)).toEqual([9, 9, 9, 9]);
  await local.leave();
  expect(room?.server.localPlayer).toBe(null);
  await host.stop();
  expect(localClient.active).toBe(false);
});

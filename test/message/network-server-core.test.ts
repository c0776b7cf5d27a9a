import { expect, test } from "vitest";
import { SessionTable } from "../../lib/message/authentication/session-table.js";
import { defineMessage, defineProtocol, type NetworkServer, PlayerState } from "../../lib/message/index.js";
import { NetworkServerCore } from "../../lib/message/network-server-core.js";
import { sendToPlayers } from "../../lib/message/players/send-to-players.js";
import type { LibraryConnection } from "../../lib/peer/connection/connection.js";
import type { PeerHandler } from "../../lib/peer/index.js";
import { PeerCore } from "../../lib/peer/peer-core.js";
import { u8 } from "../../lib/serialization/index.js";
import { CuttableFactory, MessageWorld } from "../support/message-world.js";

const Note = defineMessage("note", u8);
const newProtocol = () => defineProtocol({ name: "cores", version: 1, messages: [Note] });

/** Two cores behind one Peer, which share sessions and ids: its connections go to one and the other in turn. */
async function twoCores() {
  const world = new MessageWorld({ protocol: newProtocol(), kind: "stream" });
  const { clock, factory } = world;
  const randomBytes = (size: number) => crypto.getRandomValues(new Uint8Array(size));
  const sessions = new SessionTable({}, clock, randomBytes);
  let lastId = 100;
  const protocol = newProtocol();
  const parts = { openPeer: null, sessions, nextPlayerId: () => ++lastId };
  const newCore = () => new NetworkServerCore({} as NetworkServer, { protocol, clock }, parts);
  const cores = [newCore(), newCore()] as const;
  for (const core of cores) await core.start(null);
  const coreOf = new Map<LibraryConnection, NetworkServerCore>();
  const handler: PeerHandler<LibraryConnection> = {
    onConnected: (connection) => {
      const core = cores[coreOf.size % 2] as NetworkServerCore;
      coreOf.set(connection, core);
      core.attach(connection);
    },
    onMessage: (connection, bytes, channel) => coreOf.get(connection)?.onMessage(connection, bytes, channel),
    onDisconnected: (connection, reason) => coreOf.get(connection)?.onDisconnected(connection, reason),
  };
  const { fingerprint } = protocol;
  const peer = new PeerCore(factory.createServerSocket(), factory.maxPacketSize, handler, { clock, fingerprint });
  await peer.bind(factory.getBindEndPoint());
  return { world, cores };
}

/** A client that is authenticated. */
async function join(world: MessageWorld, options = {}) {
  const { client, connecting } = world.dial(options);
  await world.until(() => client.isAuthenticated);
  await connecting;
  return client;
}

test("cores behind one Peer have their own players, whose ids are from one source", async () => {
  const { world, cores } = await twoCores();
  const clients = [await join(world), await join(world), await join(world)];
  expect(clients.map(({ player }) => player?.id)).toEqual([101, 102, 103]);
  expect(cores.map(({ players }) => [...players].map(({ id }) => id))).toEqual([[101, 103], [102]]);
  const heard: number[] = [];
  for (const [index, { messageHandler }] of clients.entries()) {
    messageHandler.register(Note, (value) => void heard.push(10 * index + value));
  }
  expect(sendToPlayers(cores[0], cores[0].players, Note, 1, () => true)).toBe(2);
  expect(sendToPlayers(cores[1], cores[1].players, Note, 2, () => true)).toBe(1);
  await world.run(100);
  expect(heard.sort()).toEqual([1, 12, 21]);
  await cores[0].stop({ code: 5, text: "" });
  await world.run(100);
  expect(clients.map(({ active }) => active)).toEqual([false, true, false]);
});

test("a session of the shared table is resumed at the core that has its player", async () => {
  const { world, cores } = await twoCores();
  const socketFactory = new CuttableFactory(world.network, { kind: "stream" });
  const client = await join(world, { socketFactory });
  await join(world);
  const [player] = cores[0].players;
  socketFactory.isCut = true;
  await world.until(() => player?.state === PlayerState.Suspended && !client.isConnected, 50);
  socketFactory.isCut = false;
  await world.until(() => client.isAuthenticated, 50);
  expect([...cores[0].players]).toEqual([player]);
  expect(player?.isAuthenticated).toBe(true);
  expect(cores[1].players.size).toBe(1);
});

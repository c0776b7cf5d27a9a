// Voice over GNS on this machine's own addresses, in one process: time is real, and every wait is for an event.
import { afterEach, expect, test, vi } from "vitest";
import { type BaseClient, ConnectionStatus } from "../../lib/comms/index.js";
import { SocketsCommsNetwork, type SocketsCommsNetworkOptions } from "../../lib/comms/sockets.js";
import { Library } from "../../lib/index.js";

const networks: SocketsCommsNetwork[] = [];
afterEach(async () => {
  for (const network of networks.splice(0).reverse()) network.stop();
  await expect.poll(() => Library.statistics.connections, { timeout: 10_000 }).toBe(0);
});

function create(options: SocketsCommsNetworkOptions): SocketsCommsNetwork {
  const network = new SocketsCommsNetwork(options);
  networks.push(network);
  network.on("fault", (error) => faults.push(error));
  return network;
}
const faults: unknown[] = [];

const until = (condition: () => boolean) => vi.waitUntil(condition, { timeout: 20_000, interval: 5 });

/** A dedicated server and clients that are connected to it and listen to `lobby`. */
async function session(names: string[], options: SocketsCommsNetworkOptions = {}) {
  const server = create({});
  server.runAsDedicatedServer({ host: "127.0.0.1", port: 0 });
  const clients = names.map((playerName) => create({ playerName, ...options }));
  for (const client of clients) {
    client.comms.rooms.join("lobby");
    client.runAsClient({ host: "127.0.0.1", port: server.boundPort as number });
  }
  await until(() =>
    clients.every(({ comms, status }) => {
      const isComplete = comms.players.filter(({ rooms }) => rooms.has("lobby")).length === names.length;
      return status === ConnectionStatus.Connected && isComplete;
    }),
  );
  return { server, clients };
}

test("clients hear each other by the server, with the frames as they were", async () => {
  const { clients, server } = await session(["Ada", "Ben", "Cleo"]);
  const [ada] = clients as [SocketsCommsNetwork];
  const heard: string[] = [];
  for (const { comms } of clients) {
    comms.on("voiceReceived", ({ frame, player }) =>
      heard.push(`${comms.localPlayerName} < ${player.name} ${frame.copy()}`),
    );
  }
  ada.comms.roomChannels.open("lobby");
  expect(ada.comms.sendVoice(Uint8Array.of(1, 2, 3))).toBe(true);
  await until(() => heard.length === 2);
  expect(heard.sort()).toEqual(["Ben < Ada 1,2,3", "Cleo < Ada 1,2,3"]);
  expect(server.server?.metrics.forwarded).toBe(2);
  expect(ada.comms.findPlayer("Ben")?.isDirect).toBe(false);
});

test("with `direct` they hear each other without the server; when that way is lost, by the server", async () => {
  const { clients, server } = await session(["Ada", "Ben"], { direct: {} });
  const [ada, ben] = clients as [SocketsCommsNetwork, SocketsCommsNetwork];
  await until(() => ada.comms.findPlayer("Ben")?.isDirect === true && ben.comms.findPlayer("Ada")?.isDirect === true);
  let heard = 0;
  ben.comms.on("voiceReceived", () => heard++);
  ada.comms.roomChannels.open("lobby");
  ada.comms.sendVoice(new Uint8Array(50));
  await until(() => heard === 1);
  expect(server.server?.metrics.forwarded).toBe(0);
  // Ben's side of it ends: both say so, and the next frame goes by the server.
  ben.client?.dropP2P((ben.comms.findPlayer("Ada") as unknown as { connection: number }).connection);
  await until(() => ada.comms.findPlayer("Ben")?.isDirect === false);
  ada.comms.sendVoice(new Uint8Array(50));
  await until(() => heard === 2);
  expect(server.server?.metrics.forwarded).toBe(1);
  expect(faults).toEqual([]);
});

test("where there is no direct way, that pair is relayed, and others are not", async () => {
  const server = create({});
  server.runAsDedicatedServer({ host: "127.0.0.1", port: 0 });
  const direct = {};
  const options = [{ direct }, { direct }, {}];
  const clients = ["Ada", "Ben", "Cleo"].map((playerName, index) => create({ playerName, ...options[index] }));
  for (const client of clients) {
    client.comms.rooms.join("lobby");
    client.runAsClient({ host: "127.0.0.1", port: server.boundPort as number });
  }
  const [ada, ben, cleo] = clients as [SocketsCommsNetwork, SocketsCommsNetwork, SocketsCommsNetwork];
  await until(() => ada.comms.findPlayer("Ben")?.isDirect === true && ada.comms.findPlayer("Cleo")?.rooms.size === 1);
  const heard: string[] = [];
  for (const { comms } of [ben, cleo]) comms.on("voiceReceived", () => heard.push(comms.localPlayerName));
  ada.comms.roomChannels.open("lobby");
  ada.comms.sendVoice(new Uint8Array(50));
  await until(() => heard.length === 2);
  expect(heard.sort()).toEqual(["Ben", "Cleo"]);
  expect(server.server?.metrics.forwarded).toBe(1);
});

test("a server that is not there, and one that goes away, are faults", async () => {
  faults.length = 0;
  const lonely = create({ config: [] });
  lonely.runAsClient({ host: "127.0.0.1", port: 1 });
  const { clients, server } = await session(["Ada"]);
  server.stop();
  await until(() => clients[0]?.status === ConnectionStatus.Disconnected);
  expect(faults).toMatchObject([{ code: "ERR_CONNECTION_LOST", reason: { text: "The server has stopped" } }]);
  lonely.stop();
});

test("a reliable packet that GNS does not take ends the session", async () => {
  const { clients } = await session(["Ada"]);
  faults.length = 0;
  const client = clients[0]?.client as unknown as BaseClient<number> & { sendReliable(): boolean };
  client.sendReliable = () => false;
  clients[0]?.comms.rooms.join("another");
  expect(faults).toMatchObject([{ code: "ERR_CONNECTION_LOST" }]);
  expect(clients[0]?.status).toBe(ConnectionStatus.Disconnected);
});

test("wrong options and a port in use say so", async () => {
  expect(() => new SocketsCommsNetwork({ direct: 7 as never })).toThrow(TypeError);
  expect(() => new SocketsCommsNetwork({ drivr: "auto" } as never)).toThrow("no option drivr");
  const server = create({});
  server.runAsDedicatedServer({ host: "127.0.0.1", port: 0 });
  faults.length = 0;
  const second = create({});
  second.runAsDedicatedServer({ host: "127.0.0.1", port: server.boundPort as number });
  expect(faults).toMatchObject([{ code: "ERR_ADDRESS_IN_USE" }]);
  expect(() => second.runAsClient({ port: 0 })).toThrow(RangeError);
});

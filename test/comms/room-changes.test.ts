// A client tells its rooms no faster than a server takes them, so that both agree in the end.
import { expect, test } from "vitest";
import { ProximityTrigger } from "../../lib/comms/index.js";
import { PacketType } from "../../lib/comms/wire/packets.js";
import { type CustomCommsNetwork, GameNetwork, settle } from "./custom-network.js";

function session() {
  const game = new GameNetwork();
  const server = game.newNetwork("server").serve();
  const clients = ["Ada", "Ben"].map((name) => game.newNetwork(name).join()) as [
    CustomCommsNetwork,
    CustomCommsNetwork,
  ];
  const networks = [server, ...clients];
  const arrive = () => settle(game, networks, 4);
  arrive();
  const roomsOnServer = (name: string) => server.server?.clients.find((one) => one.name === name)?.rooms ?? [];
  const charged: string[] = [];
  Object.assign(server.server as object, {
    charge: (_peer: string, _cost: number, text: string) => charged.push(text),
  });
  /** Lets so much time pass. */
  const wait = (seconds: number) => {
    for (let step = 0; step < 50 * seconds; step++) {
      game.clock.advance(20);
      settle(game, networks, 1);
    }
  };
  return { game, server, clients, arrive, roomsOnServer, charged, wait };
}

test("a client that changes its rooms in each turn is where it wants to be, once it keeps still", () => {
  const { arrive, charged, clients, roomsOnServer, wait } = session();
  const [ada] = clients;
  for (let turn = 0; turn < 300; turn++) {
    ada.comms.rooms.leave(`room ${turn - 1}`);
    ada.comms.rooms.join(`room ${turn}`);
    arrive();
  }
  expect(roomsOnServer("Ada")).not.toEqual(["room 299"]);
  wait(2);
  expect(roomsOnServer("Ada")).toEqual(["room 299"]);
  expect(charged).toEqual([]);
});

test("64 rooms at once, and 64 others at once: all of them, and never a 65th", () => {
  const { arrive, charged, clients, roomsOnServer, wait } = session();
  const [ada] = clients;
  const refused: string[] = [];
  ada.comms.on("roomRefused", (reason) => refused.push(reason));
  for (let room = 0; room < 64; room++) ada.comms.rooms.join(`one ${room}`);
  arrive();
  expect(roomsOnServer("Ada").length).toBe(64);
  for (let room = 0; room < 64; room++) ada.comms.rooms.leave(`one ${room}`);
  for (let room = 0; room < 64; room++) ada.comms.rooms.join(`other ${room}`);
  wait(8);
  expect(roomsOnServer("Ada")).toEqual(ada.comms.rooms.names);
  expect({ charged, refused }).toEqual({ charged: [], refused: [] });
});

test("a player that is put elsewhere again and again hears those who are there", () => {
  const { arrive, clients, wait } = session();
  const [ada, ben] = clients;
  const [there, elsewhere] = [ada, ben].map(({ comms }) => new ProximityTrigger(comms, { range: 10 })) as [
    ProximityTrigger,
    ProximityTrigger,
  ];
  there.isTransmitting = true;
  there.moveTo(10_001, 5, 5);
  for (let jump = 0; jump <= 10; jump++) elsewhere.moveTo(1000 * jump + 1, 5, 5);
  wait(4);
  let heard = 0;
  ben.comms.on("voiceReceived", () => heard++);
  ada.comms.sendVoice(Uint8Array.of(1, 2, 3));
  arrive();
  expect(heard).toBe(1);
});

test("what waits to be told is told after the connection was away, and never meanwhile", () => {
  const { arrive, clients, game, roomsOnServer, server, wait } = session();
  const [ada] = clients;
  const client = ada.client as unknown as { transportLost(): void; transportReturned(): void };
  for (let turn = 0; turn < 100; turn++) {
    ada.comms.rooms.leave(`room ${turn - 1}`);
    ada.comms.rooms.join(`room ${turn}`);
  }
  arrive();
  client.transportLost();
  server.server?.clientSuspended("Ada");
  game.sent.length = 0;
  wait(5);
  expect(game.sent.filter(({ from }) => from === "Ada")).toEqual([]);
  client.transportReturned();
  server.server?.clientResumed("Ada");
  wait(2);
  expect(roomsOnServer("Ada")).toEqual(["room 99"]);
  expect(game.sent.filter(({ bytes, from }) => from === "Ada" && bytes[2] === PacketType.DeltaClientState).length).toBe(
    2,
  );
});

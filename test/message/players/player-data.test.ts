import { expect, expectTypeOf, test } from "vitest";
import {
  defineMessage,
  defineProtocol,
  defineRequest,
  type INetworkPlayer,
  type NetworkClient,
  NetworkServer,
  PlayerState,
} from "../../../lib/message/index.js";
import { string, u8 } from "../../../lib/serialization/index.js";
import { CuttableFactory, MessageWorld } from "../../support/message-world.js";

const Note = defineMessage("note", u8);
const Ask = defineRequest("ask", u8, string(30));
const protocol = defineProtocol({ name: "data", version: 1, messages: [Note, Ask] });

interface Named {
  name: string;
}

test("stays with the player over a loss, for itself, and is seen by handlers and lists", async () => {
  const world = new MessageWorld({ protocol, server: { sessions: {} } });
  const server = world.server as NetworkServer<Named>;
  server.on("authenticated", (player) => {
    expect(player.data).toBeUndefined();
    player.data = { name: `Player ${player.id}` };
  });
  server.messageHandler.registerRequest(Ask, (_, player) => player.data.name);
  await server.start();
  const socketFactory = new CuttableFactory(world.network);
  const { client, player } = await world.join({ socketFactory });
  const { client: other } = await world.join();
  const ask = async (one: NetworkClient) => {
    let answer: string | undefined;
    one.request(Ask, 1).then((text) => {
      answer = text;
    });
    await world.until(() => answer !== undefined);
    return answer;
  };
  expect(await ask(client)).toBe("Player 1");
  expect(await ask(other)).toBe("Player 2");
  socketFactory.isCut = true;
  await world.until(() => client.player?.state === PlayerState.Suspended && !player.isConnected, 50);
  socketFactory.isCut = false;
  await world.until(() => client.isAuthenticated, 50);
  expect(await ask(client)).toBe("Player 1");
  expect(server.players.map(({ data }) => data)).toEqual([{ name: "Player 1" }, { name: "Player 2" }]);
  expect(client.player?.data).toBeUndefined();
});

test("the type of a server is that of its players, everywhere", () => {
  const server = new NetworkServer<Named>({ protocol });
  server.on("connected", (player) => expectTypeOf(player.data.name).toBeString());
  server.on("disconnected", (player) => expectTypeOf(player.data.name).toBeString());
  server.on("moved", (player) => expectTypeOf(player.data.name).toBeString());
  server.messageHandler.register(Note, (_, { data }) => void expectTypeOf(data).toEqualTypeOf<Named>());
  server.messageHandler.registerRequest(Ask, (_, { data }) => data.name);
  expectTypeOf(server.players).toEqualTypeOf<INetworkPlayer<Named>[]>();
  expectTypeOf(server.authenticatedPlayers).toEqualTypeOf<INetworkPlayer<Named>[]>();
  expectTypeOf(server.localPlayer).toEqualTypeOf<INetworkPlayer<Named> | null>();
  expectTypeOf(server.loadScene).returns.toEqualTypeOf<Promise<INetworkPlayer<Named>[]>>();
  // What takes any server or player takes these.
  expectTypeOf(server).toExtend<NetworkServer>();
  expectTypeOf<INetworkPlayer<Named>>().toExtend<INetworkPlayer>();

  server.on("connected", (player) => {
    // @ts-expect-error: a name is a string
    player.data = { name: 5 };
    // @ts-expect-error: there is no such field
    player.data?.score;
  });
  // @ts-expect-error: the answer is a string
  server.messageHandler.registerRequest(Ask, (_, { data }) => data?.name.length ?? 0);
  // @ts-expect-error: of another server
  expectTypeOf(server).toExtend<NetworkServer<{ score: number }>>();
});

test("without a type it is unknown", () => {
  const server = new NetworkServer({ protocol });
  expectTypeOf(server).toEqualTypeOf<NetworkServer<unknown>>();
  server.on("connected", (player) => {
    expectTypeOf(player.data).toBeUnknown();
    player.data = { name: "Ada" };
    // @ts-expect-error: nobody knows what it is
    player.data.name;
  });
  expectTypeOf<NonNullable<NetworkClient["player"]>["data"]>().toBeUnknown();
});

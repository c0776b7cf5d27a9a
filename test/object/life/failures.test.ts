import { expect, test } from "vitest";
import { defineProtocol, NetworkClient, NetworkServer } from "../../../lib/message/index.js";
import {
  ClientObjectManager,
  clientRpc,
  definePrefab,
  NetworkBehaviour,
  networked,
  ServerObjectManager,
  serverRpc,
} from "../../../lib/object/index.js";
import { u8 } from "../../../lib/serialization/index.js";
import { MemoryNetwork, MemorySocketFactory } from "../../../lib/socket/index.js";

test("what an object throws goes where a handler's errors go, and ends no process", async () => {
  class Shop extends NetworkBehaviour {
    async buy(item: number): Promise<number> {
      this.sold(item);
      throw new Error(`there is no ${item}`);
    }
    sold(item: number): void {
      throw new Error(`nobody wants ${item}`);
    }
  }
  networked(Shop, {}, { buy: serverRpc([u8], { returns: u8 }), sold: clientRpc([u8]) });
  const prefabs = [definePrefab("shop", { shop: Shop })];
  const heard = { server: [] as unknown[], client: [] as unknown[] };
  const logged: unknown[] = [];
  const options = (side: "server" | "client") => ({
    protocol,
    socketFactory,
    logger: { warn: (text: string, error?: unknown) => void logged.push(error ?? text) },
    onError: (error: unknown) => void heard[side].push(error),
  });
  const protocol = defineProtocol({ name: "shop", version: 1, messages: [] });
  const socketFactory = new MemorySocketFactory(new MemoryNetwork());
  const server = new NetworkServer(options("server"));
  const objects = new ServerObjectManager(server, { prefabs });
  const client = new NetworkClient(options("client"));
  const world = new ClientObjectManager(client, { prefabs });
  await server.start();
  server.on("readied", (owner) => void objects.spawn(prefabs[0] as never, { owner }));
  const spawned = new Promise<Shop>((resolve) => {
    world.on("spawned", ({ behaviours }) => resolve(behaviours.shop as Shop));
  });
  await client.connect();
  const shop = await spawned;
  await expect(shop.buy("three" as never)).rejects.toThrow('buy[0]: "three" is not a whole number from 0 to 255');
  await expect(shop.buy(3)).rejects.toMatchObject({ code: "ERR_RPC_FAILED" });
  expect(heard).toEqual({ server: [new Error("there is no 3")], client: [new Error("nobody wants 3")] });
  expect(logged).toEqual(expect.arrayContaining([...heard.server, ...heard.client]));
  expect([server.metrics.failures, client.metrics.failures]).toEqual([1, 1]);
  await client.disconnect();
  await server.stop();
});

test("managers say what they need", () => {
  const protocol = defineProtocol({ name: "shop", version: 1, messages: [] });
  const socketFactory = new MemorySocketFactory(new MemoryNetwork());
  const needed = /needs the option prefabs: prefabs must be an array of what definePrefab returns/;
  const server = new NetworkServer({ protocol, socketFactory });
  expect(() => new ServerObjectManager(server, {} as never)).toThrow(needed);
  const client = new NetworkClient({ protocol, socketFactory });
  expect(() => new ClientObjectManager(client, {} as never)).toThrow(needed);
});

// The rules, with a server and two clients in this process, over a network in memory.
import assert from "node:assert/strict";
import { test } from "node:test";
import { NetworkServer } from "valve-sockets/message";
import { MemoryNetwork, MemorySocketFactory } from "valve-sockets/socket";
import { protocol, TICK_RATE } from "../game/game.mjs";
import { Player } from "../game/player.mjs";
import { Tag } from "../game/tag.mjs";

/** Calls `check` after each tick of the server until it holds. */
const until = (server, check) =>
  new Promise((resolve) => {
    const remove = server.on("ticked", () => {
      if (!check()) return;
      remove();
      resolve();
    });
  });

test("it runs to the other and touches it: then the other is it", { timeout: 30_000 }, async () => {
  const socketFactory = new MemorySocketFactory(new MemoryNetwork());
  const server = new NetworkServer({ protocol, tickRate: TICK_RATE, socketFactory });
  const places = [0.2, 0.5, 0.5, 0.5];
  const tag = new Tag(server, () => places.shift());
  await server.start();
  const ada = new Player("Ada", () => ({ x: 1, y: 0 }), socketFactory);
  const bob = new Player("Bob", () => ({ x: 0, y: 0 }), socketFactory);
  await ada.client.connect();
  assert.equal(tag.it, [...tag.runners.values()][0]);
  await bob.client.connect();

  await until(server, () => tag.it.name === "Bob");
  assert.deepEqual(
    [...tag.runners.values()].map(({ name, catches }) => [name, catches]),
    [
      ["Ada", 1],
      ["Bob", 0],
    ],
  );
  await until(server, () => [...ada.runners].some(({ name, isIt }) => name === "Bob" && isIt));

  await bob.client.disconnect();
  await until(server, () => tag.runners.size === 1);
  assert.equal(tag.it.name, "Ada");
  await ada.client.disconnect();
  await server.stop();
});

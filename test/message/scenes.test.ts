import { describe, expect, test } from "vitest";
import { defineMessage, defineProtocol } from "../../lib/message/index.js";
import { u8 } from "../../lib/serialization/index.js";
import { CuttableFactory, MessageWorld } from "../support/message-world.js";

const Note = defineMessage("note", u8);
const newProtocol = () => defineProtocol({ name: "scenes", version: 1, messages: [Note] });

/** A promise and the function that resolves it. */
function gate() {
  let open!: () => void;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, passed };
}

async function started(sessions = false) {
  const world = new MessageWorld({ protocol: newProtocol(), kind: "stream", server: sessions ? { sessions: {} } : {} });
  const readied: number[] = [];
  world.server.on("readied", ({ id }) => void readied.push(id));
  await world.server.start();
  return { world, readied };
}

describe("readiness", () => {
  test("without a scene comes with the authentication", async () => {
    const { world, readied } = await started();
    const { player } = await world.join();
    expect(player.ready).toBe(true);
    expect(readied).toEqual([1]);
  });

  test("is reached when a player has loaded the scene; all of them open the barrier", async () => {
    const { world, readied } = await started();
    const [first, second] = [await world.join(), await world.join()];
    readied.length = 0;
    const gates = [gate(), gate()];
    const names: string[] = [];
    for (const [index, { client }] of [first, second].entries()) {
      client.onLoadScene = (name) => {
        names.push(name);
        return gates[index]?.passed;
      };
    }
    let isOpen = false;
    const loading = world.server.loadScene("castle").then(() => {
      isOpen = true;
    });
    await expect(world.server.loadScene("cave")).rejects.toMatchObject({ code: "ERR_STATE" });
    await world.run(100);
    expect(names).toEqual(["castle", "castle"]);
    expect(world.server.sendToReady(Note, 1)).toBe(0);
    gates[0]?.open();
    await world.run(100);
    expect([first.player.ready, second.player.ready, isOpen]).toEqual([true, false, false]);
    expect(world.server.sendToReady(Note, 1)).toBe(1);
    gates[1]?.open();
    await world.run(100);
    await loading;
    expect(readied).toEqual([1, 2]);
    expect(world.server.sendToReady(Note, 1)).toBe(2);
    expect(world.server.sceneName).toBe("castle");
  });

  test("late joiners load the scene that the server is in", async () => {
    const { world } = await started();
    await world.server.loadScene("castle");
    const { passed, open } = gate();
    const { client, connecting } = world.dial();
    const names: string[] = [];
    client.onLoadScene = (name) => {
      names.push(name);
      return passed;
    };
    await world.until(() => client.isAuthenticated);
    await connecting;
    await world.run(100);
    expect(names).toEqual(["castle"]);
    expect(world.server.players[0]?.ready).toBe(false);
    open();
    await world.run(100);
    expect(world.server.players[0]?.ready).toBe(true);
  });

  test("the barrier does not wait for players who leave, nor forever", async () => {
    const { world } = await started();
    const [leaver, sleeper] = [await world.join(), await world.join()];
    for (const { client } of [leaver, sleeper]) client.onLoadScene = () => new Promise(() => {});
    let opened = 0;
    void world.server.loadScene("castle", { timeoutMs: 1000 }).then(() => opened++);
    await world.run(100);
    void leaver.client.disconnect();
    await world.run(500);
    expect(opened).toBe(0);
    await world.run(500);
    expect(opened).toBe(1);
    expect(sleeper.player.ready).toBe(false);
    const second = world.server.loadScene("cave", { timeoutMs: 1000 }).then(() => opened++);
    void sleeper.client.disconnect();
    await world.run(100);
    await second;
    expect(opened).toBe(2);
  });

  test("the barrier tells who is not ready, and opens at once for whose onLoadScene has failed", async () => {
    const { world } = await started();
    const [able, unable] = [await world.join(), await world.join()];
    unable.client.onLoadScene = () => Promise.reject(new Error("file missing"));
    const loading = world.server.loadScene("castle");
    await world.run(100);
    expect(await loading).toEqual([unable.player]);
    expect([able.player.ready, unable.player.ready]).toEqual([true, false]);
    expect(world.errors).toMatchObject([{ message: "file missing" }]);
    expect(world.warnings).toEqual([
      'valve-sockets: onLoadScene of the scene "castle" failed',
      'valve-sockets: a client could not load the scene "castle"',
    ]);
    unable.client.onLoadScene = () => new Promise(() => {});
    const second = world.server.loadScene("cave", { timeoutMs: 1000 });
    await world.run(1100);
    expect(await second).toEqual([unable.player]);
    unable.client.onLoadScene = null;
    const third = world.server.loadScene("camp");
    await world.run(100);
    expect(await third).toEqual([]);
  });

  test("an answer about an earlier scene does not count", async () => {
    const { world } = await started();
    const { client, player } = await world.join();
    const gates = new Map([
      ["castle", gate()],
      ["cave", gate()],
    ]);
    client.onLoadScene = (name) => gates.get(name)?.passed;
    const castle = world.server.loadScene("castle", { timeoutMs: 100 });
    await world.run(200);
    await castle;
    void world.server.loadScene("cave");
    gates.get("castle")?.open();
    await world.run(100);
    expect(player.ready).toBe(false);
    gates.get("cave")?.open();
    await world.run(100);
    expect(player.ready).toBe(true);
    expect(player.errorFlags).toBe(0);
  });

  test("a player who comes back loads the scene again", async () => {
    const { world, readied } = await started(true);
    const socketFactory = new CuttableFactory(world.network, { kind: "stream" });
    const { client, player } = await world.join({ socketFactory });
    const names: string[] = [];
    client.onLoadScene = (name) => void names.push(name);
    const loading = world.server.loadScene("castle");
    await world.run(100);
    await loading;
    socketFactory.isCut = true;
    await world.until(() => !player.isConnected, 50);
    expect(player.ready).toBe(false);
    socketFactory.isCut = false;
    await world.until(() => player.ready, 50);
    expect(names).toEqual(["castle", "castle"]);
    expect(readied).toEqual([1, 1, 1]);
  });
});

test.each([
  ["no name", undefined, TypeError],
  ["a name over 256 bytes", "x".repeat(257), RangeError],
])("%s is refused, and the next scene is loaded", async (_what, name, type) => {
  const { world } = await started();
  await expect(world.server.loadScene(name as string)).rejects.toThrow(type);
  expect(world.server.sceneName).toBe(null);
  await world.server.loadScene("castle");
  expect(world.server.sceneName).toBe("castle");
});

import { expect, onTestFinished, test, vi } from "vitest";
import { runRooms } from "../../lib/cli/rooms-command.js";
import { defineAuthenticator, defineCredential, defineProtocol } from "../../lib/message/index.js";
import { MemoryEngine } from "../../lib/rooms/engine/index.js";
import { string } from "../../lib/serialization/index.js";
import { RoomsWorld } from "../support/rooms-world.js";

/** A host with a room in which Ada plays, and what the command prints about it. */
async function fleet() {
  const engine = new MemoryEngine();
  const login = defineAuthenticator("name", string(20), (subject) => ({ data: { subject } }));
  const world = new RoomsWorld(
    () => defineProtocol({ name: "cli", version: 1, messages: [] }),
    { arena: { capacity: 4, open: () => {} } },
    {
      ...{ engine: engine.link(), app: "test", fleetKey: [new Uint8Array(32).fill(1)] },
      door: { addresses: { memory: "memory:7777" } },
      authentication: { authenticators: [login] },
    },
  );
  await world.wait(world.host.start());
  const { rooms } = await world.connect({ credential: defineCredential("name", string(20), "Ada") });
  const { id } = await world.wait(rooms.create("arena"));
  await world.run(1000);
  const run = async (action: string, target = "", json = false, app = "test") => {
    let text = "";
    const write = vi.spyOn(process.stdout, "write").mockImplementation((part) => {
      text += part;
      return true;
    });
    let isOver = false;
    const running = runRooms(engine.link(), app, action, target, json, world.clock).finally(() => {
      isOver = true;
    });
    running.catch(() => {});
    try {
      while (!isOver) await world.run(50, 50);
      return { code: await running, text };
    } finally {
      write.mockRestore();
    }
  };
  onTestFinished(() => engine.close());
  return { world, id, run, engine, host: world.host.fleet?.id as string };
}

test("rooms status shows hosts and rooms, where tells where a player is", async () => {
  const { id, run, host } = await fleet();
  const { text, code } = await run("status");
  expect([code, text.split("\n").length]).toEqual([0, 5]);
  expect(text).toMatch(new RegExp(`^1 hosts\n {2}${host} {2}1 rooms {2}1/\\d+ players .*memory memory:7777`));
  expect(text).toMatch(new RegExp(`1 rooms\n {2}${id} {2}arena {2}${host} {2}epoch \\d+ {2}1 players\n$`));
  const { hosts, rooms } = JSON.parse((await run("status", "", true)).text);
  expect([hosts.length, rooms[0].players, rooms[0].id]).toEqual([1, 1, id]);
  expect(await run("where", "Ada")).toEqual({ code: 0, text: `${host}  room ${id}  player 1\n` });
  expect(await run("where", "Bob\u0007")).toEqual({
    code: 1,
    text: expect.stringMatching(/^Bob\\u\{7\} is not here\. .*subject\n$/),
  });
});

test("a mistyped fleet is told with those that there are, and nothing is made", async () => {
  const { run, engine } = await fleet();
  const wanted = { code: "ERR_NO_BUCKET", message: "There is no fleet tset (apps with hosts: test)" };
  for (const action of ["status", "where"]) await expect(run(action, "", false, "tset")).rejects.toMatchObject(wanted);
  await expect(engine.bucket("tset-rooms", { mustExist: true })).rejects.toMatchObject({ code: "ERR_NO_BUCKET" });
});

test("rooms drain has a host drain, undrain takes it back, and another host does not answer", async () => {
  const { world, run, host } = await fleet();
  await expect(run("drain", "nobody")).rejects.toMatchObject({ code: "ERR_NO_RESPONDERS" });
  expect(await run("drain", host)).toEqual({ code: 0, text: `${host} has been told to drain\n` });
  expect((await run("status")).text).toContain("draining");
  expect((await run("undrain", host)).code).toBe(0);
  expect((await run("status")).text).not.toContain("draining");
  expect(world.host.server.active).toBe(true);
});

import { expect, test } from "vitest";
import {
  askServer,
  Channel,
  defineMessage,
  defineProtocol,
  type INetworkPlayer,
  type NetworkServerOptions,
} from "../../lib/message/index.js";
import type { LibraryConnection } from "../../lib/peer/connection/connection.js";
import { u8 } from "../../lib/serialization/index.js";
import { MessageWorld, turn } from "../support/message-world.js";

// Vitest fails for a rejection that nobody handles; it would end the process of a server.

const Note = defineMessage("note", u8);
const fail = (text: string) => async () => Promise.reject(new Error(text));

/** A server whose player sends a message that cannot be read, until it is too much. */
async function spoiled(server: Partial<NetworkServerOptions>) {
  const protocol = defineProtocol({ name: "callbacks", version: 1, messages: [Note] });
  const world = new MessageWorld({ protocol, server });
  await world.server.start();
  const { client } = await world.join();
  for (let count = 0; count < 30; count++)
    client.player?.connection?.send(new Uint8Array([protocol.messages.indexOf(Note)]), Channel.Reliable);
  await world.run(200);
  await turn();
  return { world, texts: world.errors.map((error) => (error as Error).message) };
}

test("an onErrorLimit that rejects is reported", async () => {
  const { texts } = await spoiled({ onErrorLimit: fail("no list of bans") as () => void });
  expect(texts).toContain("no list of bans");
});

test("an onError that rejects is a warning", async () => {
  const onErrorLimit = () => {
    throw new Error("a mistake");
  };
  const { world } = await spoiled({ onErrorLimit, onError: fail("no disk") as () => void });
  expect(world.warnings.filter((text) => text.includes("onError threw")).length).toBeGreaterThan(0);
});

test("a trace that rejects ends, and the server goes on", async () => {
  const { world } = await spoiled({ trace: fail("no disk") as () => void });
  expect(world.warnings.filter((text) => text.includes("the trace cannot be written")).length).toBe(1);
  expect((await world.join()).client.isAuthenticated).toBe(true);
});

test("a trace that ends records no packet any more: of those who are there, and of those who come", async () => {
  let isFull = false;
  const trace = () => {
    if (isFull) throw new Error("no disk");
  };
  const protocol = defineProtocol({ name: "callbacks", version: 1, messages: [Note] });
  const world = new MessageWorld({ protocol, server: { trace, traceDetail: "packets" } });
  await world.server.start();
  const { client, player } = await world.join();
  const isRecorded = (one: INetworkPlayer) => (one.connection as LibraryConnection | null)?.observer !== null;
  expect(isRecorded(player)).toBe(true);
  isFull = true;
  client.send(Note, 1);
  await world.run(50);
  const { player: other } = await world.join();
  expect([isRecorded(player), isRecorded(other)]).toEqual([false, false]);
  expect(world.warnings.filter((text) => text.includes("the trace cannot be written")).length).toBe(1);
});

test("an extension's hook that rejects is reported", async () => {
  const protocol = defineProtocol({ name: "callbacks", version: 1, messages: [Note] });
  const world = new MessageWorld({ protocol });
  world.server.use({ playerAuthenticated: fail("no table") as () => void });
  await world.server.start();
  await world.join();
  await turn();
  expect(world.errors.map((error) => (error as Error).message)).toEqual(["no table"]);
});

test("an async info answers nobody, and is reported", async () => {
  const protocol = defineProtocol({ name: "callbacks", version: 1, messages: [Note] });
  const world = new MessageWorld({ protocol, kind: "datagram", server: { info: fail("no name") as never } });
  await world.server.start();
  const asking = askServer({ socketFactory: world.factory, clock: world.clock, timeoutMs: 900 });
  asking.catch(() => {});
  await world.run(1500);
  await expect(asking).rejects.toMatchObject({ code: "ERR_CONNECT_FAILED" });
  const texts = world.errors.map((error) => (error as Error).message);
  expect(texts).toContain("no name");
  expect(texts).toContain("info answers at once: a promise would come too late");
});

test.each([
  [
    "throws",
    () => {
      throw new Error("no disk");
    },
  ],
  ["rejects", fail("no disk")],
  [
    "accepts and rejects",
    async (_: unknown, accept: () => unknown) => {
      accept();
      throw new Error("no disk");
    },
  ],
])("an onStream that %s is reported, and the sender hears of it", async (_, onStream) => {
  const protocol = defineProtocol({ name: "callbacks", version: 1, messages: [Note] });
  const world = new MessageWorld({ protocol });
  await world.server.start();
  const { client, player } = await world.join();
  for (const [from, to] of [
    [client.player, player],
    [player, client.player],
  ]) {
    if (to?.connection) to.connection.onStream = onStream;
    const writer = from?.connection?.openStream().writable.getWriter();
    const written = writer?.write(new Uint8Array(1_000_000)).catch((error) => error);
    await world.run(300);
    expect(await written).toMatchObject({ reason: { code: 1002 } });
  }
  expect(world.errors.map((error) => (error as Error).message)).toEqual(["no disk", "no disk"]);
});

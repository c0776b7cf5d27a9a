import { expect, test } from "vitest";
import { defineMessage, defineProtocol, defineRequest, NetworkClient } from "../../lib/message/index.js";
import { u8 } from "../../lib/serialization/index.js";
import { DisconnectCode } from "../../lib/socket/index.js";
import { MessageWorld } from "../support/message-world.js";

const Note = defineMessage("note", u8);
const newProtocol = () => defineProtocol({ name: "complaints", version: 1, messages: [Note] });

test("a message without a handler is told of once for each connection, and then counted", async () => {
  const world = new MessageWorld({ protocol: newProtocol() });
  await world.server.start();
  const { client, player } = await world.join();
  for (let count = 0; count < 25; count++) player.send(Note, 1);
  await world.run(200);
  const text = "valve-sockets: from the server: No handler for note";
  const repeated = "valve-sockets: 10 times: from the server: No handler for note";
  expect(world.warnings).toEqual([text, repeated]);
  await Promise.all([client.disconnect(), world.run(500)]);
  void client.connect();
  await world.until(() => client.isAuthenticated);
  world.server.sendToAll(Note, 1);
  await world.run(200);
  expect(world.warnings).toEqual([text, repeated, text]);
});

test("a server tells of each message without a handler once, counts it, and names it in the reason", async () => {
  const Ask = defineRequest("ask", u8, u8);
  const world = new MessageWorld({
    protocol: defineProtocol({ name: "complaints", version: 1, messages: [Note, Ask] }),
    kind: "stream",
  });
  await world.server.start();
  const { client } = await world.join();
  const reasons: unknown[] = [];
  client.on("disconnected", (reason) => reasons.push(reason));
  const asked = client.request(Ask, 1);
  asked.catch(() => {});
  for (let count = 0; count < 10; count++) client.send(Note, 1);
  await world.run(200);
  await expect(asked).rejects.toMatchObject({
    code: "ERR_REQUEST_FAILED",
    message: "There is no handler for ask on the other side; its log has more",
  });
  expect(world.warnings).toEqual([
    "valve-sockets: from a client: No handler for ask",
    "valve-sockets: from a client: No handler for note",
    "valve-sockets: 10 times: from a client: No handler for note",
  ]);
  expect(world.server.metrics.unhandled).toBe(11);
  const text = "Too many errors, the last: No handler for note";
  expect(reasons).toEqual([{ code: DisconnectCode.ErrorLimit, text }]);
});

test("a text of the other side stays in its line of the log", async () => {
  const world = new MessageWorld({ protocol: newProtocol() });
  await world.server.start();
  const { client, player } = await world.join();
  client.messageHandler.register(Note, () => {
    throw new Error("Eve\n\u202esays");
  });
  for (let count = 0; count < 10; count++) player.send(Note, 1);
  await world.run(200);
  expect(world.warnings.at(-1)).toBe("valve-sockets: 10 times: the handler of note failed: Eve\\u{a}\\u{202e}says");
});

test("a beforeAccept that does not decide in time is told to onError, the log and the client", async () => {
  const world = new MessageWorld({
    protocol: newProtocol(),
    kind: "stream",
    server: { beforeAccept: () => new Promise(() => {}), peer: { handshakeTimeoutMs: 300 } },
  });
  await world.server.start();
  const { connecting } = world.dial();
  await world.run(500);
  const text = expect.stringMatching(/^beforeAccept has not decided about .* within 300 ms/);
  expect(world.errors).toMatchObject([{ code: "ERR_HANDSHAKE_TIMEOUT", message: text }]);
  expect(world.warnings).toEqual(["valve-sockets: beforeAccept failed"]);
  await expect(connecting).rejects.toMatchObject({
    code: "ERR_HANDSHAKE_TIMEOUT",
    message: expect.stringMatching(
      /^The server localhost:7777 \(Memory\).*The server has not decided in time.*beforeAccept/,
    ),
  });
});

test("onLoadScene takes a function or null", () => {
  const client = new NetworkClient({ protocol: newProtocol() });
  const load = () => {};
  client.onLoadScene = load;
  expect(client.onLoadScene).toBe(load);
  client.onLoadScene = null;
  for (const wrong of [5, "scene", {}, undefined]) {
    const set = () => {
      client.onLoadScene = wrong as never;
    };
    expect(set).toThrow(expect.objectContaining({ name: "TypeError", code: "ERR_INVALID_ARG_TYPE" }));
  }
});

import { expect, test } from "vitest";
import { defineMessage, defineProtocol, type ErrorSource } from "../../lib/message/index.js";
import type { NotifyCallbacks } from "../../lib/peer/index.js";
import { string } from "../../lib/serialization/index.js";
import { MessageWorld } from "../support/message-world.js";

const Chat = defineMessage("chat", string(100));

async function joined(onError: (error: unknown, source: ErrorSource) => void = () => {}) {
  const protocol = defineProtocol({ name: "notify", version: 1, messages: [Chat] });
  const world = new MessageWorld({ protocol, server: { onError }, client: { onError } });
  await world.server.start();
  const { client, player } = await world.join();
  for (const end of [world.server, client]) end.messageHandler.register(Chat, () => {});
  return { world, client, player };
}

const nothing = () => {};

test.each([
  ["a misspelt name", { onDeliverd: nothing, onLost: nothing }, "ERR_UNKNOWN_OPTION"],
  ["one is missing", { onDelivered: nothing }, "ERR_INVALID_ARG_TYPE"],
  ["one is no function", { onDelivered: nothing, onLost: 5 }, "ERR_INVALID_ARG_TYPE"],
  ["a number", 5, "ERR_INVALID_ARG_TYPE"],
  ["nothing", undefined, "ERR_INVALID_ARG_TYPE"],
])("callbacks of a notify message are checked: %s", async (_what, callbacks, code) => {
  const { client, player } = await joined();
  for (const sender of [client, player, player.connection]) {
    const send = () =>
      sender && "notify" in sender
        ? sender.sendNotify(Chat, "x", callbacks as NotifyCallbacks)
        : sender?.sendNotify(new Uint8Array(1), callbacks as NotifyCallbacks);
    expect(send).toThrow(expect.objectContaining({ code }));
  }
});

test("what they throw goes to onError, and the other messages of the packet are told of", async () => {
  const errors: [unknown, string | undefined][] = [];
  const { world, client, player } = await joined((error, { message }) => errors.push([error, message?.name]));
  const told: string[] = [];
  for (const [name, sender] of Object.entries({ client, player })) {
    const failure = new Error(name);
    const failing = () => {
      throw failure;
    };
    sender.sendNotify(Chat, "first", { onDelivered: failing, onLost: failing });
    sender.sendNotify(Chat, "second", { onDelivered: () => told.push(name), onLost: nothing });
  }
  await world.run(500);
  expect(errors.map(([error, name]) => [(error as Error).message, name]).sort()).toEqual([
    ["client", "chat"],
    ["player", "chat"],
  ]);
  expect(told.sort()).toEqual(["client", "player"]);
});

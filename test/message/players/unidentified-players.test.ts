import { describe, expect, test } from "vitest";
import {
  defineMessage,
  defineProtocol,
  ErrorFlags,
  type MessageDefinition,
  type NetworkServerOptions,
  sharedSecretAuthenticator,
  sharedSecretCredential,
} from "../../../lib/message/index.js";
import type { ProtocolCore } from "../../../lib/message/protocol/protocol.js";
import { HelloMessage, TableMessage } from "../../../lib/message/protocol/system-messages.js";
import { Channel } from "../../../lib/peer/index.js";
import { u8 } from "../../../lib/serialization/index.js";
import { DisconnectCode, type MemorySocketKind } from "../../../lib/socket/index.js";
import { MessageWorld } from "../../support/message-world.js";
import { connectRaw, NO_TICKET } from "../../support/raw-ends.js";

const Note = defineMessage("note", u8);
/** It is sorted behind `note`, whose number stays the same. */
const Extra = defineMessage("zone", u8, { optional: true });
const newProtocol = (...more: MessageDefinition<unknown>[]) =>
  defineProtocol({ name: "unidentified", version: 1, messages: [Note, ...more] });

/** A connection that can send any message of its protocol at any time. */
async function unidentified(protocol = newProtocol(), server: Partial<NetworkServerOptions> = {}) {
  const world = new MessageWorld({ protocol: newProtocol(), kind: "stream", server });
  const heard: number[] = [];
  world.server.messageHandler.register(Note, (value) => void heard.push(value));
  await world.server.start();
  const { heard: answers, reasons, say } = await connectRaw(world, protocol);
  return { world, heard, reasons, answers, say };
}

describe("a connection", () => {
  test("is a player after its hello", async () => {
    const { world, heard, say } = await unidentified();
    expect(world.server.players).toEqual([]);
    await say(HelloMessage, { resumes: false, ticket: NO_TICKET });
    expect(world.server.authenticatedPlayers.length).toBe(1);
    await say(Note, 1);
    expect(heard).toEqual([1]);
  });

  test("is a player as well after a message that has overtaken the hello, which may follow once", async () => {
    const { world, heard, reasons, say } = await unidentified();
    await say(Note, 1);
    await say(HelloMessage, { resumes: false, ticket: NO_TICKET });
    expect(heard).toEqual([1]);
    const [player] = world.server.players;
    expect(player?.errorFlags).toBe(0);
    await say(HelloMessage, { resumes: false, ticket: NO_TICKET });
    expect(player?.errorFlags).toBe(ErrorFlags.InvalidState);
    expect(reasons).toEqual([DisconnectCode.InvalidPacket]);
  });

  test("that sends no hello is disconnected", async () => {
    const { world, reasons } = await unidentified();
    await world.run(6000);
    expect(reasons).toEqual([DisconnectCode.HandshakeTimeout]);
    expect(world.server.players).toEqual([]);
  });

  test("with another protocol is ignored before its table", async () => {
    const protocol = newProtocol(Extra);
    const { world, heard, answers, say } = await unidentified(protocol);
    await say(Note, 1);
    expect(heard).toEqual([]);
    expect(world.server.players).toEqual([]);
    await say(TableMessage, (protocol as ProtocolCore).encodeTable());
    expect(answers).toMatchObject([{ message: TableMessage }]);
    await say(HelloMessage, { resumes: false, ticket: NO_TICKET });
    expect(world.server.authenticatedPlayers.length).toBe(1);
  });

  test("with a table that cannot be read is disconnected", async () => {
    const { reasons, say } = await unidentified(newProtocol(Extra));
    await say(TableMessage, Uint8Array.of(255, 255, 255));
    expect(reasons).toEqual([DisconnectCode.ProtocolMismatch]);
  });

  test("that wants to resume at a server without sessions is disconnected without an event", async () => {
    const { world, reasons, say } = await unidentified();
    const events: string[] = [];
    world.server.on("connected", () => void events.push("connected"));
    world.server.on("disconnected", () => void events.push("disconnected"));
    await say(HelloMessage, { resumes: true, ticket: NO_TICKET });
    const proof = world.server.protocol.messages.find(({ name }) => name === "network/proof");
    await say(proof as never, { method: "network/session", payload: new Uint8Array(80) } as never);
    expect(reasons).toEqual([DisconnectCode.SessionUnknown]);
    expect(events).toEqual([]);
  });
});

const kinds: MemorySocketKind[] = ["datagram", "reliable-lanes", "stream"];

test.each(kinds)("over %s, what overtakes the welcome on other lanes waits for it", async (kind) => {
  const SECRET = "correct horse battery staple";
  const authentication = { authenticators: [sharedSecretAuthenticator(SECRET)] };
  const world = new MessageWorld({ protocol: newProtocol(), kind, server: { authentication } });
  world.server.on("authenticated", (player) => {
    for (let value = 0; value < 40; value++) player.send(Note, value, Channel.Reliable, value % 4);
  });
  await world.server.start();
  const { client, connecting } = world.dial({ credential: sharedSecretCredential(SECRET) });
  const heard: (number | string)[] = [];
  client.on("authenticated", () => void heard.push("authenticated"));
  client.messageHandler.register(Note, (value) => void heard.push(value));
  await world.until(() => client.isAuthenticated);
  await connecting;
  await world.run(300);
  expect(heard[0]).toBe("authenticated");
  const notes = heard.slice(1) as number[];
  for (let lane = 0; lane < 4; lane++) {
    const expected = Array.from({ length: 10 }, (_, index) => index * 4 + lane);
    expect(notes.filter((value) => value % 4 === lane)).toEqual(expected);
  }
});

import { expect, test } from "vitest";
import {
  defineMessage,
  defineProtocol,
  defineRequest,
  type INetworkPlayer,
  NetworkClient,
  NetworkServer,
  sharedSecretAuthenticator,
  sharedSecretCredential,
  signedTokenAuthenticator,
  signedTokenCredential,
} from "../../lib/message/index.js";
import { bytes, decode, encode, string, struct, u8 } from "../../lib/serialization/index.js";
import { MessageWorld } from "../support/message-world.js";

const Chat = defineMessage("chat", struct({ text: string(20) }));
const Ask = defineRequest("ask", u8, u8);
const newProtocol = () => defineProtocol({ name: "codes", version: 1, messages: [Chat, Ask] });
const protocol = newProtocol();
const wrong = undefined as never;

test.each<[string, () => unknown]>([
  ["new NetworkServer()", () => new NetworkServer(wrong)],
  ["new NetworkClient()", () => new NetworkClient(wrong)],
  ["a server without a protocol", () => new NetworkServer({} as never)],
  ["a client without a protocol", () => new NetworkClient({} as never)],
  ["authentication: {}", () => new NetworkServer({ protocol, authentication: {} as never })],
  [
    "two authenticators alike",
    () =>
      new NetworkServer({
        protocol,
        authentication: { authenticators: [sharedSecretAuthenticator("a"), sharedSecretAuthenticator("b")] },
      }),
  ],
  ["sharedSecretAuthenticator()", () => sharedSecretAuthenticator(wrong)],
  ["sharedSecretAuthenticator(5)", () => sharedSecretAuthenticator(5 as never)],
  ["sharedSecretCredential('')", () => sharedSecretCredential("")],
  ["signedTokenAuthenticator()", () => signedTokenAuthenticator(wrong)],
  ["signedTokenAuthenticator({})", () => signedTokenAuthenticator({} as never)],
  ["signedTokenCredential()", () => signedTokenCredential(wrong)],
  ["defineProtocol()", () => defineProtocol(wrong)],
  ["defineProtocol without messages", () => defineProtocol({ name: "a", version: 1 } as never)],
  ["defineProtocol without a name", () => defineProtocol({ version: 1, messages: [] } as never)],
  ["defineProtocol of nothing", () => defineProtocol({ name: "a", version: 1, messages: [wrong] })],
  [
    "two messages of one name",
    () => defineProtocol({ name: "a", version: 1, messages: [Chat, defineMessage("chat", u8)] }),
  ],
  ["defineMessage without a name", () => defineMessage(wrong, u8)],
  ["defineMessage with an empty name", () => defineMessage("", u8)],
  ["defineMessage with a reserved name", () => defineMessage("network/x", u8)],
  ["defineMessage without a codec", () => defineMessage("a", wrong)],
  ["defineRequest without a codec", () => defineRequest("a", wrong, u8)],
  ["defineRequest without a codec of the answer", () => defineRequest("a", u8, wrong)],
  ["encode", () => encode(u8, 300)],
  ["encode of nothing", () => encode(Chat.codec, wrong)],
  ["decode of nothing", () => decode(u8, wrong)],
  ["a text over its limit", () => encode(string(2), "abc")],
  ["bytes over their limit", () => encode(bytes(2), new Uint8Array(3))],
])("%s has an error with a code", (_name, call) => {
  expect(call).toThrow(expect.objectContaining({ code: expect.stringMatching(/^ERR_/) }));
});

test("wrong calls of a server, a client and a player have errors with codes, which name the message", async () => {
  const world = new MessageWorld({ protocol: newProtocol() });
  await world.server.start();
  const { client, player } = await world.join();
  const callbacks = { onDelivered: () => {}, onLost: () => {} };
  const isType = (message: RegExp) =>
    expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE", message: expect.stringMatching(message) });
  for (const end of [client, player as Pick<INetworkPlayer, "send" | "sendNotify" | "request">]) {
    expect(() => end.send(Chat, { text: 5 as never })).toThrow(isType(/^chat\.text: 5 is not/));
    expect(() => end.send(Chat, wrong)).toThrow(isType(/^chat: undefined is not/));
    expect(() => end.send(wrong, 1)).toThrow(isType(/^message must be/));
    expect(() => end.sendNotify(Chat, wrong, callbacks)).toThrow(isType(/^chat: /));
    await expect(end.request(Ask, 300)).rejects.toMatchObject({ code: "ERR_OUT_OF_RANGE" });
    await expect(end.request(wrong, 1)).rejects.toMatchObject({ code: "ERR_INVALID_ARG_TYPE" });
  }
  expect(() => world.server.sendToAll(Chat, wrong)).toThrow(isType(/^chat: /));
  expect(() => world.server.on("joined" as never, () => {})).toThrow(isType(/There is no event joined/));
  expect(() => client.on("connected", wrong)).toThrow(isType(/listener/));
  expect(() => world.server.messageHandler.register(Chat, wrong)).toThrow(isType(/handler must be/));
});

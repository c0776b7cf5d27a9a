import { expect, test } from "vitest";
import {
  Channel,
  defineAuthenticator,
  defineCredential,
  defineMessage,
  defineProtocol,
  defineRequest,
  NetworkClient,
  NetworkServer,
} from "../../lib/message/index.js";
import { generateServerKey, HandshakeState, PacketSealer } from "../../lib/noise/index.js";
import { nodePrimitives } from "../../lib/noise/node-primitives.js";
import {
  ClientObjectManager,
  definePrefab,
  NetworkBehaviour,
  networked,
  ServerObjectManager,
} from "../../lib/object/index.js";
import { Peer } from "../../lib/peer/index.js";
import { RoomsClient } from "../../lib/rooms/index.js";
import { string, struct, u8 } from "../../lib/serialization/index.js";
import {
  LagSocketFactory,
  MemoryNetwork,
  MemorySocketFactory,
  MultiplexSocketFactory,
} from "../../lib/socket/index.js";
import { UdpSocketFactory } from "../../lib/socket/udp.js";
import { WebSocketFactory } from "../../lib/socket/websocket-server.js";
import { MessageWorld } from "../support/message-world.js";

const Chat = defineMessage("chat", struct({ text: string(20) }));
const protocol = defineProtocol({ name: "mistakes", version: 1, messages: [Chat] });
const Ship = networked(class Ship extends NetworkBehaviour {}, { health: u8 });
const primitives = nodePrimitives();
const key = generateServerKey(primitives);
const wrong = undefined as never;

const server = (options: object) => () => new NetworkServer({ protocol, ...options });
const client = (options: object) => () => new NetworkClient({ protocol, ...options });
const on = (name: unknown) => server({ socketFactory: factory() })().on(name as never, () => {});
const factory = () => new MemorySocketFactory(new MemoryNetwork());
const webSocket = (host: string) => () => new WebSocketFactory({ host });
const udp = (host: string) => () => new UdpSocketFactory().getConnectEndPoint(host, 7777);

// What a newcomer writes, and what the error has to say about what to write in its place.
test.each<[string, () => unknown, string, RegExp]>([
  ["spin", server({ spin: 50 }), "ERR_UNKNOWN_OPTION", /UdpSocketFactory has it.*spin: 50/],
  ["a port", server({ port: 7777 }), "ERR_UNKNOWN_OPTION", /the socket factory has it.*new WebSocketFactory/],
  ["maxConnections", server({ maxConnections: 9 }), "ERR_UNKNOWN_OPTION", /peer: \{ maxConnections/],
  ["a timeout of the Peer", client({ timeoutMs: 9 }), "ERR_UNKNOWN_OPTION", /peer: \{ timeoutMs/],
  ["a protocol's name", server({ protocol: "mistakes" }), "ERR_INVALID_ARG_TYPE", /what defineProtocol returns/],
  ["a class", server({ socketFactory: UdpSocketFactory }), "ERR_INVALID_ARG_TYPE", /socket factory.*use `new`/],
  ["a transport's name", server({ socketFactory: "udp" }), "ERR_INVALID_ARG_TYPE", /new WebSocketFactory/],
  ["a secret", client({ credential: "secret" }), "ERR_INVALID_ARG_TYPE", /sharedSecretCredential/],
  [
    "a function",
    server({ authentication: { authenticators: [() => ({})] } }),
    "ERR_INVALID_ARG_TYPE",
    /an authenticator, such as/,
  ],
  [
    "primitives not called",
    server({ peer: { encryption: { primitives: nodePrimitives } } }),
    "ERR_INVALID_ARG_TYPE",
    /nodePrimitives\(\) returns.*call it/,
  ],
  [
    "the public key on the server",
    server({ peer: { encryption: { primitives, serverKeys: [key.publicKey] } } }),
    "ERR_BAD_SERVER_KEY",
    /vs1private_ is needed/,
  ],
  [
    "the private key on the client",
    client({ peer: { encryption: { primitives, serverKey: key.privateKey } } }),
    "ERR_BAD_SERVER_KEY",
    /vs1public_ is needed/,
  ],
  ["no primitives", () => generateServerKey(wrong), "ERR_INVALID_ARG_TYPE", /nodePrimitives\(\)/],
  ["no options", () => new HandshakeState(wrong), "ERR_INVALID_ARG_TYPE", /primitives/],
  ["a short key", () => new PacketSealer(primitives, new Uint8Array(5)), "ERR_OUT_OF_RANGE", /32 bytes, not 5/],
  ["no codec", () => defineMessage("a", wrong), "ERR_INVALID_ARG_TYPE", /such as struct/],
  ["fields", () => defineMessage("a", { text: string(9) } as never), "ERR_INVALID_ARG_TYPE", /with struct/],
  ["a codec not called", () => defineMessage("a", string as never), "ERR_INVALID_ARG_TYPE", /call the function/],
  ["no answer", () => defineRequest("a", u8, wrong), "ERR_INVALID_ARG_TYPE", /codec of the answer, such as/],
  ["a field not called", () => struct({ text: string as never }), "ERR_INVALID_ARG_TYPE", /^text.*call it/],
  ["a host with a port", udp("localhost:7777"), "ERR_OUT_OF_RANGE", /given as `port`/],
  ["a host with a scheme", udp("udp://localhost"), "ERR_OUT_OF_RANGE", /no URL: .*given as `port`/],
  ["a page's URL", webSocket("https://localhost:1"), "ERR_OUT_OF_RANGE", /^host must be .*a whole ws: or wss: URL/],
  ["a broken URL", webSocket("wss://[::"), "ERR_OUT_OF_RANGE", /a whole ws: or wss: URL/],
  ["a message as an event", () => on("chat"), "ERR_INVALID_ARG_TYPE", /^There is no event chat; .*messageHandler/],
  ["a message's definition as an event", () => on(Chat), "ERR_INVALID_ARG_TYPE", /^There is no such event; .*register/],
  ["an IPv6 host with a port", udp("[::1]:7777"), "ERR_OUT_OF_RANGE", /given as `port`/],
  [
    "a factory in place of a socket",
    () => new Peer(factory() as never, 1200, wrong),
    "ERR_INVALID_ARG_TYPE",
    /^socket/,
  ],
  ["no inner factory", () => new LagSocketFactory(wrong), "ERR_INVALID_ARG_TYPE", /^inner must be a socket factory/],
  ["no network", () => new MemorySocketFactory(wrong), "ERR_INVALID_ARG_TYPE", /^network/],
  [
    "a manager of the other side",
    () => new ClientObjectManager(server({ socketFactory: factory() })() as never, { prefabs: [] }),
    "ERR_INVALID_ARG_TYPE",
    /^client must be a NetworkClient/,
  ],
  [
    "a manager of the client",
    () => new ServerObjectManager(client({ socketFactory: factory() })() as never, { prefabs: [] }),
    "ERR_INVALID_ARG_TYPE",
    /^server must be a NetworkServer/,
  ],
  [
    "rooms of a server",
    () => new RoomsClient(server({ socketFactory: factory() })() as never),
    "ERR_INVALID_ARG_TYPE",
    /^client must be a NetworkClient/,
  ],
  ["a class as behaviours", () => definePrefab("ship", Ship as never), "ERR_INVALID_ARG_TYPE", /\{ ship: Ship \}/],
  [
    "a member not called",
    () => networked(class A extends NetworkBehaviour {}, { name: string as never }),
    "ERR_INVALID_ARG_TYPE",
    /^A.name: .*call it/,
  ],
  ["no factories", () => new MultiplexSocketFactory(), "ERR_INVALID_ARG_TYPE", /needs other factories/],
  ["a list", () => new MultiplexSocketFactory([factory()] as never), "ERR_INVALID_ARG_TYPE", /a socket factory/],
])("%s: the error says what is wanted", (_name, call, code, message) => {
  expect(call).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
});

test.each(["::1", "fe80::1%eth0", "2001:db8::7777:1"])("%s is a host without a port", (host) => {
  expect(udp(host)).not.toThrow();
});

test("a Peer's end points are not ports or addresses", async () => {
  const newPeer = () => new Peer(factory().createServerSocket(), 1200, { onMessage() {} });
  const refused = { code: "ERR_INVALID_ARG_TYPE", message: expect.stringMatching(/^endPoint must be an end point/) };
  await expect(newPeer().bind(7777 as never)).rejects.toMatchObject(refused);
  await expect(newPeer().connect("localhost:7777" as never)).rejects.toMatchObject(refused);
});

test("a message that is too large is named, with what to do; a name is no message", async () => {
  const Level = defineMessage("level", string(100_000));
  const Shot = defineMessage("shot", string(100_000), { channel: Channel.Unreliable });
  const protocol = defineProtocol({ name: "large", version: 1, messages: [Level, Shot] });
  const world = new MessageWorld({ protocol });
  await world.server.start();
  const { client, player } = await world.join();
  const tooLarge = (text: RegExp) =>
    expect.objectContaining({ code: "ERR_MESSAGE_SIZE", message: expect.stringMatching(text) });
  const text = "x".repeat(70_000);
  const reliable = tooLarge(
    /^level: A message has at most 60000 bytes here, not \d+: .*maxReliableMessageSize.*openStream/,
  );
  expect(() => client.send(Level, text)).toThrow(reliable);
  expect(() => world.server.sendToAll(Level, text)).toThrow(reliable);
  const unreliable = tooLarge(/^shot: A message has at most 16384 bytes here, not \d+: send it on Channel.Reliable/);
  expect(() => player.send(Shot, text)).toThrow(unreliable);
  expect(() => client.send("level" as never, text as never)).toThrow(
    expect.objectContaining({
      code: "ERR_INVALID_ARG_TYPE",
      message: 'message must be what defineMessage returns, and not a name such as "level"',
    }),
  );
});

test("who sends before the client has connected is told so once, and after the end nobody is", async () => {
  const world = new MessageWorld({ protocol: defineProtocol({ name: "mistakes", version: 1, messages: [Chat] }) });
  await world.server.start();
  const client = world.newClient();
  const connecting = client.connect();
  for (let count = 0; count < 5; count++) expect(client.send(Chat, { text: "" })).toBe(false);
  expect(await client.notify(Chat, { text: "" })).toBe(false);
  const warning =
    "valve-sockets: client.send: nothing is sent before the client has connected. Await client.connect() first";
  expect(world.warnings).toEqual([warning]);
  await world.until(() => client.isAuthenticated);
  await connecting;
  expect(client.send(Chat, { text: "" })).toBe(true);
  const ending = client.disconnect();
  await world.run(3000);
  await ending;
  for (let count = 0; count < 20; count++) expect(client.send(Chat, { text: "" })).toBe(false);
  expect(world.warnings.filter((text) => text.includes("client.send"))).toHaveLength(1);
});

test("a channel is one of Channel's, and the error says which", () => {
  const text = "channel must be Channel.Reliable, Channel.Unreliable or Channel.Sequenced";
  const wrong = expect.objectContaining({ code: "ERR_OUT_OF_RANGE", message: expect.stringContaining(text) });
  expect(() => defineMessage("wrong", u8, { channel: "unreliable" as never })).toThrow(wrong);
});

test("whom a message is for is a list of players", async () => {
  const world = new MessageWorld({ protocol: defineProtocol({ name: "mistakes", version: 1, messages: [Chat] }) });
  await world.server.start();
  const { player } = await world.join();
  const refused = (text: RegExp) =>
    expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE", message: expect.stringMatching(text) });
  const value = { text: "" };
  expect(() => world.server.sendToMany(player as never, Chat, value)).toThrow(refused(/^players must be a list/));
  expect(() => world.server.sendToMany([1 as never], Chat, value)).toThrow(refused(/^Each of players/));
  expect(() => world.server.sendToAll(Chat, value, { exclude: 1 as never })).toThrow(
    refused(/^exclude must be a player or a list of players/),
  );
  expect(world.server.sendToMany([player], Chat, value, { exclude: null })).toBe(1);
});

test.each([true, false, undefined, "Ada", { refused: true }])(
  "an authenticator that answers %s admits nobody",
  async (answer) => {
    const authenticator = defineAuthenticator("name", u8, () => answer as never);
    const world = new MessageWorld({ protocol, server: { authentication: { authenticators: [authenticator] } } });
    await world.server.start();
    const { client, connecting } = world.dial({ credential: defineCredential("name", u8, 1) });
    await world.until(() => !client.active);
    await expect(connecting).rejects.toMatchObject({
      code: "ERR_AUTHENTICATION_FAILED",
      message: expect.stringMatching(/The authenticator failed\. Look at its log$/),
    });
    const message = expect.stringMatching(/^The answer of the authenticator name must be \{ data/);
    expect(world.errors).toMatchObject([{ code: "ERR_INVALID_ARG_TYPE", message }]);
    expect(world.server.players).toEqual([]);
  },
);

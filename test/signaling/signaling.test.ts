import { expect, test } from "vitest";
import {
  defineAuthenticator,
  defineCredential,
  defineProtocol,
  type NetworkClient,
  type NetworkClientOptions,
} from "../../lib/message/index.js";
import { string } from "../../lib/serialization/index.js";
import { SignalingClient, SignalingServer, type SignalingServerOptions } from "../../lib/signaling/index.js";
import { Register, Signal } from "../../lib/signaling/signaling-messages.js";
import { NetworkingIdentity } from "../../lib/socket/gns.js";
import { CuttableFactory, MessageWorld, type MessageWorldOptions } from "../support/message-world.js";

const protocolOf = () => defineProtocol({ name: "lobby", version: 1, messages: [] });
const identityOf = (name: string) => NetworkingIdentity.parse(`str:${name}`) as NetworkingIdentity;
const wrongType = expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" });

/** What GNS would say: who it is from, and a number. */
function signalOf(name: string, number: number): Uint8Array {
  const sender = Buffer.from(`str:${name}`);
  return Uint8Array.from([0x42, sender.length, ...sender, 0x18, number]);
}

interface Member {
  readonly client: NetworkClient;
  readonly signaling: SignalingClient;
  /** The numbers of the signals that it got. */
  readonly heard: number[];
  readonly undelivered: string[];
}

class Lobby {
  readonly world: MessageWorld;
  readonly signaling: SignalingServer;

  constructor(options: Partial<SignalingServerOptions> = {}, world: Partial<MessageWorldOptions> = {}) {
    this.world = new MessageWorld({ protocol: protocolOf(), ...world });
    this.signaling = new SignalingServer({ server: this.world.server, ...options });
  }

  newMember(name: string, options: Partial<NetworkClientOptions> = {}): Member {
    const client = this.world.newClient({ protocol: protocolOf(), ...options });
    const signaling = new SignalingClient({ client, identity: identityOf(name) });
    const member: Member = { client, signaling, heard: [], undelivered: [] };
    signaling.onSignal((data) => member.heard.push(data.at(-1) as number));
    signaling.on("undelivered", (identity, why) => member.undelivered.push(`${identity} ${why}`));
    return member;
  }

  /** A member that is connected and registered. */
  async join(name: string, options: Partial<NetworkClientOptions> = {}): Promise<Member> {
    const member = this.newMember(name, options);
    await this.during(member.client.connect());
    await this.during(member.signaling.register());
    return member;
  }

  /** Lets time pass until a promise is settled. */
  async during<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = () => {
      isSettled = true;
    };
    promise.then(settle, settle);
    await this.world.until(() => isSettled);
    return promise;
  }
}

test("signals go to whom they are for, and to nobody else", async () => {
  const lobby = new Lobby();
  await lobby.world.server.start();
  const [alice, bob, carol] = [await lobby.join("alice"), await lobby.join("bob"), await lobby.join("carol")];
  alice.signaling.send(identityOf("bob"), signalOf("alice", 1));
  bob.signaling.send(identityOf("alice"), signalOf("bob", 2));
  await lobby.world.run(100);
  expect([alice.heard, bob.heard, carol.heard]).toEqual([[2], [1], []]);
  expect(lobby.signaling.metrics).toEqual({
    identities: 3,
    carried: 2,
    absent: 0,
    unregistered: 0,
    refused: 0,
    dropped: 0,
    forged: 0,
  });
});

test("a callback that is removed hears nothing more", async () => {
  const lobby = new Lobby();
  await lobby.world.server.start();
  const [alice, bob] = [await lobby.join("alice"), await lobby.join("bob")];
  let count = 0;
  const stop = bob.signaling.onSignal(() => count++);
  alice.signaling.send(identityOf("bob"), signalOf("alice", 1));
  await lobby.world.run(50);
  stop();
  alice.signaling.send(identityOf("bob"), signalOf("alice", 2));
  await lobby.world.run(50);
  expect([count, bob.heard]).toEqual([1, [1, 2]]);
});

test("a callback that throws or rejects is reported, and the others hear the signal", async () => {
  const lobby = new Lobby();
  await lobby.world.server.start();
  const errors: unknown[] = [];
  const bob = lobby.newMember("bob", { onError: (error) => errors.push(error) });
  bob.signaling.onSignal(() => {
    throw new Error("thrown");
  });
  bob.signaling.onSignal(() => Promise.reject(new Error("rejected")));
  const others: Uint8Array[] = [];
  bob.signaling.onSignal((data) => others.push(data));
  await lobby.during(bob.client.connect());
  await lobby.during(bob.signaling.register());
  const alice = await lobby.join("alice");
  for (const number of [1, 2]) alice.signaling.send(identityOf("bob"), signalOf("alice", number));
  await lobby.world.run(100);
  expect([bob.heard, others.length]).toEqual([[1, 2], 2]);
  expect(errors.map(String).sort()).toEqual(["Error: rejected", "Error: rejected", "Error: thrown", "Error: thrown"]);
  expect(() => bob.signaling.onSignal(null as never)).toThrow(wrongType);
});

test("the sender hears when nobody has the identity, or it may not signal there", async () => {
  const maySignal = (from: string, to: string) => {
    if (to === "str:carol") throw new Error("mine");
    return !(from === "str:alice" && to === "str:bob");
  };
  const lobby = new Lobby({ maySignal });
  await lobby.world.server.start();
  const [alice, bob] = [await lobby.join("alice"), await lobby.join("bob")];
  const carol = await lobby.join("carol");
  for (const name of ["bob", "dave", "carol"]) alice.signaling.send(identityOf(name), signalOf("alice", 1));
  await lobby.world.run(100);
  expect(alice.undelivered).toEqual(["str:bob refused", "str:dave absent", "str:carol refused"]);
  expect([bob.heard, carol.heard]).toEqual([[], []]);
  expect(lobby.world.errors).toEqual([expect.objectContaining({ message: "mine" })]);
  bob.signaling.send(identityOf("alice"), signalOf("bob", 3));
  await lobby.world.run(100);
  expect(alice.heard).toEqual([3]);
});

test("a signal in the name of somebody else is dropped, and whoever goes on has to leave", async () => {
  const lobby = new Lobby();
  await lobby.world.server.start();
  const [alice, bob] = [await lobby.join("alice"), await lobby.join("bob")];
  for (let count = 0; count < 3; count++) {
    alice.signaling.send(identityOf("bob"), signalOf("mallory", 1));
    alice.signaling.send(identityOf("bob"), Uint8Array.of(1, 2, 3));
  }
  await lobby.world.run(200);
  expect(bob.heard).toEqual([]);
  expect(lobby.signaling.metrics.forged).toBeGreaterThanOrEqual(2);
  expect(alice.client.isConnected).toBe(false);
});

test("texts that GNS reads as the name of somebody else are no identities", async () => {
  const lobby = new Lobby();
  await lobby.world.server.start();
  const { client } = await lobby.world.join({ protocol: lobby.world.server.protocol });
  const registration = (identity: string) => client.request(Register, { identity, secret: new Uint8Array(16) });
  // GNS ends a text at its first NUL, and a number where its digits end.
  const wrong = ["str:alice\0", "str:\0", "str:", "steamid:76561197960287930 ", "steamid:076561197960287930"];
  for (const identity of [...wrong, "gen:00FF", "gen:0", "ip:127.0.0.1", "alice", ""]) {
    await expect(lobby.during(registration(identity))).rejects.toMatchObject({ code: "ERR_REQUEST_REFUSED" });
  }
  const right = ["str:__proto__", "str:\u001b[31m", "steamid:76561197960287930", "gen:00ff"];
  for (const identity of right) await lobby.during(registration(identity));
  expect(lobby.signaling.metrics.identities).toBe(1);
});

test("what `maySignal` gives is a boolean, and for anything else the signal is refused", async () => {
  const answers = [async () => true, () => undefined, () => 1, () => Promise.reject(new Error("mine"))];
  const lobby = new Lobby({ maySignal: (() => answers.shift()?.()) as never });
  await lobby.world.server.start();
  const [alice, bob] = [await lobby.join("alice"), await lobby.join("bob")];
  for (let count = 0; count < 4; count++) alice.signaling.send(identityOf("bob"), signalOf("alice", 1));
  await lobby.world.run(100);
  expect([bob.heard, alice.undelivered]).toEqual([[], Array(4).fill("str:bob refused")]);
  expect(lobby.world.errors).toEqual([...Array(4).fill(wrongType), expect.objectContaining({ message: "mine" })]);
});

test("who may not signal to somebody does not learn whether they are there", async () => {
  const lobby = new Lobby({ maySignal: () => false });
  await lobby.world.server.start();
  const alice = await lobby.join("alice");
  alice.signaling.send(identityOf("bob"), signalOf("alice", 1));
  await lobby.world.run(100);
  expect(alice.undelivered).toEqual(["str:bob refused"]);
});

test("who has not said who it is sends nothing", async () => {
  const lobby = new Lobby();
  await lobby.world.server.start();
  const bob = await lobby.join("bob");
  const { client } = await lobby.world.join({ protocol: lobby.world.server.protocol });
  client.send(Signal, { identity: "str:bob", data: signalOf("alice", 1) });
  await lobby.world.run(100);
  expect([bob.heard, lobby.signaling.metrics.unregistered]).toEqual([[], 1]);
});

test("an identity is its owner's until the connection has ended", async () => {
  const lobby = new Lobby();
  await lobby.world.server.start();
  const first = await lobby.join("alice");
  const second = lobby.newMember("alice");
  await lobby.during(second.client.connect());
  const refusal = expect.objectContaining({
    code: "ERR_REQUEST_REFUSED",
    message: expect.stringContaining("Somebody else has the identity str:alice"),
  });
  await expect(lobby.during(second.signaling.register())).rejects.toEqual(refusal);
  await lobby.during(first.client.disconnect());
  await lobby.during(second.signaling.register());
  const bob = await lobby.join("bob");
  bob.signaling.send(identityOf("alice"), signalOf("bob", 4));
  await lobby.world.run(100);
  expect([first.heard, second.heard]).toEqual([[], [4]]);
});

test("a process that comes back takes its identity from its earlier connection at once", async () => {
  const lobby = new Lobby();
  await lobby.world.server.start();
  const socketFactory = new CuttableFactory(lobby.world.network, { kind: "datagram" });
  const alice = await lobby.join("alice", { socketFactory });
  const bob = await lobby.join("bob");
  socketFactory.isCut = true; // The server does not hear that she leaves.
  await lobby.during(alice.client.disconnect());
  expect(lobby.world.server.players).toHaveLength(2);
  socketFactory.isCut = false;
  await lobby.during(alice.client.connect());
  await lobby.during(alice.signaling.register());
  bob.signaling.send(identityOf("alice"), signalOf("bob", 5));
  await lobby.world.run(100);
  expect(alice.heard).toEqual([5]);
  expect(lobby.signaling.metrics.identities).toBe(2);
});

test("after a restart of the server the clients are back by themselves", async () => {
  const lobby = new Lobby();
  await lobby.world.server.start();
  const [alice, bob] = [await lobby.join("alice", { reconnect: true }), await lobby.join("bob", { reconnect: true })];
  await lobby.during(lobby.world.server.stop());
  expect(lobby.signaling.metrics.identities).toBe(0);
  alice.signaling.send(identityOf("bob"), signalOf("alice", 1)); // lost
  await lobby.world.server.start();
  await lobby.world.until(() => lobby.signaling.metrics.identities === 2);
  await lobby.world.run(100);
  alice.signaling.send(identityOf("bob"), signalOf("alice", 2));
  await lobby.world.run(100);
  expect(bob.heard).toEqual([2]);
});

test("with `identify` whoever proves an identity has it, and others do not", async () => {
  const authenticator = defineAuthenticator("name", string(20), (name) => ({ data: name }));
  const lobby = new Lobby(
    { identify: async (player, identity) => identity === `str:${player.authentication?.data}` },
    { server: { authentication: { authenticators: [authenticator] } } },
  );
  await lobby.world.server.start();
  const as = (name: string) => ({ credential: defineCredential("name", string(20), name) });
  const earlier = await lobby.join("alice", as("alice"));
  const later = await lobby.join("alice", as("alice"));
  const mallory = lobby.newMember("alice", as("mallory"));
  await lobby.during(mallory.client.connect());
  await expect(lobby.during(mallory.signaling.register())).rejects.toMatchObject({ code: "ERR_REQUEST_REFUSED" });
  const bob = await lobby.join("bob", as("bob"));
  bob.signaling.send(identityOf("alice"), signalOf("bob", 6));
  await lobby.world.run(100);
  expect([earlier.heard, later.heard, mallory.heard]).toEqual([[], [6], []]);
  // The earlier connection ends, and its end takes nothing from the later one.
  await lobby.during(earlier.client.disconnect());
  bob.signaling.send(identityOf("alice"), signalOf("bob", 7));
  await lobby.world.run(100);
  expect(later.heard).toEqual([6, 7]);
});

test("a flood of one source costs its own signals, and nobody is told off or cut", async () => {
  const lobby = new Lobby();
  await lobby.world.server.start();
  const [alice, bob] = [await lobby.join("alice"), await lobby.join("bob")];
  for (let count = 0; count < 3000; count++) alice.signaling.send(identityOf("bob"), signalOf("alice", count % 128));
  await lobby.world.run(2000);
  const { carried, dropped } = lobby.signaling.metrics;
  expect(carried + dropped).toBe(3000);
  expect(carried).toBeGreaterThanOrEqual(1000 - 2); // Both have asked for an identity.
  expect(carried).toBeLessThan(1700);
  expect(bob.heard).toHaveLength(carried);
  expect([alice.client.isConnected, bob.client.isConnected]).toEqual([true, true]);
  await lobby.world.run(20_000, 100);
  alice.signaling.send(identityOf("bob"), signalOf("alice", 1));
  await lobby.world.run(100);
  expect(bob.heard).toHaveLength(carried + 1);
});

test("at a server without signaling the client says so, and stays", async () => {
  const world = new MessageWorld({ protocol: protocolOf() });
  await world.server.start();
  const errors: unknown[] = [];
  const client = world.newClient({ protocol: protocolOf(), onError: (error) => errors.push(error) });
  const signaling = new SignalingClient({ client, identity: identityOf("alice") });
  const connecting = client.connect();
  await world.until(() => client.isAuthenticated);
  await connecting;
  await expect(signaling.register()).rejects.toMatchObject({ code: "ERR_MESSAGE_NOT_AGREED" });
  signaling.send(identityOf("bob"), signalOf("alice", 1)); // nothing happens
  expect(client.isConnected).toBe(true);
  expect(errors).toEqual([expect.objectContaining({ code: "ERR_MESSAGE_NOT_AGREED" })]);
});

test("wrong options", async () => {
  const { server } = new MessageWorld({ protocol: protocolOf() });
  expect(() => new SignalingServer({} as never)).toThrow(wrongType);
  expect(() => new SignalingServer({ server, identify: true } as never)).toThrow(wrongType);
  expect(() => new SignalingServer({ server, maySend: () => true } as never)).toThrow(/maySignal/);
  const client = new MessageWorld({ protocol: protocolOf() }).newClient();
  expect(() => new SignalingClient({ client } as never)).toThrow(wrongType);
  expect(() => new SignalingClient({ client, identity: "alice" } as never)).toThrow(wrongType);
  expect(() => new SignalingClient({ client, identity: new NetworkingIdentity() })).toThrow(wrongType);
  const signaling = new SignalingClient({ client, identity: identityOf("alice") });
  await expect(signaling.register()).rejects.toMatchObject({ code: "ERR_NOT_CONNECTED" });
  expect(() => signaling.on("lost" as never, () => {})).toThrow(wrongType);
});

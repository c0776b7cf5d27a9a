import { describe, expect, test } from "vitest";
import {
  type Credential,
  defineAuthenticator,
  defineCredential,
  defineMessage,
  defineProtocol,
  generateTokenKeys,
  issueToken,
  type NetworkClientOptions,
  type NetworkServerOptions,
  sharedSecretAuthenticator,
  sharedSecretCredential,
  signedTokenAuthenticator,
  signedTokenCredential,
} from "../../../lib/message/index.js";
import { generateServerKey } from "../../../lib/noise/index.js";
import { nodePrimitives } from "../../../lib/noise/node-primitives.js";
import type { LibraryConnection } from "../../../lib/peer/connection/connection.js";
import { type IConnection, Peer, type PeerHandler } from "../../../lib/peer/index.js";
import { string, struct, u8 } from "../../../lib/serialization/index.js";
import { DisconnectCode, MemorySocketFactory, type MemorySocketKind } from "../../../lib/socket/index.js";
import { MessageWorld } from "../../support/message-world.js";

const Hello = defineMessage("hello", u8);
const newProtocol = () => defineProtocol({ name: "authentication", version: 1, messages: [Hello] });
const SECRET = "correct horse battery staple";
const kinds: MemorySocketKind[] = ["datagram", "reliable-lanes", "stream"];
const primitives = nodePrimitives();
const sealed = { encryption: { primitives } };
const serverKey = generateServerKey(primitives);
const keyed = { encryption: { primitives, serverKeys: [serverKey.privateKey], required: false } };
const pinned = { encryption: { primitives, serverKey: serverKey.publicKey } };

interface Given {
  kind?: MemorySocketKind;
  server?: Partial<NetworkServerOptions>;
  client?: Partial<NetworkClientOptions>;
}

async function attempt({ kind = "reliable-lanes", server = {}, client: options = {} }: Given) {
  const world = new MessageWorld({ protocol: newProtocol(), kind, server });
  await world.server.start();
  const { client, connecting } = world.dial(options);
  await world.until(() => client.isAuthenticated || !client.active);
  await world.run(100);
  return { world, client, connecting };
}

describe.each(kinds)("over %s, a shared secret", (kind) => {
  const server = { authentication: { authenticators: [sharedSecretAuthenticator(SECRET)] } };

  test("admits a client that knows it", async () => {
    const { world, connecting } = await attempt({
      kind,
      server,
      client: { credential: sharedSecretCredential(SECRET) },
    });
    expect((await connecting).isAuthenticated).toBe(true);
    expect(world.server.authenticatedPlayers.length).toBe(1);
    expect(world.server.players[0]?.authentication?.method).toBe("shared-secret");
  });

  test("refuses a client that does not, and one without a credential", async () => {
    for (const [credential, code] of [
      [sharedSecretCredential("another secret of the same kind"), "ERR_AUTHENTICATION_FAILED"],
      [null, "ERR_NO_CREDENTIAL"],
    ] as const) {
      const { world, connecting } = await attempt({ kind, server, client: { credential } });
      await expect(connecting).rejects.toMatchObject({ code });
      expect(world.server.players).toEqual([]);
    }
  });

  test("makes the server prove that it knows the secret too", async () => {
    const impostor = { method: "shared-secret", authenticate: () => ({ reply: new Uint8Array(32) }) };
    const { connecting } = await attempt({
      kind,
      server: { authentication: { authenticators: [impostor] } },
      client: { credential: sharedSecretCredential(SECRET) },
    });
    await expect(connecting).rejects.toMatchObject({ code: "ERR_AUTHENTICATION_FAILED" });
  });
});

test("a secret is a text or bytes", () => {
  for (const make of [sharedSecretCredential, sharedSecretAuthenticator]) {
    expect(() => make(5 as never)).toThrow("secret must be a string or a Uint8Array");
  }
});

test("a guessable secret is not used over an unauthenticated connection", async () => {
  const server = { authentication: { authenticators: [sharedSecretAuthenticator("1234")] } };
  const { connecting } = await attempt({ server, client: { credential: sharedSecretCredential("1234") } });
  const message = expect.stringMatching(/^The server .*is not authenticated, which a secret under 16 bytes needs/);
  await expect(connecting).rejects.toMatchObject({ code: "ERR_WEAK_SECRET", message });
  expect(() => sharedSecretCredential("")).toThrow(RangeError);
});

/** A man in the middle, who passes on every message both ways. */
async function relay(world: MessageWorld, kind: MemorySocketKind, peer: object): Promise<MemorySocketFactory> {
  const front = new MemorySocketFactory(world.network, { kind, port: 6666 });
  let inner: Promise<IConnection> | null = null;
  let outer: LibraryConnection | null = null;
  const config = { clock: world.clock, fingerprint: world.server.protocol.fingerprint, ...peer };
  const toClient: PeerHandler = {
    onMessage: (_connection, bytes, channel, lane) => outer?.send(bytes.copy(), channel, lane),
    onDisconnected: (_connection, { code, text }) => outer?.refuse(code, text),
  };
  const toServer: PeerHandler = {
    onConnected: (connection) => {
      outer = connection as LibraryConnection;
      const towards = new Peer(world.factory.createClientSocket(), world.factory.maxPacketSize, toClient, config);
      inner = towards.connect(world.factory.getConnectEndPoint());
    },
    onMessage: (_connection, bytes, channel, lane) => {
      const copy = bytes.copy();
      void inner?.then((connection) => connection.send(copy, channel, lane));
    },
  };
  await new Peer(front.createServerSocket(), front.maxPacketSize, toServer, config).bind(front.getBindEndPoint());
  return front;
}

/** A client that reaches the server through a man in the middle; each side has its own encryption, or none. */
async function throughRelay(
  kind: MemorySocketKind,
  given: { server: Partial<NetworkServerOptions>; credential: Credential },
  { serverPeer, relayPeer, clientPeer }: { serverPeer: object; relayPeer: object; clientPeer: object },
) {
  const world = new MessageWorld({ protocol: newProtocol(), kind, server: { ...given.server, peer: serverPeer } });
  await world.server.start();
  const socketFactory = await relay(world, kind, relayPeer);
  const { client, connecting } = world.dial({ socketFactory, peer: clientPeer, credential: given.credential });
  await world.until(() => client.isAuthenticated || !client.active);
  await world.run(100);
  return { world, connecting };
}

describe.each<MemorySocketKind>(["datagram", "reliable-lanes"])(
  "over %s, a proof that somebody in the middle passes on",
  (kind) => {
    const through = (peer: object, given: { server: Partial<NetworkServerOptions>; credential: Credential }) =>
      throughRelay(kind, given, { serverPeer: peer, relayPeer: peer, clientPeer: peer });
    const bySecret = {
      server: { authentication: { authenticators: [sharedSecretAuthenticator(SECRET)] } },
      credential: sharedSecretCredential(SECRET),
    };
    const byToken = async () => {
      const [issuer, player] = [await generateTokenKeys(), await generateTokenKeys()];
      const { publicKey } = player;
      const claims = { subject: "ada", expiresMs: 2000, publicKey, data: new Uint8Array(0) };
      const authenticator = signedTokenAuthenticator({ issuerKeys: [issuer.publicKey], now: () => 1000 });
      return {
        server: { authentication: { authenticators: [authenticator] } },
        credential: signedTokenCredential(await issueToken(issuer.privateKey, claims), player.privateKey),
      };
    };

    test("is refused where proofs are bound to the connection", async () => {
      for (const given of [bySecret, await byToken()]) {
        const { world, connecting } = await through(sealed, given);
        await expect(connecting).rejects.toMatchObject({ code: "ERR_AUTHENTICATION_FAILED" });
        expect(world.server.authenticatedPlayers).toEqual([]);
      }
    });

    test("is accepted without a man in the middle", async () => {
      for (const { server, credential } of [bySecret, await byToken()]) {
        const given = { kind, server: { ...server, peer: sealed }, client: { peer: sealed, credential } };
        const { world, connecting } = await attempt(given);
        await connecting;
        expect(world.server.players[0]?.connection?.channelBinding?.length).toBe(32);
      }
    });

    test("is accepted without encryption, where the man in the middle need only pass it on", async () => {
      for (const given of [bySecret, await byToken()]) {
        const { world, connecting } = await through({}, given);
        await connecting;
        expect(world.server.authenticatedPlayers.length).toBe(1);
      }
    });
  },
);

describe("a signed token", () => {
  const claims = { subject: "ada", expiresMs: 2000, publicKey: undefined, data: Uint8Array.of(7) };
  const show = async (
    credential: Credential,
    issuerKey: Uint8Array,
    options: { now?: number; allowUnboundToken?: boolean; clientPeer?: object } = {},
  ) => {
    const { now = 1000, allowUnboundToken = false, clientPeer = {} } = options;
    const authenticator = signedTokenAuthenticator({ issuerKeys: [issuerKey], now: () => now, allowUnboundToken });
    const server = { authentication: { authenticators: [authenticator] }, peer: keyed };
    return attempt({ server, client: { credential, peer: clientPeer } });
  };

  const careless = { allowUnboundToken: true };

  test("admits its owner, and tells the server who that is", async () => {
    const [issuer, player] = [await generateTokenKeys(), await generateTokenKeys()];
    const token = await issueToken(issuer.privateKey, { ...claims, publicKey: player.publicKey });
    const { world, connecting } = await show(signedTokenCredential(token, player.privateKey), issuer.publicKey);
    await connecting;
    expect(world.server.players[0]?.authentication?.data).toMatchObject({ subject: "ada", data: Uint8Array.of(7) });
  });

  test("is refused with another key, without one, from another issuer, and after its time", async () => {
    const [issuer, player, thief] = [await generateTokenKeys(), await generateTokenKeys(), await generateTokenKeys()];
    const token = await issueToken(issuer.privateKey, { ...claims, publicKey: player.publicKey });
    const forged = await issueToken(thief.privateKey, { ...claims, publicKey: thief.publicKey });
    const outcomes = [
      show(signedTokenCredential(token, thief.privateKey), issuer.publicKey),
      show(signedTokenCredential(token, null, careless), issuer.publicKey, careless),
      show(signedTokenCredential(forged, thief.privateKey), issuer.publicKey),
      show(signedTokenCredential(token, player.privateKey), issuer.publicKey, { now: 2000 }),
      show(signedTokenCredential(new Uint8Array(5), null, careless), issuer.publicKey, careless),
    ];
    for (const outcome of outcomes) {
      await expect((await outcome).connecting).rejects.toMatchObject({ code: "ERR_AUTHENTICATION_FAILED" });
    }
  });

  describe("without a key", () => {
    const issue = async () => {
      const issuer = await generateTokenKeys();
      return { issuerKey: issuer.publicKey, token: await issueToken(issuer.privateKey, claims) };
    };

    test("is accepted when the client has pinned the server's key", async () => {
      const { issuerKey, token } = await issue();
      const { connecting } = await show(signedTokenCredential(token), issuerKey, { clientPeer: pinned });
      expect((await connecting).isAuthenticated).toBe(true);
    });

    test.each([
      ["in the clear", {}],
      ["encrypted to anybody", sealed],
    ])("counts %s only where both sides allow it", async (_name, clientPeer) => {
      const { issuerKey, token } = await issue();
      const credential = signedTokenCredential(token, null, careless);
      const unasked = await show(signedTokenCredential(token), issuerKey, { clientPeer, ...careless });
      const message = expect.stringMatching(/^The server .*is not authenticated, which a token without a key needs/);
      await expect(unasked.connecting).rejects.toMatchObject({ code: "ERR_UNBOUND_TOKEN", message });
      const refused = await show(credential, issuerKey, { clientPeer });
      await expect(refused.connecting).rejects.toMatchObject({ code: "ERR_AUTHENTICATION_FAILED" });
      const allowed = await show(credential, issuerKey, { clientPeer, ...careless });
      expect((await allowed.connecting).isAuthenticated).toBe(true);
    });

    test("is not sent to a man in the middle, who knows the server's public key like everybody", async () => {
      const { issuerKey, token } = await issue();
      const authenticator = signedTokenAuthenticator({ issuerKeys: [issuerKey], now: () => 1000 });
      const server = { authentication: { authenticators: [authenticator] } };
      const through = (credential: Credential) =>
        throughRelay("datagram", { server, credential }, { serverPeer: keyed, relayPeer: pinned, clientPeer: sealed });
      const stolen = await through(signedTokenCredential(token, null, careless));
      expect((await stolen.connecting).isAuthenticated).toBe(true);
      const { world, connecting } = await through(signedTokenCredential(token));
      await expect(connecting).rejects.toMatchObject({ code: "ERR_UNBOUND_TOKEN" });
      expect(world.server.authenticatedPlayers).toEqual([]);
    });
  });
});

describe("an authenticator", () => {
  const codec = struct({ name: string(20) });
  const byName = defineAuthenticator("name", codec, ({ name }) =>
    name === "ada" ? { data: { name } } : { refused: `Nobody knows ${name}` },
  );

  test("of the application gets its message, and its text of refusal travels", async () => {
    const server = { authentication: { authenticators: [byName] } };
    const welcome = await attempt({ server, client: { credential: defineCredential("name", codec, { name: "ada" }) } });
    await welcome.connecting;
    expect(welcome.world.server.players[0]?.authentication).toEqual({ method: "name", data: { name: "ada" } });
    const refused = await attempt({ server, client: { credential: defineCredential("name", codec, { name: "eve" }) } });
    await expect(refused.connecting).rejects.toThrow("Nobody knows eve");
    const unknown = await attempt({ server, client: { credential: defineCredential("other", u8, 1) } });
    await expect(unknown.connecting).rejects.toMatchObject({ code: "ERR_AUTHENTICATION_FAILED" });
    const garbled = await attempt({ server, client: { credential: defineCredential("name", u8, 255) } });
    await expect(garbled.connecting).rejects.toMatchObject({ reason: { text: "The proof cannot be read" } });
  });

  test("gets what the credential makes for this connection; `connect` rejects with what that throws", async () => {
    const server = { authentication: { authenticators: [byName] } };
    const names = ["ada", "eve"];
    const heard: unknown[] = [];
    const credential = defineCredential("name", codec, async ({ security }) => {
      heard.push(security);
      const name = names.shift();
      if (!name) throw new Error("logged out");
      return { name };
    });
    await (await attempt({ server, client: { credential } })).connecting;
    await expect((await attempt({ server, client: { credential } })).connecting).rejects.toThrow("Nobody knows eve");
    await expect((await attempt({ server, client: { credential } })).connecting).rejects.toThrow("logged out");
    expect(heard).toEqual(["none", "none", "none"]);
  });

  test("that throws refuses, and is reported", async () => {
    const faulty = defineAuthenticator("name", codec, () => {
      throw new Error("database");
    });
    const { world, connecting } = await attempt({
      server: { authentication: { authenticators: [faulty] } },
      client: { credential: defineCredential("name", codec, { name: "ada" }) },
    });
    await expect(connecting).rejects.toMatchObject({ code: "ERR_AUTHENTICATION_FAILED" });
    expect(world.errors).toMatchObject([{ message: "database" }]);
  });

  test("has limited time, and its signal aborts when that is over", async () => {
    let signal: AbortSignal | null = null;
    const slow = defineAuthenticator("name", codec, (_message, attempted) => {
      signal = attempted.signal;
      return new Promise(() => {});
    });
    const { connecting } = await attempt({
      server: { authentication: { authenticators: [slow], timeoutMs: 500 } },
      client: { credential: defineCredential("name", codec, { name: "ada" }) },
    });
    await expect(connecting).rejects.toMatchObject({ code: "ERR_AUTHENTICATION_TIMEOUT" });
    expect(signal).toMatchObject({ aborted: true });
  });

  test("is not asked about the host's client, unless requireHost is true", async () => {
    for (const requireHost of [false, true]) {
      const world = new MessageWorld({
        protocol: newProtocol(),
        server: { authentication: { authenticators: [byName], requireHost }, listen: false },
      });
      const client = world.newClient({ credential: defineCredential("name", codec, { name: "ada" }) });
      await world.server.start({ localClient: client });
      await world.until(() => client.isAuthenticated);
      expect(world.server.localPlayer?.authentication?.method).toBe(requireHost ? "name" : "none");
    }
  });
});

describe("before the authentication", () => {
  test("only handlers that allow it get a player's messages; any other message disconnects it", async () => {
    const protocol = defineProtocol({ name: "before", version: 1, messages: [Hello] });
    const never = { method: "name", prove: () => new Promise<Uint8Array>(() => {}) };
    const world = new MessageWorld({
      protocol,
      server: { authentication: { authenticators: [defineAuthenticator("name", u8, () => ({}))] } },
    });
    const heard: number[] = [];
    world.server.messageHandler.register(Hello, (value) => void heard.push(value), { allowUnauthenticated: true });
    await world.server.start();
    const { client, connecting } = world.dial({ credential: never });
    await world.until(() => client.isConnected);
    client.send(Hello, 1);
    await world.run(100);
    expect(heard).toEqual([1]);
    expect(world.server.players.length).toBe(1);
    world.server.messageHandler.register(Hello, (value) => void heard.push(value));
    client.send(Hello, 2);
    await world.run(200);
    expect(heard).toEqual([1]);
    await expect(connecting).rejects.toMatchObject({ reason: { code: DisconnectCode.NotAuthenticated } });
  });
});

test("where a browser withholds WebCrypto, the error says so", async () => {
  const { crypto } = globalThis;
  // It keeps what makes random numbers.
  const left = { getRandomValues: crypto.getRandomValues.bind(crypto) };
  Object.defineProperty(globalThis, "crypto", { value: left, configurable: true });
  try {
    const server = { authentication: { authenticators: [sharedSecretAuthenticator(SECRET)] } };
    const { connecting } = await attempt({ server, client: { credential: sharedSecretCredential(SECRET) } });
    await expect(connecting).rejects.toMatchObject({ code: "ERR_INSECURE_CONTEXT" });
  } finally {
    Object.defineProperty(globalThis, "crypto", { value: crypto, configurable: true });
  }
});

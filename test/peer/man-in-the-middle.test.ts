import { afterEach, describe, expect, test } from "vitest";
import { generateServerKey } from "../../lib/noise/index.js";
import { nodePrimitives } from "../../lib/noise/node-primitives.js";
import { Channel, type IConnection, type PeerConfig, PeerConnectionState } from "../../lib/peer/index.js";
import { DisconnectCode, type SocketFactory } from "../../lib/socket/index.js";
import { GnsRelay } from "../support/gns-relay.js";
import { text } from "../support/peer-world.js";
import { gns, type PeerUser, RealPeers, udp } from "../support/real-peers.js";
import { UdpRelay } from "../support/udp-relay.js";

const primitives = nodePrimitives();
const key = generateServerKey(primitives);
const attackerKey = generateServerKey(primitives);
const keyed = { encryption: { primitives, serverKeys: [key.privateKey], required: false } };
const pinned = { encryption: { primitives, serverKey: key.publicKey } };
const unpinned = { encryption: { primitives } };
const SECRET = "the secret that nobody but the server may read";

const ends: { close(): unknown }[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end.close();
});

/** A server that sends back what it gets. */
async function serve(factory: SocketFactory): Promise<RealPeers> {
  const world = new RealPeers(factory, keyed);
  ends.push(world);
  world.user.receive = (connection, message) => connection.send(message.view());
  await world.listen();
  return world;
}

/** Sends `words` and waits for the answer. */
async function talk(connection: IConnection, user: PeerUser, words = SECRET): Promise<string> {
  const count = user.messages.length;
  connection.send(text(words));
  const answer = await user.until(() => user.messages[count]);
  return Buffer.from(answer.bytes).toString();
}

const transports = [
  ["GNS", () => gns(), () => new GnsRelay()],
  ["UDP", () => udp(), () => new UdpRelay()],
] as const;

describe.each(transports)(
  "a relay of %s that ends the transport's own encryption",
  (_name, createFactory, createRelay) => {
    async function through(config: Partial<PeerConfig>) {
      const world = await serve(createFactory());
      const relay = createRelay();
      ends.unshift(relay);
      const port = await relay.start(world.server.boundPort as number);
      const [connection, user] = await world.dial(config, port);
      expect(await talk(connection, user)).toBe(SECRET);
      // The other ends close before the relay does, or they would wait for each other in vain.
      ends.unshift({ close: () => connection.close() });
      return { security: connection.security, seen: Buffer.concat(relay.passed) };
    }

    test("reads everything of a client without Noise", async () => {
      const { seen } = await through({});
      expect(seen.toString("latin1").split(SECRET).length - 1).toBe(2);
    });

    test.each([
      ["with a pinned key", pinned, "authenticated"],
      ["without a pinned key", unpinned, "encrypted"],
    ])("reads nothing of a client %s, as long as it only relays", async (_name, config, security) => {
      const result = await through(config);
      expect(result.security).toBe(security);
      expect(result.seen.length).toBeGreaterThan(200);
      expect(result.seen.includes(SECRET)).toBe(false);
    });
  },
);

/** Is the server for a client, with a key of his own or none, and a client of the server; reads what passes. */
class Impostor {
  readonly passed: string[] = [];
  readonly #world: RealPeers;
  #upstream: Promise<[IConnection, PeerUser]> | null = null;

  constructor(factory: SocketFactory, config: Partial<PeerConfig>) {
    this.#world = new RealPeers(factory, config);
  }

  async start(serverPort: number): Promise<number> {
    const { user } = this.#world;
    user.receive = async (connection, message) => {
      const words = Buffer.from(message.copy()).toString();
      this.passed.push(words);
      this.#upstream ??= this.#world.dial(unpinned, serverPort);
      const [upstream, listener] = await this.#upstream;
      connection.send(text(await talk(upstream, listener, words)));
    };
    await this.#world.listen();
    return this.#world.server.boundPort as number;
  }

  close(): Promise<void> {
    return this.#world.close();
  }
}

describe.each([
  ["GNS", () => gns()],
  ["UDP", () => udp()],
])("an impostor of %s, who speaks the Peer's own protocol", (_name, createFactory) => {
  async function dial(impostorConfig: Partial<PeerConfig>, config: Partial<PeerConfig>) {
    const world = await serve(createFactory());
    const impostor = new Impostor(createFactory(), impostorConfig);
    ends.push(impostor);
    const port = await impostor.start(world.server.boundPort as number);
    return { world, impostor, dialed: world.dial(config, port) };
  }

  test.each([
    ["encrypts to anybody", unpinned],
    ["encrypts nothing", {}],
  ])("reads everything when the client %s", async (_name, config) => {
    const { impostor, dialed } = await dial({ encryption: { ...unpinned.encryption, required: false } }, config);
    const [connection, user] = await dialed;
    expect(await talk(connection, user)).toBe(SECRET);
    expect(impostor.passed).toEqual([SECRET]);
  });

  test.each([
    [
      "a key of his own",
      { encryption: { primitives, serverKeys: [attackerKey.privateKey] } },
      "ERR_SERVER_KEY_MISMATCH",
    ],
    ["encryption without a key", unpinned, "ERR_SERVER_KEY_MISMATCH"],
    ["no encryption", {}, "ERR_ENCRYPTION_UNSUPPORTED"],
  ])("is refused by a client with a pinned key when he has %s", async (_name, config, code) => {
    const { world, impostor, dialed } = await dial(config, pinned);
    await expect(dialed).rejects.toMatchObject({ code });
    expect(impostor.passed).toEqual([]);
    expect(world.user.connected).toEqual([]);
  });
});

describe("a relay of GNS that alters what the server sends", () => {
  /** The server sends ten words to a client with a pinned key. The relay alters the third packet of this kind. */
  async function spoil(kind: number, channel: Channel) {
    const world = await serve(gns());
    const relay = new GnsRelay();
    ends.unshift(relay);
    let count = 0;
    const port = await relay.start(world.server.boundPort as number, (packet) => {
      if (packet[0] !== kind || ++count !== 3) return packet;
      const altered = Buffer.from(packet);
      altered[altered.length - 1] = (altered[altered.length - 1] as number) ^ 1;
      return altered;
    });
    const [connection, user] = await world.dial(pinned, port);
    const server = await world.user.until(() => world.user.connected[0]);
    for (let word = 0; word < 10; word++) {
      server.send(Uint8Array.of(word), channel);
      server.flush();
    }
    return { connection, user, server };
  }

  test("makes a client with a pinned key end the connection when it alters a reliable message", async () => {
    const { connection, user } = await spoil(17, Channel.Reliable);
    expect(await connection.closed).toEqual({
      code: DisconnectCode.Tampered,
      text: "Reliable packet 2 of lane 0 is not the one that was sent",
    });
    expect(user.messages.map(({ bytes }) => bytes[0])).toEqual([0, 1]);
  });

  test("loses an unreliable message, and nothing else", async () => {
    const { connection, user, server } = await spoil(18, Channel.Unreliable);
    server.send(Uint8Array.of(99));
    await user.until(() => user.messages.some(({ bytes }) => bytes[0] === 99));
    expect(connection.metrics.strayPackets).toBe(1);
    expect(connection.state).toBe(PeerConnectionState.Connected);
    await connection.close();
  });
});

describe("a relay of UDP that alters what the server sends", () => {
  async function through(change: (packet: Buffer) => Buffer, config: Partial<PeerConfig>) {
    const world = await serve(udp());
    const relay = new UdpRelay();
    ends.push(relay);
    const port = await relay.start(world.server.boundPort as number, change);
    return world.dial(config, port);
  }

  const cheat = (packet: Buffer) => Buffer.from(packet.toString("latin1").replace("10 gold", "99 gold"), "latin1");

  test("deceives a client without encryption", async () => {
    const [connection, user] = await through(cheat, {});
    expect(await talk(connection, user, "You have 10 gold")).toBe("You have 99 gold");
    await connection.close();
  });

  test("cannot deceive a client with a pinned key: what is altered is dropped, counted and sent again", async () => {
    let count = 0;
    // Every second packet after the handshake is altered, each at another place.
    const spoil = (packet: Buffer) => {
      if ((packet[0] as number) < 16 || ++count % 2 === 0) return packet;
      const altered = Buffer.from(packet);
      const at = 5 + (count % (packet.length - 5));
      altered[at] = (altered[at] as number) ^ 1;
      return altered;
    };
    const [connection, user] = await through(spoil, pinned);
    for (let round = 0; round < 20; round++) {
      const words = `You have 10 gold, for the ${round}th time`;
      expect(await talk(connection, user, words)).toBe(words);
    }
    expect(connection.metrics.strayPackets).toBeGreaterThan(5);
    expect(connection.state).toBe(PeerConnectionState.Connected);
    await connection.close();
  });

  test.each([
    ["with a pinned key", pinned, "authenticated"],
    ["without a pinned key", unpinned, "encrypted"],
  ])(
    "cannot make a client %s go on in the clear by accepting before its handshake",
    async (_name, config, security) => {
      const early: Buffer[] = [];
      // A Challenge becomes an Accept for the same nonce, without Noise. Only once, so that the client can go on.
      const acceptEarly = (packet: Buffer) => {
        if (packet[0] !== 2 || early.length > 0) return packet;
        early.push(packet);
        const settled = Buffer.from("01000000" + "00" + "b004" + "0000000000000000", "hex");
        return Buffer.concat([Buffer.of(3), packet.subarray(1, 9), settled]);
      };
      const [connection, user] = await through(acceptEarly, config);
      expect(early).toHaveLength(1);
      expect(connection.security).toBe(security);
      expect(await talk(connection, user)).toBe(SECRET);
      await connection.close();
    },
  );

  test("cannot make a client with a pinned key accept another answer to its handshake", async () => {
    const spoilAccept = (packet: Buffer) => {
      if (packet[0] !== 3) return packet;
      const altered = Buffer.from(packet);
      altered[packet.length - 1] = (packet[packet.length - 1] as number) ^ 1;
      return altered;
    };
    const result = through(spoilAccept, { ...pinned, handshakeTimeoutMs: 1500 });
    await expect(result).rejects.toMatchObject({ code: "ERR_HANDSHAKE_TIMEOUT" });
  });
});

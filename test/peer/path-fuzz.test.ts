import { expect, test } from "vitest";
import { generateServerKey, type NoisePrimitives } from "../../lib/noise/index.js";
import { nodePrimitives } from "../../lib/noise/node-primitives.js";
import type { IConnection, PeerConfig } from "../../lib/peer/index.js";
import { FrameKind, PATH_CHALLENGE_BYTES, PacketKind } from "../../lib/peer/packet-format.js";
import { seededRandom } from "../../lib/testing/index.js";
import { text } from "../support/peer-world.js";
import { peerAt, RoamingNetwork, type RoamingSocket } from "../support/roaming-network.js";
import { RoamingRecorder, SERVER } from "../support/roaming-world.js";

/** `npm run test:stress` sends ten million packets in all. */
const IS_STRESS = process.env.VALVE_SOCKETS_STRESS === "1";
const WORLDS = IS_STRESS ? 100 : 1;
const ROUNDS = IS_STRESS ? 200 : 60;
const ROUND_PACKETS = 500;
const PAIRS = 30;
const HONEST = 3;

const TAG = 16;
const CHALLENGE_PACKET_BYTES = 9 + 1 + PATH_CHALLENGE_BYTES + TAG;

/** The handshake is the true one. Packets are not encrypted, and every packet with room for a tag authenticates. */
const transparent: NoisePrimitives = {
  ...nodePrimitives(),
  aeadKey: () => ({
    seal: (_low, _high, buffer, _start, _headerBytes, end) => void buffer.fill(0, end, end + TAG),
    open: () => true,
  }),
};
const key = generateServerKey(transparent);
const keyed: Partial<PeerConfig> = { encryption: { primitives: transparent, serverKeys: [key.privateKey] } };
const pinned: Partial<PeerConfig> = { encryption: { primitives: transparent, serverKey: key.publicKey } };

const KINDS = [
  FrameKind.Padding,
  FrameKind.Ping,
  FrameKind.Ack,
  FrameKind.Close,
  FrameKind.PathChallenge,
  FrameKind.PathResponse,
  FrameKind.Unreliable,
  FrameKind.Notify,
  FrameKind.Sequenced + 1,
  FrameKind.Fragment + FrameKind.Notify,
  FrameKind.LaneBytes + 2,
];

type PeerEnd = IConnection & { session: number };

/** A connection of an attacker, who sends in the place of both ends. */
interface Pair {
  socket: RoamingSocket;
  client: IConnection;
  player: PeerEnd;
  /** The numbers of the newest hostile packets to the server and to the client. */
  numbers: [number, number];
  /** The address that its packets to the server come from. */
  from: string;
}

/** One server with honest clients, who move, and with attackers, whose sealed packets are correct or nearly so. */
class Attack {
  readonly #random: () => number;
  readonly #network: RoamingNetwork;
  readonly #server;
  readonly #handler = new RoamingRecorder();
  readonly #honest: { socket: RoamingSocket; connection: IConnection; handler: RoamingRecorder }[] = [];
  readonly #reached: Map<string, number>;
  /** The newest token that the server has sent to an address. */
  readonly #tokens = new Map<string, Uint8Array>();
  /** How many bytes came from an address that has not answered yet. */
  readonly #unproved = new Map<string, number>();
  /** The addresses of attackers' clients, with whom nobody but the attacker speaks. */
  readonly #silenced = new Set<string>();
  /** Addresses that have answered: from then on everything may be sent there. */
  readonly #proved = new Set<string>();
  #pairs: Pair[] = [];
  #addresses = 0;

  constructor(seed: number, reached: Map<string, number>) {
    this.#random = seededRandom(seed);
    this.#reached = reached;
    this.#network = new RoamingNetwork(seed);
    this.#server = peerAt(this.#network, SERVER, this.#handler, { ...keyed, maxConnections: 500 }, seed);
    this.#network.onPacket = (from, to, bytes) => {
      const isChallenge = bytes.length === CHALLENGE_PACKET_BYTES && bytes[9] === FrameKind.PathChallenge;
      if (from === SERVER && isChallenge) this.#tokens.set(to, bytes.slice(10, 10 + PATH_CHALLENGE_BYTES));
      return !this.#silenced.has(from) && !this.#silenced.has(to);
    };
  }

  #upTo(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #isOneOf(count: number): boolean {
    return this.#upTo(count) === 0;
  }

  #newAddress(): string {
    const number = this.#addresses++;
    return `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}:5000`;
  }

  async #dial() {
    const handler = new RoamingRecorder();
    const address = this.#newAddress();
    const { peer, socket } = peerAt(this.#network, address, handler, pinned, this.#addresses);
    const connection = await peer.connect({ address: SERVER });
    return { socket, connection, handler, address };
  }

  async run(): Promise<void> {
    const { peer: server, socket: serverSocket } = this.#server;
    await server.bind({});
    this.#handler.reply = (connection, message) => {
      if (this.#pairs.every(({ player }) => player !== connection)) connection.send(message);
    };
    const dials = Array.from({ length: HONEST }, () => this.#dial());
    await this.#network.run(200);
    this.#honest.push(...(await Promise.all(dials)));
    const expected: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await this.#reconnect();
      expected.push(`${round}`);
      for (const { connection, socket } of this.#honest) {
        connection.send(text(`${round}`));
        if (this.#isOneOf(20)) socket.roam(this.#newAddress());
      }
      this.#deliver(serverSocket, ROUND_PACKETS);
      await this.#network.run(20, 20);
    }
    await this.#network.run(3000, 20);

    for (const { connection, handler } of this.#honest) {
      expect([connection.reason, handler.texts]).toEqual([null, expected]);
    }
    expect(this.#handler.moves.length).toBeGreaterThan(ROUNDS);
    for (const [address, bytes] of this.#unproved) {
      const sent = this.#network.sentBytes.get(`${SERVER} ${address}`) ?? 0;
      expect(sent, `${address}, which sent ${bytes} bytes`).toBeLessThanOrEqual(3 * bytes);
    }
    expect(this.#unproved.size).toBeGreaterThan(ROUNDS / 2);
    expect([...this.#handler.errors]).toEqual([]);
  }

  /** Replaces the attackers' connections that have ended. */
  async #reconnect(): Promise<void> {
    this.#pairs = this.#pairs.filter(({ client, player }) => !client.reason && !player.reason);
    const dials = [];
    for (let missing = PAIRS - this.#pairs.length; missing > 0; missing--) dials.push(this.#dial());
    if (dials.length === 0) return;
    await this.#network.run(120, 20);
    for (const { socket, connection, address } of await Promise.all(dials)) {
      const player = this.#handler.connected.find((one) => one.handle.address === address) as PeerEnd;
      this.#silenced.add(address);
      this.#proved.add(address);
      this.#pairs.push({ socket, client: connection, player, numbers: [1000, 1000], from: address });
    }
    this.#handler.connected.length = 0;
  }

  /** Hands out packets all at once, as if they had waited in the buffers of the sockets. */
  #deliver(server: RoamingSocket, count: number): void {
    const sockets = [server, ...this.#pairs.map(({ socket }) => socket)];
    const events = sockets.map((socket) => socket.events);
    for (const socket of sockets) socket.events = null;
    for (let index = 0; index < count; index++) {
      const pair = this.#pairs[this.#upTo(this.#pairs.length)] as Pair;
      if (this.#isOneOf(4)) pair.socket.arrive({ from: SERVER, bytes: this.#packet(pair, 1) });
      else {
        if (this.#isOneOf(60)) pair.from = this.#isOneOf(3) ? pair.player.handle.address : this.#newAddress();
        const bytes = this.#packet(pair, 0);
        this.#noteSource(pair, bytes.length);
        server.arrive({ from: pair.from, bytes });
      }
    }
    for (const [index, socket] of sockets.entries()) socket.events = events[index] ?? null;
    for (const socket of sockets) socket.events?.onReadable();
  }

  #noteSource({ from, player }: Pair, bytes: number): void {
    if (from === player.handle.address || this.#proved.has(from)) this.#unproved.delete(from);
    else this.#unproved.set(from, (this.#unproved.get(from) ?? 0) + bytes);
  }

  #packet(pair: Pair, direction: 0 | 1): Uint8Array {
    const bytes = new Uint8Array(1232);
    const view = new DataView(bytes.buffer);
    const number = this.#isOneOf(20) ? pair.numbers[direction] - this.#upTo(100) : ++pair.numbers[direction];
    bytes[0] = PacketKind.Data;
    view.setUint32(1, pair.player.session, true);
    view.setUint32(5, number, true);
    let at = 9;
    const isPath = this.#isOneOf(2);
    if (isPath) at = this.#pathFrame(pair, bytes, at, direction);
    // Alone in its packet a path frame is read; with others it ends the connection.
    if (!isPath || this.#isOneOf(1000)) {
      do at = this.#frame(bytes, view, at, direction);
      while (at < 300 && this.#upTo(3) > 0);
    }
    if (this.#isOneOf(500)) bytes[9 + this.#upTo(at - 9)] = this.#upTo(256);
    if (this.#isOneOf(500)) at = Math.max(at - this.#upTo(9), 9);
    return bytes.subarray(0, at + TAG);
  }

  #count(kind: number, direction: 0 | 1): void {
    const name = `${direction === 0 ? "server" : "client"} ${kind}`;
    this.#reached.set(name, (this.#reached.get(name) ?? 0) + 1);
  }

  /** A challenge, or an answer: the true one, one that is nearly so, or any. */
  #pathFrame({ from }: Pair, bytes: Uint8Array, start: number, direction: 0 | 1): number {
    const isChallenge = this.#isOneOf(3);
    bytes[start] = isChallenge ? FrameKind.PathChallenge : FrameKind.PathResponse;
    this.#count(bytes[start] as number, direction);
    const token = this.#tokens.get(from);
    const end = start + 1 + PATH_CHALLENGE_BYTES;
    for (let at = start + 1; at < end; at++) bytes[at] = this.#upTo(256);
    if (isChallenge || direction === 1 || !token || this.#isOneOf(4)) return end;
    bytes.set(token, start + 1);
    const altered = this.#upTo(3);
    if (altered === 0) {
      const at = start + 1 + this.#upTo(PATH_CHALLENGE_BYTES);
      bytes[at] = (bytes[at] as number) ^ (1 << this.#upTo(8));
    }
    // The last byte tells the repetitions of a challenge apart, so any other value of it may be right as well.
    if (altered > 0 || bytes[end - 1] !== token[PATH_CHALLENGE_BYTES - 1]) {
      this.#proved.add(from);
    }
    return end;
  }

  #frame(bytes: Uint8Array, view: DataView, start: number, direction: 0 | 1): number {
    const kind = KINDS[this.#upTo(KINDS.length)] as number;
    const isPath = kind === FrameKind.PathChallenge || kind === FrameKind.PathResponse;
    if ((isPath || kind === FrameKind.Close) && this.#upTo(200) > 0) return start;
    this.#count(kind, direction);
    bytes[start] = kind;
    let at = start + 1;
    const number = (value: number) => {
      view.setUint32(at, value, true);
      at += 4;
    };
    const small = (...values: number[]) => {
      for (const value of values) bytes[at++] = value << 2;
    };
    const raw = (...values: number[]) => {
      for (const value of values) bytes[at++] = value;
    };
    const oddly = (value: number) => (this.#isOneOf(1000) ? this.#upTo(60) : value);
    switch (kind) {
      case FrameKind.Padding:
        return at;
      case FrameKind.Ack:
        number(oddly(0));
        small(this.#upTo(8), oddly(0), oddly(0));
        return at;
      case FrameKind.Close:
        raw(this.#upTo(256), 0, 3, 97, 98, 99);
        return at;
      case FrameKind.PathChallenge:
      case FrameKind.PathResponse:
        return at + PATH_CHALLENGE_BYTES;
      case FrameKind.Ping:
        number(this.#upTo(2 ** 31));
        return at;
      case FrameKind.Fragment + FrameKind.Notify:
        small(14);
        raw(this.#upTo(8), 0, oddly(this.#upTo(2)), oddly(2));
        return at + 10;
      case FrameKind.LaneBytes + 2:
        number(this.#isOneOf(1000) ? this.#upTo(2 ** 31) : this.#upTo(3000));
    }
    small(12);
    return at + 12;
  }
}

test("hostile packets with frames of paths, behind the seal, move and harm nobody else", async () => {
  const reached = new Map<string, number>();
  for (let world = 0; world < WORLDS; world++) await new Attack(5 + world, reached).run();
  if (IS_STRESS) console.log(Object.fromEntries(reached));
  const least = Math.min((WORLDS * ROUNDS * ROUND_PACKETS) / 100, 10_000);
  for (const kind of [FrameKind.PathChallenge, FrameKind.PathResponse]) {
    for (const end of ["server", "client"]) expect(reached.get(`${end} ${kind}`)).toBeGreaterThan(least);
  }
}, 2_400_000);

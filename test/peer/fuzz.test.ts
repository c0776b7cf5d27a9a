import { expect, test } from "vitest";
import { generateServerKey } from "../../lib/noise/index.js";
import { nodePrimitives } from "../../lib/noise/node-primitives.js";
import { MAGIC } from "../../lib/peer/handshake/handshake-packets.js";
import { Channel, type IConnection } from "../../lib/peer/index.js";
import { FrameKind, PacketKind } from "../../lib/peer/packet-format.js";
import {
  Delivery,
  type IConnectionHandle,
  type MemorySocketKind,
  type ReceivedPacket,
} from "../../lib/socket/index.js";
import { seededRandom } from "../../lib/testing/index.js";
import { PeerWorld, Recorder, text } from "../support/peer-world.js";

/**
 * Packets in a world of one kind. More would reach no more: the packets of 40 attackers in a round end their
 * connections.
 */
const PACKETS = 100_000;
/** Worlds of each kind; `npm run test:stress` sends ten million packets in all. */
const WORLDS = process.env.VALVE_SOCKETS_STRESS === "1" ? 34 : 1;
const ROUNDS = 200;
const ATTACKERS = 40;

// With a key there is Noise in the handshake, and Resets; without it the attackers' packets can be read as well.
const primitives = nodePrimitives();
const { privateKey } = generateServerKey(primitives);
const encryption = { primitives, serverKeys: [privateKey], required: false };
const INFO = new Uint8Array(40);

/** Over `host` the same code runs as over `stream`, and both ends are in one program. */
type FuzzedKind = Exclude<MemorySocketKind, "host">;

const fragments = [FrameKind.Unreliable, FrameKind.Notify, FrameKind.Sequenced + 1].map(
  (kind) => FrameKind.Fragment + kind,
);

/** Which frames a server of this kind reads. */
const frames: Record<FuzzedKind, number[]> = {
  datagram: [
    FrameKind.Padding,
    FrameKind.Ping,
    FrameKind.Ack,
    FrameKind.Close,
    FrameKind.Unreliable,
    FrameKind.Notify,
    FrameKind.Sequenced + 1,
    ...fragments,
    ...lanes(FrameKind.LaneBytes),
  ],
  "reliable-lanes": [
    FrameKind.Ping,
    FrameKind.Pong,
    FrameKind.Ack,
    FrameKind.Unreliable,
    FrameKind.Notify,
    FrameKind.Sequenced + 1,
    ...fragments,
    ...lanes(FrameKind.Message),
    ...lanes(FrameKind.MessagePart),
  ],
  stream: [
    FrameKind.Ping,
    FrameKind.Pong,
    FrameKind.NotifyCount,
    FrameKind.Unreliable,
    FrameKind.Notify,
    FrameKind.Sequenced + 1,
    ...fragments,
    ...lanes(FrameKind.Message),
    ...lanes(FrameKind.MessagePart),
  ],
};

function lanes(first: number): number[] {
  return [0, 1, 2, 3, 4, 5].map((lane) => first + lane);
}

interface Attacker {
  connection: IConnection & { session: number };
  number: number;
}

/**
 * Makes packets without a session, and packets of attackers with a session, whose frames are correct, nearly correct or
 * random.
 */
class Fuzzer {
  readonly bytes = new Uint8Array(400);
  readonly view = new DataView(this.bytes.buffer);
  readonly #kind: FuzzedKind;
  readonly #random: () => number;

  /** @param reached counts the frames of each kind that are read */
  constructor(
    kind: FuzzedKind,
    seed: number,
    readonly reached: Map<number, number>,
  ) {
    this.#kind = kind;
    this.#random = seededRandom(seed);
  }

  upTo(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  /** A packet that does not authenticate. Gives its length. */
  stray(session: number): number {
    const { bytes, view } = this;
    const length = 1 + this.upTo(300);
    for (let at = 0; at < length; at++) bytes[at] = this.upTo(256);
    switch (this.upTo(5)) {
      case 0:
        bytes[0] = PacketKind.Data;
        view.setUint32(1, session ^ (1 << this.upTo(32)), true);
        break;
      case 1:
        bytes[0] = PacketKind.InfoRequest;
        if (this.upTo(10) > 0) view.setUint32(1, MAGIC, true);
        return this.upTo(10) > 0 ? 256 : length;
      case 2:
        bytes[0] = PacketKind.ConnectRequest;
        view.setUint32(1, MAGIC, true);
        bytes[13] = this.upTo(4);
        bytes[14] = this.upTo(4);
        bytes[29] = this.upTo(2) * 9;
        if (this.challenge && bytes[29] > 0) {
          bytes.set(this.challenge.subarray(1, 9), 5);
          bytes.set(this.challenge.subarray(9), 30);
          bytes.fill(0, 21, 29);
        }
        view.setUint16(30 + (bytes[29] as number), this.upTo(4) * 50, true);
        bytes.fill(0, length);
        return Math.max(length, 256);
      case 3:
        bytes[0] = 1 + this.upTo(PacketKind.InfoAnswer);
    }
    return length;
  }

  /** A packet of an attacker, sealed with its session. */
  onPacketAuthenticated({ connection, number }: Attacker): number {
    this.#isAlive = connection.reason === null;
    const { bytes, view } = this;
    let at = 1;
    if (this.#kind === "datagram") {
      bytes[0] = PacketKind.Data;
      view.setUint32(1, connection.session, true);
      view.setUint32(5, number, true);
      at = 9;
    } else if (this.#kind === "reliable-lanes" && this.delivery === Delivery.Unreliable) {
      bytes[0] = PacketKind.Unreliable;
      view.setUint32(1, number, true);
      at = 5;
    } else bytes[0] = this.#kind === "reliable-lanes" ? PacketKind.Reliable : PacketKind.Stream;
    do at = this.#frame(at);
    while (at < 200 && this.upTo(3) > 0);
    if (this.upTo(50) === 0) bytes[9 + this.upTo(at - 9 || 1)] = this.upTo(256);
    return this.upTo(100) === 0 ? Math.max(at - this.upTo(20), 10) : at;
  }

  delivery = Delivery.Reliable;
  /** The newest answer to a stray: its nonce and cookie let the next request in. */
  challenge: Uint8Array | null = null;
  #isAlive = true;

  #frame(start: number): number {
    const { bytes, view } = this;
    const kinds = frames[this.#kind];
    const kind = kinds[this.upTo(kinds.length)] as number;
    // A Close, or a wrong message about a stream, ends the attacker's connection.
    const isLane = kind >= FrameKind.LaneBytes && kind < FrameKind.Fragment;
    const isDeadly = kind === FrameKind.Close || (isLane && (kind & 15) > 3);
    if (isDeadly && this.upTo(10) > 0) return start;
    // Nothing after a malformed frame is read.
    if (this.#isAlive) this.reached.set(kind, (this.reached.get(kind) ?? 0) + 1);
    bytes[start] = kind;
    let at = start + 1;
    const number = (value: number) => {
      view.setUint32(at, value, true);
      at += 4;
    };
    const small = (value: number) => {
      bytes[at++] = value << 2;
    };
    const payload = (length: number) => {
      small(length);
      for (const end = at + length; at < end; at++) bytes[at] = this.upTo(8);
    };
    if (kind >= FrameKind.LaneBytes && kind < FrameKind.LaneBytes + 6) {
      number(this.upTo(100) === 0 ? this.upTo(2 ** 31) : this.upTo(3000));
      payload(1 + this.upTo(40));
    } else if (kind >= FrameKind.Fragment) {
      const length = 1 + this.upTo(40);
      small(4 + length);
      bytes[at++] = this.upTo(8);
      bytes[at++] = this.upTo(100) === 0 ? this.upTo(256) : 0;
      bytes[at++] = this.upTo(2);
      bytes[at++] = this.upTo(100) === 0 ? this.upTo(20) : 2;
      for (const end = at + length; at < end; at++) bytes[at] = this.upTo(8);
    } else if (kind >= FrameKind.Unreliable) payload(this.upTo(40));
    else if (kind === FrameKind.Ack) {
      number(this.upTo(100) === 0 ? this.upTo(100) : 0);
      small(this.upTo(8));
      small(this.upTo(50) === 0 ? this.upTo(4) : 0);
      small(this.upTo(50) === 0 ? this.upTo(4) : 0);
    } else if (kind === FrameKind.Close) {
      bytes[at++] = this.upTo(256);
      bytes[at++] = this.upTo(4);
      bytes[at++] = 3;
      at += 3;
    } else if (kind === FrameKind.NotifyCount) number(this.upTo(100) === 0 ? 1 : 0);
    else if (kind !== FrameKind.Padding) number(this.upTo(2 ** 31));
    return at;
  }
}

async function attack(kind: FuzzedKind, seed: number, reached: Map<number, number>): Promise<void> {
  const limits = { maxConnections: 500, maxPendingConnections: 500 };
  const world = new PeerWorld({ kind, server: { ...limits, encryption, info: () => INFO } });
  const fuzzer = new Fuzzer(kind, seed, reached);
  let attackers: Attacker[] = [];
  let budget = 0;
  world.tap = (packet) => {
    if (budget > 0 && packet[0] === PacketKind.Challenge) fuzzer.challenge = packet.slice();
  };
  // The server's socket hands out a hostile packet whenever a round has some left.
  const socket = world.serverSocket;
  const [poll, receive] = [socket.poll.bind(socket), socket.receive.bind(socket)];
  let stranger: IConnectionHandle | null = null;
  const fill = (packet: ReceivedPacket) => {
    const attacker = attackers[fuzzer.upTo(attackers.length)] as Attacker;
    packet.lane = fuzzer.upTo(6);
    fuzzer.delivery = fuzzer.upTo(2);
    packet.delivery = fuzzer.delivery;
    // A stateful connection ends with the first packet that does not authenticate.
    const isProven = kind === "datagram" ? fuzzer.upTo(10) < 6 : fuzzer.upTo(200) > 0;
    if (isProven) {
      attacker.number++;
      packet.handle = attacker.connection.handle;
      packet.length = fuzzer.onPacketAuthenticated(attacker);
    } else {
      packet.handle = kind === "datagram" ? (stranger as IConnectionHandle) : attacker.connection.handle;
      packet.length = fuzzer.stray(attacker.connection.session);
    }
    packet.buffer = fuzzer.bytes;
    packet.offset = 0;
  };
  socket.poll = () => (budget > 0 && attackers.length > 0) || poll();
  socket.receive = (packet) => {
    stranger ??= packet.handle?.copy() ?? null;
    if (budget <= 0 || attackers.length === 0) return receive(packet);
    budget--;
    fill(packet);
  };

  await world.listen();
  const honest = [];
  for (let count = 0; count < 3; count++) {
    const { connection, handler } = world.dial();
    await world.run(60);
    honest.push({ connection: await connection, handler, echoes: [] as string[] });
  }
  const hostile = new Set<IConnection>();
  const reconnect = async () => {
    attackers = attackers.filter(({ connection }) => world.server.connections.includes(connection));
    const dials = [];
    world.serverHandler.connected.length = 0;
    for (let missing = ATTACKERS - attackers.length; missing > 0; missing--) dials.push(world.dial({}, new Recorder()));
    await world.run(30);
    for (const connection of world.serverHandler.connected) {
      hostile.add(connection);
      attackers.push({ connection: connection as Attacker["connection"], number: 1000 });
    }
  };
  const honestMessages = new Map<IConnection, string[]>();
  world.serverHandler.onMessage = (connection, message, channel) => {
    if (hostile.has(connection)) return;
    const said = new TextDecoder().decode(message.view());
    const list = honestMessages.get(connection) ?? [];
    honestMessages.set(connection, list);
    list.push(said);
    connection.send(text(said), channel);
  };

  const expected: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await reconnect();
    expected.push(`${round}`);
    for (const { connection } of honest) connection.send(text(`${round}`), Channel.Reliable);
    budget = Math.ceil(PACKETS / ROUNDS);
    socket.events?.onReadable();
    budget = 0;
    await world.run(20, 20);
  }
  await world.run(3000, 20);

  for (const { connection, handler } of honest) {
    expect(world.server.connections.length).toBeGreaterThanOrEqual(3);
    expect(connection.reason).toBeNull();
    expect(handler.texts).toEqual(expected);
  }
  expect([...honestMessages.values()]).toEqual([expected, expected, expected]);
  const { cookiesRefused, infoAnswersSent, infoRequestsDropped, rejectsSent, resetsSent } = world.server.metrics;
  if (kind !== "datagram") expect({ cookiesRefused, resetsSent }).toEqual({ cookiesRefused: 0, resetsSent: 0 });
  else
    expect(Math.min(cookiesRefused, infoAnswersSent, infoRequestsDropped, rejectsSent, resetsSent)).toBeGreaterThan(0);
}

test.each<FuzzedKind>(["datagram", "reliable-lanes", "stream"])(
  "hostile packets over %s harm nobody else",
  async (kind) => {
    const reached = new Map<number, number>();
    for (let world = 0; world < WORLDS; world++) await attack(kind, 5 + world, reached);
    console.log(kind, Object.fromEntries(reached));
    const least = Math.min((WORLDS * PACKETS) / 500, 10_000);
    for (const frame of frames[kind]) expect(reached.get(frame), `frame ${frame}`).toBeGreaterThan(least);
  },
  1_200_000,
);

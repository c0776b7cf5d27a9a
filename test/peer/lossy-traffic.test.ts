import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Library, NetworkingSockets } from "../../lib/index.js";
import { generateServerKey } from "../../lib/noise/index.js";
import { nodePrimitives } from "../../lib/noise/node-primitives.js";
import { Channel, type IConnection } from "../../lib/peer/index.js";
import { LagSocketFactory, type SocketFactory } from "../../lib/socket/index.js";
import { seededRandom } from "../../lib/testing/index.js";
import { gns, type PeerPair, type PeerUser, RealPeers, udp, webTransport } from "../support/real-peers.js";
import { carryStream, STREAM_BYTES } from "../support/stream-transfer.js";
import { setConditions, turn } from "../support/traffic.js";

const LOSS_PERCENT = 5;
const primitives = nodePrimitives();
const key = generateServerKey(primitives);
const keyed = { encryption: { primitives, serverKeys: [key.privateKey] } };
const pinned = { encryption: { primitives, serverKey: key.publicKey } };

let world: RealPeers;

/** GNS loses packets of the whole process itself; every connection over GNS in this file is meant. */
beforeEach(() => {
  Library.initialize();
  const lossy = { rateBytesPerSecond: 0, lossPercent: LOSS_PERCENT, lagMs: 0, reorderPercent: 0, reorderMs: 0 };
  setConditions(new NetworkingSockets(), lossy);
});

afterEach(async () => {
  await world.close();
  Library.deinitialize();
});

async function connect(factory: SocketFactory): Promise<PeerPair> {
  world = new RealPeers(factory, keyed);
  await world.listen();
  return world.pair(pinned);
}

const transports: [string, () => SocketFactory][] = [
  ["GNS", () => gns({ sendRate: 100 * 2 ** 20 })],
  ["UDP", () => new LagSocketFactory(udp(), { loss: LOSS_PERCENT / 100, random: seededRandom(5) })],
  ["WebTransport", () => new LagSocketFactory(webTransport(), { loss: LOSS_PERCENT / 100, random: seededRandom(5) })],
];

const HEADER_BYTES = 5;
const pattern = Uint8Array.from({ length: 4096 }, (_, index) => index * 31);

/** Message `number` of a lane: its number and lane, and a content that follows from them. */
function message(number: number, lane: number, maxBytes: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + ((number * 7919 + lane) % (maxBytes - HEADER_BYTES)));
  bytes.set(pattern.subarray(number & 255, (number & 255) + bytes.length - HEADER_BYTES), HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, number);
  view.setUint8(4, lane);
  return bytes;
}

const LANES = 4;
const MESSAGES_PER_TURN = 40;
const MAX_RELIABLE_BYTES = 3000;
const MAX_UNRELIABLE_BYTES = 1100;

/** One direction of a flood: reliable messages on all lanes, with an unreliable one beside each. */
class Flood {
  readonly reliableReceived = new Array<number>(LANES).fill(0);
  readonly unreliableReceived = new Set<number>();
  readonly faults: string[] = [];
  unreliableSent = 0;
  readonly #total: number;
  readonly #from: IConnection;
  #sent = 0;

  constructor(from: IConnection, receiver: PeerUser, total: number) {
    this.#from = from;
    this.#total = total;
    receiver.receive = (_connection, segment, channel, lane) => this.#check(segment.view(), channel, lane);
  }

  get isComplete(): boolean {
    return this.faults.length > 0 || this.reliableReceived.every((count) => count === this.#total / LANES);
  }

  /** Sends as fast as the queues take it, with turns of the event loop between. */
  async run(): Promise<void> {
    while (this.#sent < this.#total) {
      for (let count = 0; count < MESSAGES_PER_TURN && this.#sendBoth(); count++);
      await turn();
    }
  }

  #sendBoth(): boolean {
    const [number, lane] = [Math.floor(this.#sent / LANES), this.#sent % LANES];
    if (this.#sent === this.#total) return false;
    if (!this.#from.send(message(number, lane, MAX_RELIABLE_BYTES), Channel.Reliable, lane)) return false;
    this.#sent++;
    const unreliable = message(this.unreliableSent, 0, MAX_UNRELIABLE_BYTES);
    if (this.#from.send(unreliable, Channel.Unreliable)) this.unreliableSent++;
    return true;
  }

  #check(bytes: Uint8Array, channel: Channel, lane: number): void {
    const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    const isReliable = channel === Channel.Reliable;
    const expected = message(number, lane, isReliable ? MAX_RELIABLE_BYTES : MAX_UNRELIABLE_BYTES);
    const name = `${Channel[channel]} message ${number} on lane ${lane}`;
    if (Buffer.compare(bytes, expected) !== 0) this.faults.push(`${name} has another content`);
    if (isReliable) {
      if (number !== this.reliableReceived[lane]) this.faults.push(`${name} after ${this.reliableReceived[lane]}`);
      this.reliableReceived[lane] = number + 1;
    } else {
      if (this.unreliableReceived.has(number)) this.faults.push(`${name} came twice`);
      this.unreliableReceived.add(number);
    }
  }
}

describe.each(transports)("over %s, with 5 of 100 packets lost", (name, createFactory) => {
  test("nothing reliable is lost or out of order under Noise, at full rate on all channels both ways", async () => {
    const { client, server, clientUser, serverUser } = await connect(createFactory());
    const total = 4000;
    const up = new Flood(client, serverUser, total);
    const down = new Flood(server, clientUser, total);
    await Promise.all([up.run(), down.run()]);
    await Promise.all([serverUser.until(() => up.isComplete), clientUser.until(() => down.isComplete)]);
    for (const flood of [up, down]) {
      expect(flood.faults).toEqual([]);
      const [arrived, sent] = [flood.unreliableReceived.size, flood.unreliableSent];
      console.log(`${name}: ${total} of ${total} reliable, ${arrived} of ${sent} unreliable`);
      expect(arrived).toBeGreaterThan(sent / 2);
      expect(arrived).toBeLessThan(sent);
    }
    expect([client.security, client.metrics.strayPackets, server.metrics.strayPackets]).toEqual([
      "authenticated",
      0,
      0,
    ]);
  });

  test(`a stream of ${STREAM_BYTES / 1e6} MB arrives whole`, { timeout: 600_000 }, async () => {
    const { client, server } = await connect(createFactory());
    const { sent, received } = await carryStream(client, server, STREAM_BYTES);
    expect(received).toEqual(sent);
  });
});

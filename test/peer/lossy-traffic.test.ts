import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Library, NetworkingSockets } from "../../lib/index.js";
import { generateServerKey } from "../../lib/noise/index.js";
import { nodePrimitives } from "../../lib/noise/node-primitives.js";
import { Channel, type IConnection } from "../../lib/peer/index.js";
import { LagSocketFactory, type SocketFactory } from "../../lib/socket/index.js";
import { seededRandom } from "../../lib/testing/index.js";
import { gns, type PeerPair, type PeerUser, RealPeers, udp } from "../support/real-peers.js";
import { carryStream, streamBytes } from "../support/stream-transfer.js";
import { setConditions, turn } from "../support/traffic.js";

const lossPercent = 5;
const primitives = nodePrimitives();
const key = generateServerKey(primitives);
const keyed = { encryption: { primitives, serverKeys: [key.privateKey] } };
const pinned = { encryption: { primitives, serverKey: key.publicKey } };

let world: RealPeers;

/** GNS loses packets of the whole process itself; every connection over GNS in this file is meant. */
beforeEach(() => {
  Library.initialize();
  const lossy = { rateBytesPerSecond: 0, lossPercent, lagMs: 0, reorderPercent: 0, reorderMs: 0 };
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
  ["UDP", () => new LagSocketFactory(udp(), { loss: lossPercent / 100, random: seededRandom(5) })],
];

const headerBytes = 5;
const pattern = Uint8Array.from({ length: 4096 }, (_, index) => index * 31);

/** Message `number` of a lane: its number and lane, and a content that follows from them. */
function message(number: number, lane: number, maxBytes: number): Uint8Array {
  const bytes = new Uint8Array(headerBytes + ((number * 7919 + lane) % (maxBytes - headerBytes)));
  bytes.set(pattern.subarray(number & 255, (number & 255) + bytes.length - headerBytes), headerBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, number);
  view.setUint8(4, lane);
  return bytes;
}

const lanes = 4;
const messagesPerTurn = 40;
const maxReliableBytes = 3000;
const maxUnreliableBytes = 1100;

/** One direction of a flood: reliable messages on all lanes, with an unreliable one beside each. */
class Flood {
  readonly reliableReceived = new Array<number>(lanes).fill(0);
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
    return this.faults.length > 0 || this.reliableReceived.every((count) => count === this.#total / lanes);
  }

  /** Sends as fast as the queues take it, with turns of the event loop between. */
  async run(): Promise<void> {
    while (this.#sent < this.#total) {
      for (let count = 0; count < messagesPerTurn && this.#sendBoth(); count++);
      await turn();
    }
  }

  #sendBoth(): boolean {
    const [number, lane] = [Math.floor(this.#sent / lanes), this.#sent % lanes];
    if (this.#sent === this.#total) return false;
    if (!this.#from.send(message(number, lane, maxReliableBytes), Channel.Reliable, lane)) return false;
    this.#sent++;
    const unreliable = message(this.unreliableSent, 0, maxUnreliableBytes);
    if (this.#from.send(unreliable, Channel.Unreliable)) this.unreliableSent++;
    return true;
  }

  #check(bytes: Uint8Array, channel: Channel, lane: number): void {
    const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    const isReliable = channel === Channel.Reliable;
    const expected = message(number, lane, isReliable ? maxReliableBytes : maxUnreliableBytes);
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
  it("nothing reliable is lost or out of order under Noise, at full rate on all channels both ways", async () => {
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

  it(`a stream of ${streamBytes / 1e6} MB arrives whole`, { timeout: 600_000 }, async () => {
    const { client, server } = await connect(createFactory());
    const { sent, received } = await carryStream(client, server, streamBytes);
    expect(received).toEqual(sent);
  });
});

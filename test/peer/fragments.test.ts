import { describe, expect, test } from "vitest";
import { MAX_INCOMPLETE_MS } from "../../lib/peer/delivery/fragment-assembler.js";
import { Channel, type IConnection, MAX_UNRELIABLE_MESSAGE_SIZE } from "../../lib/peer/index.js";
import { LagSocketFactory, type MemorySocketKind } from "../../lib/socket/index.js";
import { seededRandom } from "../../lib/testing/index.js";
import { PeerWorld } from "../support/peer-world.js";

const kinds: MemorySocketKind[] = ["datagram", "reliable-lanes", "stream"];
const SEEDS = 100;
const MESSAGES = 60;

/** Bytes that follow from a number, and begin with it. */
function message(number: number, size: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(size, 4));
  for (let at = 4; at < bytes.length; at++) bytes[at] = number * 31 + at * 7 + (at >> 8);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

const numberOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);

/** A world whose lines get bad when both ends are connected. */
async function lossyWorld(kind: MemorySocketKind, seed: number) {
  let lag: LagSocketFactory | null = null;
  const connected = await PeerWorld.connected({
    kind,
    wrap: (plain, clock) => {
      lag = new LagSocketFactory(plain, { clock, random: seededRandom(seed) });
      return lag;
    },
  });
  (lag as unknown as LagSocketFactory).conditions = {
    ...{ latencyMs: 20, jitterMs: 10, loss: 0.05, duplicate: 0.1, reorder: 0.2 },
  };
  return connected;
}

/** Checks what a server gets: whole messages, at most once, sequenced and notify ones never backwards. */
class Checker {
  readonly arrived = new Set<string>();
  largest = 0;
  readonly #newest = new Map<string, number>();

  check(bytes: Uint8Array, channel: Channel, lane: number): void {
    const number = numberOf(bytes);
    const key = `${Channel[channel]} ${lane}`;
    if (Buffer.compare(bytes, message(number, bytes.length)) !== 0) throw new Error(`${key}: another content`);
    if (this.arrived.has(`${key} ${number}`)) throw new Error(`${key}: ${number} came twice`);
    this.arrived.add(`${key} ${number}`);
    this.largest = Math.max(this.largest, bytes.length);
    if (channel === Channel.Unreliable) return;
    if (number < (this.#newest.get(key) ?? -1)) throw new Error(`${key}: ${number} after ${this.#newest.get(key)}`);
    this.#newest.set(key, number);
  }
}

async function soak(kind: MemorySocketKind, seed: number) {
  const random = seededRandom(seed);
  const { world, client } = await lossyWorld(kind, seed);
  const checker = new Checker();
  const faults: unknown[] = [];
  world.serverHandler.onMessage = (_connection, segment, channel, lane) => {
    try {
      checker.check(segment.copy(), channel, lane);
    } catch (error) {
      faults.push(error);
    }
  };
  const fates = new Map<number, string[]>();
  for (let number = 0; number < MESSAGES; number++) {
    const size = random() < 0.3 ? random() * MAX_UNRELIABLE_MESSAGE_SIZE : random() * 3000;
    const bytes = message(number, size);
    const fate: string[] = [];
    const lane = number % 4;
    client.send(bytes, Channel.Unreliable);
    client.send(bytes, Channel.Sequenced, lane);
    const callbacks = { onDelivered: () => fate.push("delivered"), onLost: () => fate.push("lost") };
    if (client.sendNotify(bytes, callbacks)) fates.set(number, fate);
    if (random() < 0.7) await world.run(20, 10);
  }
  await world.run(8000, 20);
  return { world, client, checker, faults, fates };
}

describe.each(kinds)("messages in fragments over %s", (kind) => {
  test(`arrive whole or not at all, in order, and each notify has one fate, under ${SEEDS} seeds`, async () => {
    const [counts, late] = [
      new Map<string, number>(),
      { sequencedLate: 0, fragmentsDropped: 0, messagesIncomplete: 0 },
    ];
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { world, client, checker, faults, fates } = await soak(kind, seed);
      expect(faults).toEqual([]);
      expect(client.reason).toBeNull();
      for (const [number, fate] of fates) {
        expect(fate).toHaveLength(1);
        if (fate[0] === "delivered") expect(checker.arrived.has(`Notify 0 ${number}`)).toBe(true);
        counts.set(`${fate}`, (counts.get(`${fate}`) ?? 0) + 1);
      }
      for (const key of checker.arrived) {
        const [channel = ""] = key.split(" ");
        counts.set(channel, (counts.get(channel) ?? 0) + 1);
      }
      const { metrics } = world.server.connections[0] as IConnection;
      // On a stream a message of which the sender has dropped the rest stays until the next one is cut.
      const maxBytes = kind === "stream" ? 2 * MAX_UNRELIABLE_MESSAGE_SIZE : 0;
      expect(metrics.reassemblyBytes).toBeLessThanOrEqual(maxBytes);
      for (const name of ["sequencedLate", "fragmentsDropped", "messagesIncomplete"] as const) {
        late[name] += metrics[name];
      }
      void client.close();
      await world.run(3000, 100);
    }
    console.log(kind, Object.fromEntries(counts), late);
    for (const name of ["Unreliable", "Sequenced", "Notify", "delivered"]) {
      expect(counts.get(name)).toBeGreaterThan((SEEDS * MESSAGES) / 10);
    }
    // A stream loses nothing: what it cannot take waits in the Peer.
    if (kind === "stream") expect(late).toMatchObject({ messagesIncomplete: 0, fragmentsDropped: 0 });
    else {
      expect(late.messagesIncomplete).toBeGreaterThan(SEEDS);
      expect(late.fragmentsDropped).toBeGreaterThan(SEEDS / 4);
    }
  }, 300_000);

  test("the largest arrives on each channel, and one byte more is refused", async () => {
    const { world, client } = await PeerWorld.connected({ kind });
    const received: [Channel, number, Uint8Array][] = [];
    world.serverHandler.onMessage = (_connection, segment, channel, lane) =>
      void received.push([channel, lane, segment.copy()]);
    const bytes = message(7, MAX_UNRELIABLE_MESSAGE_SIZE);
    const fates: string[] = [];
    expect(client.send(bytes, Channel.Unreliable)).toBe(true);
    expect(client.send(bytes, Channel.Sequenced, 3)).toBe(true);
    client.sendNotify(bytes, { onDelivered: () => fates.push("delivered"), onLost: () => fates.push("lost") });
    await world.run(500);
    expect(received).toEqual([
      [Channel.Unreliable, 0, bytes],
      [Channel.Sequenced, 3, bytes],
      [Channel.Notify, 0, bytes],
    ]);
    expect(fates).toEqual(["delivered"]);
    const over = new Uint8Array(MAX_UNRELIABLE_MESSAGE_SIZE + 1);
    for (const channel of [Channel.Unreliable, Channel.Sequenced]) {
      expect(() => client.send(over, channel)).toThrow(expect.objectContaining({ code: "ERR_MESSAGE_SIZE" }));
    }
    expect(client.metrics.messagesSent).toEqual([0, 1, 1, 1]);
    expect(() => client.send(bytes, Channel.Sequenced, 4)).toThrow(RangeError);
  });

  test("a message that is too old when it could leave is dropped, counted, and lost", async () => {
    const { world, client, clientPeer } = await PeerWorld.connected({ kind, client: { drive: "automatic" } });
    const fates: string[] = [];
    const callbacks = { onDelivered: () => fates.push("delivered"), onLost: () => fates.push("lost") };
    const flushLate = (ageMs: number, maxAgeMs: number) => {
      client.send(message(1, 5000), Channel.Unreliable, 0, 0, undefined, maxAgeMs);
      client.send(message(2, 20), Channel.Sequenced, 0, 0, undefined, maxAgeMs);
      client.sendNotify(message(3, 3000), callbacks, 0, undefined, maxAgeMs);
      client.sendNotify(message(4, 30), callbacks, 0, undefined, maxAgeMs);
      client.send(message(5, 30), Channel.Unreliable);
      // Time passes within the turn.
      world.clock.suspend(ageMs);
      clientPeer.updateSent();
    };
    flushLate(51, 50);
    await world.run(300);
    expect(world.serverHandler.messages.map(({ channel }) => channel)).toEqual([Channel.Unreliable]);
    expect(client.metrics.messagesExpired).toBe(4);
    expect(fates).toEqual(["lost", "lost"]);
    flushLate(50, 50);
    await world.run(300);
    expect(client.metrics.messagesExpired).toBe(4);
    expect(fates).toEqual(["lost", "lost", "delivered", "delivered"]);
    expect(world.serverHandler.messages).toHaveLength(6);
  });

  test("maxAgeMs is a number from 0 up, and not for reliable messages", async () => {
    const { client } = await PeerWorld.connected({ kind });
    const send = (channel: Channel, maxAgeMs: unknown) =>
      client.send(message(1, 5), channel, 0, 0, undefined, maxAgeMs as number);
    for (const wrong of [-1, Number.NaN]) expect(() => send(Channel.Unreliable, wrong)).toThrow(RangeError);
    for (const wrong of ["5", null, {}]) expect(() => send(Channel.Unreliable, wrong)).toThrow(TypeError);
    expect(() => send(Channel.Reliable, 50)).toThrow(RangeError);
    expect(send(Channel.Reliable, Number.POSITIVE_INFINITY)).toBe(true);
    expect(send(Channel.Unreliable, 0)).toBe(true);
  });

  test("queuedBytes of a lane has its messages, and no stream's", async () => {
    const { world, client } = await PeerWorld.connected({ kind });
    const [server] = world.serverHandler.connected as [IConnection];
    server.onStream = (_header, accept) => void accept();
    const writer = client.openStream().writable.getWriter();
    void writer.write(new Uint8Array(200_000));
    world.isCut = true;
    for (let count = 0; count < 3; count++) client.send(new Uint8Array(1000), Channel.Reliable, 2);
    expect([0, 1, 2, 3].map((lane) => client.queuedBytes(lane) >= 3000)).toEqual([false, false, true, false]);
    expect(client.queuedBytes(2)).toBeLessThan(3020);
    for (const lane of [-1, 4, 0.5]) expect(() => client.queuedBytes(lane)).toThrow(RangeError);
    world.isCut = false;
    await world.run(2000);
    expect([0, 1, 2, 3].map((lane) => client.queuedBytes(lane))).toEqual([0, 0, 0, 0]);
  });
});

test("on a stream a message that stands still half way is not given up, and the sender is told the truth", async () => {
  const lags: LagSocketFactory[] = [];
  const { world, client } = await PeerWorld.connected({
    kind: "stream",
    wrap: (plain, clock) => {
      const lag = new LagSocketFactory(plain, { clock, random: seededRandom(1) });
      lags.push(lag);
      return lag;
    },
  });
  const [lag] = lags as [LagSocketFactory];
  let packets = 0;
  world.tap = () => {
    lag.conditions = { ...lag.conditions, latencyMs: ++packets === 2 ? 2 * MAX_INCOMPLETE_MS : 0 };
  };
  const sizes: number[] = [];
  world.serverHandler.onMessage = (_connection, { length }) => void sizes.push(length);
  const fates: string[] = [];
  const note = (name: string) => ({
    onDelivered: () => fates.push(`${name} delivered`),
    onLost: () => fates.push(`${name} lost`),
  });
  client.sendNotify(message(1, MAX_UNRELIABLE_MESSAGE_SIZE), note("first"));
  client.sendNotify(message(2, 20), note("second"));
  await world.run(5 * MAX_INCOMPLETE_MS);
  expect(sizes).toEqual([MAX_UNRELIABLE_MESSAGE_SIZE, 20]);
  expect(fates).toEqual(["first delivered", "second delivered"]);
});

import { describe, expect, test } from "vitest";
import { equalBytes } from "../../../lib/bytes.js";
import { Channel } from "../../../lib/peer/channel.js";
import { DATA_HEADER_BYTES, LANES, USER_LANES } from "../../../lib/peer/packet-format.js";
import { type EndPoint, type LinkOptions, Simulation, ToySeal } from "./simulation.js";

const SEEDS = 100;
const TIMEOUT_MS = 10_000;
const sizes = { maxPacketSize: 1232, timeoutMs: TIMEOUT_MS };

/** A message that tells its number, and whose bytes are all checked. */
function message(number: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length).fill(number);
  for (let at = 0; at < length; at += 16) bytes[at] = number + (at >> 4);
  return bytes;
}

/** Messages of a game from `from`: reliable ones of many sizes on all lanes, and one of 1100 bytes that is not. */
class Traffic {
  unreliable = 0;
  readonly #sent = new Array<number>(USER_LANES).fill(0);
  readonly #received = new Array<number>(USER_LANES).fill(0);

  constructor(
    readonly simulation: Simulation,
    readonly from: EndPoint,
    to: EndPoint,
  ) {
    to.onMessage = (channel, lane, bytes) => {
      if (channel !== Channel.Reliable) {
        this.unreliable++;
        return;
      }
      const number = this.#received[lane] as number;
      if (!equalBytes(bytes, message(number, bytes.length))) throw new Error(`Message ${number} of lane ${lane}`);
      this.#received[lane] = number + 1;
    };
  }

  get isDelivered(): boolean {
    return this.#received.every((count, lane) => count === this.#sent[lane]);
  }

  /** Runs for `ms` with some messages every 20 ms, of up to `mostBytes`. */
  run(ms: number, mostBytes = 5000): void {
    const { random } = this.simulation;
    for (let passedMs = 0; passedMs < ms; passedMs += 20) {
      const lane = Math.floor(random() * USER_LANES);
      if (this.from.reliable(lane, message(this.#sent[lane] as number, 4 + Math.floor(random() * mostBytes)))) {
        this.#sent[lane] = (this.#sent[lane] as number) + 1;
      }
      this.from.send(Channel.Unreliable, 0, new Uint8Array(1100));
      this.simulation.run(20);
    }
  }
}

describe.each(["clear", "sealed"])("%s: a path that carries less in mid-game", (kind) => {
  test.each([1231, 1200, 1150, 1128])("%i bytes: everything reliable arrives once and in order", (mostBytes) => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const simulation = new Simulation(seed);
      const there: LinkOptions = { delayMs: 1 + 60 * simulation.random(), loss: seed % 4 === 0 ? 0.2 : 0.01 };
      const seal = kind === "sealed" ? { seal: new ToySeal() } : {};
      const [near, far] = simulation.pair(there, { ...there }, { ...sizes, ...seal });
      const traffic = new Traffic(simulation, near, far);
      traffic.run(400);
      expect(near.metrics.maxPacketSize).toBe(1232);
      there.mostBytes = mostBytes;
      traffic.run(1200);
      expect(simulation.run(20_000, () => traffic.isDelivered)).toBeLessThan(TIMEOUT_MS);
      expect([seed, near.metrics.maxPacketSize, far.metrics.maxPacketSize]).toEqual([seed, 1128, 1232]);
      // What an unreliable message may have is what it was.
      traffic.unreliable = 0;
      traffic.run(1000);
      expect(traffic.unreliable).toBeGreaterThan(there.loss === 0.2 ? 25 : 40);
    }
  });
});

describe("packets of up to 1452 bytes", () => {
  const larger = { maxPacketSize: 1452, provedPacketSize: 1232, timeoutMs: TIMEOUT_MS };

  /** Sends 100 messages that need many packets. */
  function sendMuch(traffic: Traffic): void {
    for (let count = 0; count < 5; count++) traffic.run(400, 50_000);
  }

  test.each([
    [1500, 1452],
    [1451, 1372],
    [1372, 1372],
    [1371, 1232],
    [1232, 1232],
  ])("a path of %i bytes: whoever sends much finds %i, and all arrives", (mostBytes, found) => {
    for (let seed = 1; seed <= SEEDS / 10; seed++) {
      const simulation = new Simulation(seed);
      const there: LinkOptions = { delayMs: 1 + 60 * simulation.random(), loss: seed % 4 === 0 ? 0.05 : 0, mostBytes };
      const [near, far] = simulation.pair(there, { ...there }, larger);
      const traffic = new Traffic(simulation, near, far);
      sendMuch(traffic);
      expect(simulation.run(20_000, () => traffic.isDelivered)).toBeLessThan(TIMEOUT_MS);
      // One probe in twenty is lost by chance, three in a row one time in 8000.
      expect([seed, near.metrics.maxPacketSize, far.metrics.maxPacketSize]).toEqual([seed, found, 1232]);
    }
  });

  test("a path that carries less later: it falls to the smallest size, and stays there", () => {
    for (let seed = 1; seed <= SEEDS / 10; seed++) {
      const simulation = new Simulation(seed);
      const there: LinkOptions = { delayMs: 1 + 60 * simulation.random() };
      const [near, far] = simulation.pair(there, { ...there }, larger);
      const traffic = new Traffic(simulation, near, far);
      sendMuch(traffic);
      expect(near.metrics.maxPacketSize).toBe(1452);
      there.mostBytes = 1300;
      sendMuch(traffic);
      expect(simulation.run(20_000, () => traffic.isDelivered)).toBeLessThan(TIMEOUT_MS);
      expect([seed, near.metrics.maxPacketSize]).toEqual([seed, 1128]);
    }
  });

  test("a game's small messages ask for nothing", () => {
    const simulation = new Simulation(1);
    const [near, far] = simulation.pair({ delayMs: 20 }, { delayMs: 20 }, larger);
    for (let count = 0; count < 1000; count++) {
      near.reliable(0, new Uint8Array(200));
      far.send(Channel.Sequenced, 0, new Uint8Array(1100));
      simulation.run(20);
    }
    expect([near.metrics.maxPacketSize, far.metrics.maxPacketSize]).toEqual([1232, 1232]);
  });
});

test.each([1232, 1128])(
  "packets of %i bytes: a silence of the whole path says nothing about its size",
  (maxPacketSize) => {
    for (let seed = 1; seed <= SEEDS / 4; seed++) {
      const simulation = new Simulation(seed);
      const there: LinkOptions = { delayMs: 1 + 30 * simulation.random(), loss: seed % 2 === 0 ? 0.2 : 0 };
      const back: LinkOptions = { ...there };
      const [near, far] = simulation.pair(there, back, { ...sizes, maxPacketSize });
      const traffic = new Traffic(simulation, near, far);
      traffic.run(400);
      for (let silence = 0; silence < 2; silence++) {
        there.mostBytes = back.mostBytes = 0;
        traffic.run(6500);
        there.mostBytes = back.mostBytes = Number.POSITIVE_INFINITY;
        traffic.run(400);
      }
      simulation.run(TIMEOUT_MS, () => traffic.isDelivered);
      expect([seed, traffic.isDelivered, near.pathTooSmallMs, far.pathTooSmallMs]).toEqual([seed, true, null, null]);
      expect([seed, near.metrics.maxPacketSize]).toEqual([seed, maxPacketSize]);
    }
  },
);

test.each([1127, 1100, 300, 60])("a path that carries %i bytes is given up before the timeout", (mostBytes) => {
  for (let seed = 1; seed <= SEEDS / 4; seed++) {
    const simulation = new Simulation(seed);
    const there: LinkOptions = { delayMs: 1 + 60 * simulation.random(), loss: seed % 4 === 0 ? 0.2 : 0.01 };
    const [near, far] = simulation.pair(there, { ...there }, sizes);
    const traffic = new Traffic(simulation, near, far);
    traffic.run(400);
    there.mostBytes = mostBytes;
    traffic.run(2 * TIMEOUT_MS, 2000);
    const givenUpMs = (near.pathTooSmallMs as number) - 400;
    expect(givenUpMs).toBeGreaterThan(TIMEOUT_MS / 2);
    // Where a fifth of the small ones is lost too it takes longer.
    expect(givenUpMs).toBeLessThan(there.loss === 0.2 ? 2 * TIMEOUT_MS : TIMEOUT_MS);
    expect(far.pathTooSmallMs).toBeNull();
  }
});

test("packets that are lost by chance change nothing", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const simulation = new Simulation(seed);
    const [near, far] = simulation.pair({ delayMs: 30, loss: 0.2 + 0.1 * simulation.random() }, undefined, sizes);
    const traffic = new Traffic(simulation, near, far);
    traffic.run(2000);
    simulation.run(20_000, () => traffic.isDelivered);
    expect([seed, near.metrics.maxPacketSize, near.pathTooSmallMs]).toEqual([seed, 1232, null]);
  }
});

test("neither does a queue that overflows", () => {
  const simulation = new Simulation();
  const [near, far] = simulation.pair({ delayMs: 20, bytesPerMs: 50, queueBytes: 3000 }, { delayMs: 20 }, sizes);
  const traffic = new Traffic(simulation, near, far);
  traffic.run(10_000, 3000);
  expect(near.link.queueDrops).toBeGreaterThan(20);
  expect([near.metrics.maxPacketSize, near.pathTooSmallMs]).toEqual([1232, null]);
});

describe("a side for which the handshake has proved the smallest size", () => {
  const unproved = { ...sizes, provedPacketSize: 1128 };

  test("asks for the size that was agreed on with one padded Ping", () => {
    const simulation = new Simulation();
    const [near] = simulation.pair({ delayMs: 20 }, undefined, unproved);
    const lengths: number[] = [];
    near.onTransmit = (packet) => lengths.push(packet.length);
    simulation.run(1000);
    expect(near.metrics.maxPacketSize).toBe(1232);
    expect(lengths.filter((length) => length === 1232)).toHaveLength(1);
    expect(lengths.filter((length) => length > DATA_HEADER_BYTES + LANES * 6)).toHaveLength(1);
  });

  test.each([1231, 1200, 1128])("keeps it where %i bytes arrive", (mostBytes) => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const simulation = new Simulation(seed);
      const [near, far] = simulation.pair({ delayMs: 20, mostBytes, loss: (seed % 4) / 10 }, { delayMs: 20 }, unproved);
      const traffic = new Traffic(simulation, near, far);
      traffic.run(1000);
      simulation.run(20_000, () => traffic.isDelivered);
      expect([traffic.isDelivered, near.metrics.maxPacketSize, near.pathTooSmallMs]).toEqual([true, 1128, null]);
    }
  });

  test.each([1127, 500, 50])("gives the path up where %i bytes arrive, even if nothing is sent", (mostBytes) => {
    const simulation = new Simulation();
    const [near] = simulation.pair({ delayMs: 20, mostBytes }, { delayMs: 20 }, unproved);
    simulation.run(TIMEOUT_MS, () => near.pathTooSmallMs !== null);
    expect(near.pathTooSmallMs).toBeGreaterThan(TIMEOUT_MS / 2);
    expect(near.pathTooSmallMs).toBeLessThan(TIMEOUT_MS);
  });
});

describe("attacks", () => {
  test("nobody beside the path makes packets smaller: forged acknowledgements count for nothing", () => {
    for (let seed = 1; seed <= SEEDS / 4; seed++) {
      const simulation = new Simulation(seed);
      const [near, far] = simulation.pair({ delayMs: 20 }, undefined, { ...sizes, seal: new ToySeal() });
      const traffic = new Traffic(simulation, near, far);
      // Acks of single numbers far apart, so that everything between them would be lost.
      near.onTransmit = () => {
        const number = Math.floor(simulation.random() * 2000);
        const forged = Uint8Array.from([16, 0x42, 0xde, 0xca, 0xde, number, number >> 8, 0, 0, 3, number, number >> 8]);
        const packet = new Uint8Array(9 + 8 + 16);
        packet.set(forged);
        near.receive(packet);
      };
      traffic.run(1000);
      simulation.run(5000, () => traffic.isDelivered);
      expect([traffic.isDelivered, near.metrics.maxPacketSize]).toEqual([true, 1232]);
      expect(near.metrics.strayPackets).toBeGreaterThan(100);
    }
  });

  test("an end that acknowledges no large packet is sent 40 kB of probes a second, for 5 s", () => {
    const simulation = new Simulation();
    const unproved = { ...sizes, provedPacketSize: 1128 };
    const [near] = simulation.pair({ delayMs: 1, mostBytes: 1127 }, { delayMs: 1 }, unproved);
    let bytes = 0;
    near.onTransmit = ({ length }) => {
      bytes += length;
    };
    simulation.run(TIMEOUT_MS, () => near.pathTooSmallMs !== null);
    expect(near.pathTooSmallMs).not.toBeNull();
    expect(bytes).toBeLessThan(200_000);
  });
});

import { expect, test } from "vitest";
import { Channel } from "../../../lib/peer/channel.js";
import { ConnectionMetrics } from "../../../lib/peer/metrics.js";
import type { ProfileHost } from "../../../lib/peer/profile.js";
import { RawUdpProfile } from "../../../lib/peer/raw-udp/raw-udp-profile.js";
import { CONNECTION_BYTES, ReassemblyBudget, ReassemblyPool } from "../../../lib/peer/reassembly.js";
import { ReceivedPacket } from "../../../lib/socket/index.js";

/** Packets in flight, in memory that is made once. */
class Wire implements ProfileHost {
  readonly metrics = new ConnectionMetrics();
  readonly observer = null;
  readonly reassembly = new ReassemblyBudget(new ReassemblyPool(), "test", CONNECTION_BYTES, () => {});
  readonly maxAgeMs = Number.POSITIVE_INFINITY;
  delivered = 0;
  readonly #packets = Array.from({ length: 256 }, () => new ReceivedPacket());
  #count = 0;

  constructor() {
    // A packet is the beginning of an array, which is longer.
    for (const packet of this.#packets) packet.buffer = new Uint8Array(2048);
  }

  transmit(bytes: Uint8Array, length: number): boolean {
    if (this.#count === this.#packets.length) return false;
    const packet = this.#packets[this.#count++] as ReceivedPacket;
    packet.buffer.set(bytes);
    packet.length = length;
    return true;
  }

  empty(into: RawUdpProfile, nowMs: number): void {
    for (let index = 0; index < this.#count; index++) into.receive(this.#packets[index] as ReceivedPacket, nowMs);
    this.#count = 0;
  }

  now(): number {
    return 0;
  }

  deliver(): boolean {
    this.delivered++;
    return true;
  }
  onPacketAuthenticated(): void {}
  drained(): void {}
  remoteClosed(): void {}
  malformed(text: string): void {
    throw new Error(text);
  }

  pathTooSmall(): void {}
  tampered(): void {
    throw new Error("That is for reliable transports");
  }
}

test.each([
  ["reliable", Channel.Reliable],
  ["unreliable", Channel.Unreliable],
  ["notify", Channel.Notify],
  ["sequenced", Channel.Sequenced],
])("100,000 %s messages leave nothing on the heap, and make no object each on their way", (_, channel) => {
  const there = new Wire();
  const back = new Wire();
  const limits = { maxPacketSize: 1200, timeoutMs: 10_000, maxReliableMessageSize: 60_000, maxQueuedBytes: 2 ** 20 };
  const near = new RawUdpProfile(there, { ...limits, sessionId: 1, seal: null, random: Math.random });
  const far = new RawUdpProfile(back, { ...limits, sessionId: 1, seal: null, random: Math.random });
  const message = new Uint8Array(20);
  const callbacks = { onDelivered: () => {}, onLost: () => {} };
  let nowMs = 0;
  const exchange = (messages: number) => {
    for (let sent = 0; sent < messages; nowMs++) {
      for (let index = 0; index < 20 && sent < messages; index++) {
        if (near.send(channel, 0, message, 0, 20, callbacks)) sent++;
      }
      near.flush(nowMs);
      there.empty(far, nowMs);
      far.flush(nowMs);
      back.empty(near, nowMs);
    }
  };
  exchange(500_000);
  gc?.();
  const atRest = process.memoryUsage().heapUsed;
  exchange(100_000);
  const touched = process.memoryUsage().heapUsed - atRest;
  gc?.();
  const kept = process.memoryUsage().heapUsed - atRest;
  expect(back.delivered).toBeGreaterThan(599_900);
  expect(kept).toBeLessThan(50_000);
  // The smallest object has 12 bytes. A few numbers per packet are objects between functions.
  expect(touched).toBeLessThan(8 * 100_000);
});

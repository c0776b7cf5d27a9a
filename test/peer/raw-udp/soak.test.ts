import { expect, test } from "vitest";
import { Channel } from "../../../lib/peer/channel.js";
import { type EndPoint, Simulation, ToySeal } from "./simulation.js";

const MESSAGES = 3000;
const LANES = [0, 1, 2, 3, 4, 5];

/** Bytes that follow from a number, and begin with it. */
function message(number: number, size: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(size, 4));
  for (let index = 4; index < bytes.length; index++) bytes[index] = number * 31 + index * 7;
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

/** Sends messages of all sizes on all lanes as the queues allow, and checks what arrives. */
function soak(simulation: Simulation, near: EndPoint, far: EndPoint, messages: number, largest: number): void {
  const { random } = simulation;
  const sent: Uint8Array[][] = LANES.map(() => []);
  const arrived = LANES.map(() => 0);
  far.onMessage = (channel, lane, bytes) => {
    expect(channel).toBe(Channel.Reliable);
    const expected = sent[lane]?.[arrived[lane] as number] as Uint8Array;
    if (Buffer.compare(bytes, expected) !== 0) throw new Error(`lane ${lane}: message ${arrived[lane]} is another`);
    arrived[lane] = (arrived[lane] as number) + 1;
  };
  let count = 0;
  const sendSome = () => {
    while (count < messages) {
      const lane = Math.floor(random() * LANES.length);
      const bytes = message(count, random() < 0.005 ? random() * largest : random() * 200);
      if (!near.reliable(lane, bytes)) return;
      (sent[lane] as Uint8Array[]).push(bytes);
      count++;
      if (random() < 0.1) return;
    }
  };
  simulation.run(10 * 60_000, () => {
    sendSome();
    return count === messages && near.profile.isDrained;
  });
  expect(arrived).toEqual(sent.map((lane) => lane.length));
  expect([near.malformedText, far.malformedText]).toEqual([null, null]);
}

test("3000 messages arrive complete and in order under each of 100 seeds, with 20 % loss and 40 % reordering", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const simulation = new Simulation(seed);
    const link = { delayMs: 20, loss: 0.2, reordering: 0.4, duplication: 0.05 };
    const seal = seed % 2 === 0 ? new ToySeal() : null;
    // In half of the runs packet numbers and offsets of lanes wrap around the 32 bits that travel.
    const firstNumber = seed % 4 < 2 ? 0 : 2 ** 32 - 2000;
    const [near, far] = simulation.pair(link, link, { seal, firstNumber });
    soak(simulation, near, far, MESSAGES, 60_000);
  }
}, 300_000);

test("each notify message ends once, as delivered only if it was handed over, and never after a newer one", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const simulation = new Simulation(seed);
    const [near, far] = simulation.pair({ delayMs: 20, loss: 0.2, reordering: 0.4, duplication: 0.1 });
    const handedOver = new Set<number>();
    const unreliable = new Set<number>();
    let newest = -1;
    let reliable = 0;
    far.onMessage = (channel, _, bytes) => {
      const number = new DataView(bytes.buffer).getUint32(0);
      if (Buffer.compare(bytes, message(number, bytes.length)) !== 0) throw new Error(`message ${number} is another`);
      if (channel === Channel.Reliable) expect(number).toBe(reliable++);
      if (channel === Channel.Unreliable) {
        expect(unreliable.has(number)).toBe(false);
        unreliable.add(number);
      }
      if (channel !== Channel.Notify) return;
      expect(number).toBeGreaterThan(newest);
      newest = number;
      handedOver.add(number);
    };
    const fates: string[] = [];
    const note = (number: number, fate: string) => {
      expect(fates[number]).toBeUndefined();
      if (fate === "delivered") expect(handedOver.has(number)).toBe(true);
      fates[number] = fate;
    };
    for (let number = 0; number < 400; number++) {
      const size = 4 + simulation.random() * 300;
      near.send(Channel.Notify, 0, message(number, size), {
        onDelivered: () => note(number, "delivered"),
        onLost: () => note(number, "lost"),
      });
      near.send(Channel.Unreliable, 0, message(number, size));
      near.reliable(0, message(number, size));
      if (simulation.random() < 0.6) simulation.run(5);
    }
    simulation.run(20_000);
    expect(fates.filter((fate) => fate !== undefined).length).toBe(400);
    expect(reliable).toBe(400);
    expect(fates.filter((fate) => fate === "delivered").length).toBeGreaterThan(80);
    expect(unreliable.size).toBeGreaterThan(250);
    expect(far.metrics.notifiesLate).toBeGreaterThan(0);
  }
}, 300_000);

test("notify messages that are open when a connection ends are lost, once", () => {
  const [near] = new Simulation().pair({ delayMs: 20 });
  const fates: string[] = [];
  for (let number = 0; number < 40; number++) {
    near.send(Channel.Notify, 0, message(number, 100), {
      onDelivered: () => fates.push("delivered"),
      onLost: () => fates.push("lost"),
    });
    if (number === 20) near.profile.flush(0);
  }
  near.profile.dispose();
  near.profile.dispose();
  expect(fates).toEqual(new Array(40).fill("lost"));
});

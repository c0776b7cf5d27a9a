import { describe, expect, test } from "vitest";
import { Channel } from "../../../lib/peer/channel.js";
import { type EndPoint, Simulation, ToySeal } from "./simulation.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (message: Uint8Array) => new TextDecoder().decode(message);

/** Collects the messages that arrive, as `lane text` or `channel text`. */
function collect(endPoint: EndPoint): string[] {
  const messages: string[] = [];
  endPoint.onMessage = (channel, lane, message) => {
    messages.push(`${channel === Channel.Reliable ? lane : Channel[channel]} ${text(message)}`);
  };
  return messages;
}

/** A pair that has exchanged enough to know its round trip, with `delayMs` each way. */
function warmPair(delayMs: number, simulation = new Simulation()): [EndPoint, EndPoint] {
  const [near, far] = simulation.pair({ delayMs });
  for (let index = 0; index < 20; index++) {
    near.reliable(0, bytes("warm"));
    simulation.run(40);
  }
  simulation.run(1000);
  return [near, far];
}

describe("losses without other traffic", () => {
  test.each([10, 50, 150])("the last packet of a burst, lost, arrives within 3 round trips of 2 x %i ms", (delayMs) => {
    const simulation = new Simulation();
    const [near, far] = warmPair(delayMs, simulation);
    for (let index = 0; index < 5; index++) {
      near.reliable(0, new Uint8Array(1000));
      near.profile.flush(simulation.nowMs);
    }
    near.link.options = { delayMs, loss: 1 };
    near.reliable(0, bytes("last"));
    const sentMs = simulation.nowMs;
    near.profile.flush(sentMs);
    near.link.options = { delayMs };
    const messages = collect(far);
    simulation.run(10_000, () => messages.includes("0 last"));
    // Below 100 ms, the 25 ms by which an acknowledgement may be delayed count as well.
    expect(simulation.nowMs - sentMs).toBeLessThanOrEqual(Math.max(3 * 2 * delayMs, 5 * delayMs + 30));
  });

  test("at 60 messages a second that are sent back, with 2 % loss, 99 of 100 take 4 ms at most", () => {
    const simulation = new Simulation(7);
    const [near, far] = simulation.pair({ delayMs: 0.15, loss: 0.02 });
    const waits: number[] = [];
    far.onMessage = (_channel, lane, bytes) => void far.reliable(lane, bytes);
    near.onMessage = (_channel, _lane, bytes, nowMs) => {
      waits.push(nowMs - new DataView(bytes.buffer).getFloat64(0));
    };
    for (let count = 0; count < 20_000; count++) {
      const message = new DataView(new ArrayBuffer(16));
      message.setFloat64(0, simulation.nowMs);
      near.reliable(0, new Uint8Array(message.buffer));
      simulation.run(1000 / 60);
    }
    waits.sort((one, other) => one - other);
    expect(waits.length).toBeGreaterThan(19_990);
    expect(waits[Math.floor(waits.length / 2)]).toBeCloseTo(0.3);
    expect(waits[Math.floor(waits.length * 0.99)]).toBeLessThan(4);
  });

  test("a side that works in frames of 50 ms is not probed", () => {
    const simulation = new Simulation(3);
    const [near, far] = simulation.pair({});
    const [toFar, toNear]: [Uint8Array[], Uint8Array[]] = [[], []];
    near.link.send = (_target, packet) => void toFar.push(packet);
    far.link.send = (_target, packet) => void toNear.push(packet);
    let messages = 0;
    for (let ms = 0; ms < 60_000; ms++) {
      simulation.nowMs = ms;
      for (const packet of toNear.splice(0)) near.receive(packet);
      if (simulation.random() < 0.01) {
        messages++;
        near.reliable(0, new Uint8Array(100));
      }
      near.profile.flush(ms);
      if (ms % 50 !== 0) continue;
      for (const packet of toFar.splice(0)) far.receive(packet);
      far.profile.flush(ms);
    }
    expect(messages).toBeGreaterThan(500);
    // Five times as much if only half a round trip were allowed for an answer.
    expect(near.metrics.bytesRetransmitted).toBeLessThan((messages * 100) / 6);
  });

  test("a single lost ping is repeated, and a notify message that was alone is resolved", () => {
    const simulation = new Simulation();
    const [near] = warmPair(20, simulation);
    const fate: string[] = [];
    near.link.options = { delayMs: 20, loss: 1 };
    near.send(Channel.Notify, 0, bytes("?"), {
      onDelivered: () => fate.push("delivered"),
      onLost: () => fate.push("lost"),
    });
    near.profile.flush(simulation.nowMs);
    near.link.options = { delayMs: 20 };
    simulation.run(400);
    expect(fate).toEqual(["lost"]);
    expect(near.nextDeadlineMs).toBe(Number.POSITIVE_INFINITY);
  });

  test("an outage of a minute costs a few probes, and what was queued arrives after it", () => {
    const simulation = new Simulation();
    const [near, far] = warmPair(20, simulation);
    near.link.options = { loss: 1 };
    for (let index = 0; index < 200; index++) near.reliable(index % 4, new Uint8Array(500));
    simulation.run(60_000);
    expect(near.link.sentPackets).toBeLessThan(200);
    near.link.options = { delayMs: 20 };
    let count = 0;
    far.onMessage = () => count++;
    simulation.run(3000);
    expect(count).toBe(200);
  });
});

describe("losses cost a game few bytes", () => {
  /** The bytes that both sides send in five minutes: 20 reliable inputs a second there, 20 unreliable states back. */
  function sentBytes(loss: number): number {
    const simulation = new Simulation(7);
    const [near, far] = simulation.pair({ delayMs: 30, loss });
    let sent = 0;
    for (const endPoint of [near, far]) endPoint.onTransmit = (packet) => (sent += packet.length);
    for (let tick = 0; tick < 6000; tick++) {
      near.reliable(0, new Uint8Array(20));
      simulation.run(10);
      far.send(Channel.Unreliable, 0, new Uint8Array(20));
      simulation.run(40);
    }
    return sent;
  }

  test("what was lost is not named again and again, though acknowledgements travel alone", () => {
    const bytes = sentBytes(0);
    expect(sentBytes(0.01) / bytes).toBeLessThan(1.02);
    expect(sentBytes(0.05) / bytes).toBeLessThan(1.05);
  });
});

describe("unreliable messages of a game", () => {
  test("20 and 10 times a second each way take one packet each: acknowledgements leave with the next message", () => {
    for (const intervalMs of [50, 100]) {
      const simulation = new Simulation();
      const [near, far] = warmPair(5, simulation);
      const before = [near.link.sentPackets, far.link.sentPackets] as const;
      far.onMessage = () => far.send(Channel.Unreliable, 0, bytes("echo"));
      for (let tick = 0; tick < 100; tick++) {
        near.send(Channel.Unreliable, 0, bytes("move"));
        simulation.run(intervalMs);
      }
      expect(near.link.sentPackets - before[0]).toBe(100);
      expect(far.link.sentPackets - before[1]).toBe(100);
    }
  });

  test("a single one is acknowledged once and not probed; when it is lost, it is probed once and given up", () => {
    const simulation = new Simulation();
    const [near, far] = warmPair(5, simulation);
    const before = [near.link.sentPackets, far.link.sentPackets] as const;
    near.send(Channel.Unreliable, 0, bytes("alone"));
    simulation.run(1000);
    expect([near.link.sentPackets - before[0], far.link.sentPackets - before[1]]).toEqual([1, 1]);
    near.link.options = { delayMs: 5, loss: 1 };
    near.send(Channel.Unreliable, 0, bytes("lost"));
    near.profile.flush(simulation.nowMs);
    near.link.options = { delayMs: 5 };
    simulation.run(1000);
    expect([near.link.sentPackets - before[0], far.link.sentPackets - before[1]]).toEqual([3, 2]);
    expect(near.metrics.packetsLost).toBe(1);
    expect(near.nextDeadlineMs).toBe(Number.POSITIVE_INFINITY);
  });

  test("one does not delay the probe after a lost reliable message", () => {
    const simulation = new Simulation();
    const [near, far] = warmPair(5, simulation);
    const messages = collect(far);
    near.link.options = { delayMs: 5, loss: 1 };
    near.reliable(0, bytes("first"));
    near.profile.flush(simulation.nowMs);
    near.send(Channel.Unreliable, 0, bytes("second"));
    near.profile.flush(simulation.nowMs);
    near.link.options = { delayMs: 5 };
    expect(simulation.run(1000, () => messages.includes("0 first"))).toBeLessThan(60);
  });
});

describe("order and urgency", () => {
  test("more urgent content leaves first: control, datagrams, lanes 0 to 3, streams", () => {
    const simulation = new Simulation();
    const [near, far] = simulation.pair({ delayMs: 10 });
    const messages = collect(far);
    for (const lane of [4, 3, 2, 1, 0]) near.reliable(lane, bytes("a"));
    near.send(Channel.Unreliable, 0, bytes("b"));
    near.send(Channel.Notify, 0, bytes("c"));
    near.reliable(5, bytes("a"));
    simulation.run(100);
    expect(messages).toEqual(["5 a", "Unreliable b", "Notify c", "0 a", "1 a", "2 a", "3 a", "4 a"]);
    expect(near.metrics.packetsSent).toBe(1);
  });

  test("an urgent message overtakes a megabyte that is queued", () => {
    const simulation = new Simulation();
    const [near, far] = simulation.pair({ delayMs: 10, bytesPerMs: 500 });
    let streamed = 0;
    let before = -1;
    far.onMessage = (_, lane, message) => {
      if (lane === 0) before = streamed;
      else streamed += message.length;
    };
    while (near.reliable(4, new Uint8Array(16_000)));
    simulation.run(300);
    near.reliable(0, bytes("now"));
    const sentMs = simulation.nowMs;
    simulation.run(60_000, () => before >= 0);
    expect(simulation.nowMs - sentMs).toBeLessThan(60);
    expect(before).toBeLessThan(400_000);
    simulation.run(60_000);
    expect(streamed).toBe(65 * 16_000);
  });
});

describe("queues", () => {
  test("a lane refuses whole messages beyond its limit, and tells once when it is half empty", () => {
    const simulation = new Simulation();
    const [near, far] = simulation.pair({ delayMs: 10 }, undefined, { maxQueuedBytes: 10_000 });
    const messages = collect(far);
    let taken = 0;
    while (near.reliable(1, new Uint8Array(998))) taken++;
    expect(taken).toBe(10);
    expect(near.reliable(1, new Uint8Array(998))).toBe(false);
    expect(near.reliable(2, new Uint8Array(998))).toBe(true);
    expect(near.profile.bufferedBytes).toBe(11_000);
    simulation.run(1000);
    expect(near.drainedCount).toBe(1);
    expect(near.profile.bufferedBytes).toBe(0);
    expect(messages.length).toBe(11);
  });

  test("datagrams have a queue of their own", () => {
    const simulation = new Simulation();
    const [near, far] = simulation.pair({ delayMs: 10 });
    const messages = collect(far);
    let taken = 0;
    while (near.send(Channel.Unreliable, 0, new Uint8Array(1021))) taken++;
    expect(taken).toBe(64);
    expect(near.reliable(0, bytes("x"))).toBe(true);
    simulation.run(1000);
    expect(near.drainedCount).toBe(1);
    expect(messages.length).toBe(65);
  });

  test("no more of a lane is in flight than its window, and the rest follows", () => {
    const simulation = new Simulation();
    const [near, far] = simulation.pair({ delayMs: 500 }, { delayMs: 500 });
    let inFlight = 0;
    near.onTransmit = (packet) => {
      inFlight += packet.length;
    };
    while (near.reliable(5, new Uint8Array(1000)));
    let arrived = 0;
    far.onMessage = () => arrived++;
    for (let index = 0; index < 30; index++) simulation.run(1000);
    expect(arrived).toBe(Math.floor((1 << 20) / 1002));
    expect(inFlight).toBeGreaterThan(1 << 20);
  });

  test("a socket that is full gets the same packet again, and nothing is lost or sealed twice", () => {
    const simulation = new Simulation();
    const [near, far] = simulation.pair({ delayMs: 10 }, undefined, { seal: new ToySeal() });
    const messages = collect(far);
    near.socketIsFull = true;
    near.send(Channel.Unreliable, 0, bytes("u"));
    simulation.run(1000);
    near.reliable(0, bytes("r"));
    simulation.run(1000);
    expect(messages).toEqual([]);
    near.socketIsFull = false;
    simulation.run(1000);
    expect(messages.sort()).toEqual(["0 r", "Unreliable u"]);
    expect(far.metrics.strayPackets).toBe(0);
  });
});

describe("closing", () => {
  test("the reason arrives through losses, and its acknowledgement confirms it", () => {
    for (let seed = 0; seed < 50; seed++) {
      const simulation = new Simulation(seed);
      const [near, far] = simulation.pair({ delayMs: 20, loss: 0.5 });
      near.reliable(0, bytes("x"));
      simulation.run(20);
      near.profile.close({ code: 123, text: "gehört" }, simulation.nowMs);
      near.profile.dispose();
      simulation.run(20_000, () => near.profile.isCloseConfirmed);
      expect(far.closedWith).toEqual({ code: 123, text: "gehört" });
      expect(near.profile.isCloseConfirmed).toBe(true);
      expect(near.nextDeadlineMs).toBe(Number.POSITIVE_INFINITY);
    }
  });

  test("both may close at once, and a side that has closed hands nothing on", () => {
    const simulation = new Simulation();
    const [near, far] = simulation.pair({ delayMs: 20 });
    const messages = collect(near);
    far.reliable(0, bytes("late"));
    far.profile.flush(simulation.nowMs);
    for (const endPoint of [near, far]) {
      endPoint.profile.close({ code: 1, text: "" }, simulation.nowMs);
      endPoint.profile.dispose();
    }
    simulation.run(1000);
    expect([near.profile.isCloseConfirmed, far.profile.isCloseConfirmed]).toEqual([true, true]);
    expect(messages).toEqual([]);
    expect([near.closedWith, far.closedWith]).toEqual([null, null]);
  });
});

describe("time", () => {
  test("a process that stood still for a minute keeps its round trip and its connection", () => {
    const simulation = new Simulation();
    const [near, far] = warmPair(20, simulation);
    const messages = collect(far);
    const before = near.profile.roundTripTimeMs;
    near.reliable(0, bytes("x"));
    near.send(Channel.Unreliable, 0, bytes("y"));
    near.profile.flush(simulation.nowMs);
    // This process stands still and the other one does not: the answer waits in the socket.
    simulation.endPoints.splice(simulation.endPoints.indexOf(near), 1);
    const waiting: Uint8Array[] = [];
    const receive = near.receive.bind(near);
    near.receive = (packet) => waiting.push(packet);
    simulation.run(60_000);
    simulation.endPoints.push(near);
    near.receive = receive;
    for (const packet of waiting) near.receive(packet);
    simulation.run(1000);
    expect(messages).toEqual(["Unreliable y", "0 x"]);
    expect(near.profile.roundTripTimeMs).toBeCloseTo(before, 0);
    expect(near.metrics.packetsLost).toBe(0);
  });

  test("the round trip is measured without the delay of acknowledgements", () => {
    const [near] = warmPair(30);
    expect(near.profile.roundTripTimeMs).toBeGreaterThanOrEqual(59.8);
    expect(near.profile.roundTripTimeMs).toBeLessThan(62);
  });

  test("an idle connection has no deadline", () => {
    const [near, far] = warmPair(30);
    expect([near.nextDeadlineMs, far.nextDeadlineMs]).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
  });

  test("a ping is answered at once, through the receive path alone", () => {
    const simulation = new Simulation();
    const [near, far] = warmPair(30, simulation);
    far.profile.flush = () => {};
    near.profile.ping();
    expect(near.nextDeadlineMs).toBeLessThanOrEqual(simulation.nowMs);
    near.profile.flush(simulation.nowMs);
    const { authenticatedCount } = near;
    const received = far.receive.bind(far);
    far.receive = (packet) => {
      received(packet);
      far.profile.respond(simulation.nowMs);
    };
    simulation.run(65);
    expect(near.authenticatedCount).toBe(authenticatedCount + 1);
  });
});

describe("budget", () => {
  test("says what the path carries and what may leave at once", () => {
    const simulation = new Simulation();
    const [near] = simulation.pair({ delayMs: 20, bytesPerMs: 250 }, { delayMs: 20 });
    expect(near.profile.sendBudget.bytesFree).toBe(12_000);
    near.reliable(0, new Uint8Array(5000));
    expect(near.profile.sendBudget.bytesFree).toBe(12_000 - 5002);
    simulation.run(20_000, () => {
      while (near.profile.bufferedBytes < 100_000) near.reliable(4, new Uint8Array(1000));
      return false;
    });
    expect(near.profile.sendBudget.bytesFree).toBe(0);
    expect(near.profile.sendBudget.bytesPerSecond).toBeGreaterThan(0.7 * 250_000);
    expect(near.profile.sendBudget.bytesPerSecond).toBeLessThan(1.3 * 250_000);
  });
});

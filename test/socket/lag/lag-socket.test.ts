import { describe, expect, test } from "vitest";
import {
  Delivery,
  type IConnectionHandle,
  type ISocket,
  LagSocketFactory,
  type LagSocketFactoryOptions,
  MemoryNetwork,
  MemorySocketFactory,
  type MemorySocketKind,
  ReceivedPacket,
} from "../../../lib/socket/index.js";
import { FakeClock, seededRandom } from "../../../lib/testing/index.js";

/** Sends from a client on a bad line to a server, and notes when what arrives. */
class Line {
  readonly clock = new FakeClock();
  readonly factory: LagSocketFactory;
  server!: ISocket;
  client!: ISocket;
  handle!: IConnectionHandle;
  writableCalls = 0;
  readonly arrivals: { number: number; atMs: number }[] = [];

  constructor(
    readonly kind: MemorySocketKind,
    options: LagSocketFactoryOptions,
  ) {
    const { clock } = this;
    const inner = new MemorySocketFactory(new MemoryNetwork({ clock, random: seededRandom(3) }), { kind });
    this.factory = new LagSocketFactory(inner, { clock, random: seededRandom(11), ...options });
  }

  async connect(): Promise<this> {
    const { factory } = this;
    this.server = factory.createServerSocket();
    this.client = factory.createClientSocket();
    this.client.events = {
      onReadable() {},
      onIncoming: () => true,
      onConnect() {},
      onDisconnect() {},
      onWritable: () => this.writableCalls++,
    };
    await this.server.bind(factory.getBindEndPoint());
    this.handle = await this.client.connect(factory.getConnectEndPoint());
    return this;
  }

  send(number: number, delivery = Delivery.Reliable, lane = 0, sizeBytes = 100): boolean {
    const bytes = new Uint8Array(sizeBytes);
    new DataView(bytes.buffer).setUint32(0, number);
    const isTaken = this.client.send(this.handle, bytes, sizeBytes, delivery, lane);
    this.client.flush();
    return isTaken;
  }

  run(ms: number): void {
    const packet = new ReceivedPacket();
    for (let step = 0; step < ms; step++) {
      this.clock.advance(1);
      this.client.tick();
      this.server.tick();
      while (this.server.poll()) {
        this.server.receive(packet);
        const number = new DataView(packet.buffer.buffer, packet.buffer.byteOffset + packet.offset).getUint32(0);
        this.arrivals.push({ number, atMs: this.clock.now() });
      }
    }
  }

  get numbers(): number[] {
    return this.arrivals.map(({ number }) => number);
  }
}

const range = (end: number) => Array.from({ length: end }, (_, index) => index);

describe("datagrams on a bad line", () => {
  test("come after the latency, and within the jitter, in order", async () => {
    const line = await new Line("datagram", { latencyMs: 50, jitterMs: 20 }).connect();
    for (const number of range(200)) line.send(number);
    line.run(200);
    expect(line.numbers).toEqual(range(200));
    const times = line.arrivals.map(({ atMs }) => atMs);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(50);
    expect(Math.max(...times)).toBeLessThanOrEqual(71);
    expect(Math.max(...times)).toBeGreaterThan(60);
  });

  test("are lost, doubled and overtaken as often as told", async () => {
    const line = await new Line("datagram", { latencyMs: 20, loss: 0.2, duplicate: 0.1, reorder: 0.3 }).connect();
    for (const number of range(4000)) {
      line.send(number);
      if (number % 10 === 0) line.run(1);
    }
    line.run(100);
    const counts = new Map<number, number>();
    for (const number of line.numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
    const doubled = [...counts.values()].filter((count) => count === 2).length;
    const overtaken = line.numbers.filter(
      (number, index) => number < Math.max(...line.numbers.slice(Math.max(index - 500, 0), index)),
    ).length;
    expect(counts.size / 4000).toBeCloseTo(0.8, 1);
    expect(doubled / counts.size).toBeCloseTo(0.1, 1);
    expect(overtaken / line.numbers.length).toBeGreaterThan(0.2);
    expect(overtaken / line.numbers.length).toBeLessThan(0.45);
    expect(line.client).toMatchObject({ lostPackets: 4000 - counts.size });
  });

  test("pass the line at its bandwidth; what does not fit its queue is dropped", async () => {
    const line = await new Line("datagram", { bandwidthBytesPerSecond: 100_000, queueBytes: 5000 }).connect();
    for (const number of range(100)) line.send(number);
    expect(line.client).toMatchObject({ lostPackets: 50 });
    line.run(25);
    expect(line.numbers).toEqual(range(25));
    line.run(100);
    expect(line.numbers).toEqual(range(50));
  });

  test("follow conditions that change", async () => {
    const line = await new Line("datagram", { latencyMs: 10 }).connect();
    line.send(0);
    line.run(20);
    line.factory.conditions.latencyMs = 100;
    line.send(1);
    line.run(200);
    expect(line.arrivals).toEqual([
      { number: 0, atMs: 10 },
      { number: 1, atMs: 120 },
    ]);
  });
});

describe("reliable packets on a bad line", () => {
  test.each(["reliable-lanes", "stream"] as const)(
    "%s: arrive all, once, in their order, some of them late",
    async (kind) => {
      const line = await new Line(kind, { latencyMs: 10, loss: 0.3, duplicate: 0.5, reorder: 0.5 }).connect();
      for (const number of range(600)) {
        line.send(number, Delivery.Reliable, number % 2);
        line.run(1);
      }
      line.run(3000);
      if (kind === "stream") expect(line.numbers).toEqual(range(600));
      for (const lane of [0, 1]) {
        const expected = range(600).filter((number) => number % 2 === lane);
        expect(line.numbers.filter((number) => number % 2 === lane)).toEqual(expected);
      }
      const late = line.arrivals.filter(({ number, atMs }) => atMs > number + 25).length;
      expect(late).toBeGreaterThan(200);
    },
  );

  test("a lost packet holds up its own lane only", async () => {
    // The first packet is lost once, all others pass.
    const rolls = [0];
    const line = await new Line("reliable-lanes", {
      latencyMs: 10,
      loss: 0.5,
      random: () => rolls.shift() ?? 0.9,
    }).connect();
    line.send(0, Delivery.Reliable, 0);
    line.send(1, Delivery.Reliable, 0);
    line.send(2, Delivery.Reliable, 1);
    line.run(100);
    expect(line.arrivals).toEqual([
      { number: 2, atMs: 10 },
      { number: expect.any(Number), atMs: 40 },
      { number: expect.any(Number), atMs: 40 },
    ]);
    expect(line.numbers.slice(1)).toEqual([0, 1]);
  });

  test("are refused when the line's queue is full, and taken again when half of it is free", async () => {
    const line = await new Line("stream", { bandwidthBytesPerSecond: 100_000, queueBytes: 5000 }).connect();
    const taken = range(100).filter((number) => line.send(number));
    expect(taken).toEqual(range(50));
    line.run(20);
    expect(line.writableCalls).toBe(0);
    line.run(10);
    expect(line.writableCalls).toBe(1);
    expect(line.send(50)).toBe(true);
    line.run(100);
    expect(line.numbers).toEqual(range(51));
  });

  test("unreliable packets of a connection with reliable lanes are lost, its reliable ones not", async () => {
    const line = await new Line("reliable-lanes", { latencyMs: 1, loss: 0.5 }).connect();
    for (const number of range(400)) line.send(number, number % 2 ? Delivery.Reliable : Delivery.Unreliable);
    line.run(500);
    const unreliable = line.numbers.filter((number) => number % 2 === 0).length;
    expect(line.numbers.length - unreliable).toBe(200);
    expect(unreliable / 200).toBeCloseTo(0.5, 0);
    expect(unreliable).toBeLessThan(150);
  });
});

test("a close lets what is on its way arrive", async () => {
  const line = await new Line("datagram", { latencyMs: 50 }).connect();
  line.send(7);
  const closed = line.client.close();
  line.run(60);
  await closed;
  expect(line.arrivals).toEqual([{ number: 7, atMs: 50 }]);
});

test.each([
  { loss: 1.5 },
  { reorder: -0.1 },
  { latencyMs: -1 },
  { bandwidthBytesPerSecond: 0 },
  { duplicate: Number.NaN },
])("%o is no condition", (conditions) => {
  const inner = new MemorySocketFactory(new MemoryNetwork());
  expect(() => new LagSocketFactory(inner, conditions)).toThrow(RangeError);
});

test.each(["datagram", "reliable-lanes", "stream"] as const)("one way has conditions of its own: %s", async (kind) => {
  const line = await new Line(kind, { latencyMs: 2 }).connect();
  const { factory, server, clock } = line;
  const other = factory.createClientSocket();
  const otherHandle = await other.connect(factory.getConnectEndPoint());
  const handles: IConnectionHandle[] = [];
  server.events = {
    ...{ onReadable() {}, onIncoming: () => true, onDisconnect() {}, onWritable() {} },
    onConnect: (handle) => void handles.push(handle),
  };
  const packet = new ReceivedPacket();
  const turn = () => {
    for (const socket of [line.client, other, server]) socket.tick();
    while (server.poll()) {
      server.receive(packet);
      handles.push(packet.handle.copy());
    }
  };
  line.client.send(line.handle, new Uint8Array(4), 4, Delivery.Reliable);
  other.send(otherHandle, new Uint8Array(4), 4, Delivery.Reliable);
  for (const socket of [line.client, other]) socket.flush();
  for (let ms = 0; ms < 10; ms++) {
    clock.advance(1);
    turn();
  }
  const [first, second] = [...new Map(handles.map((handle) => [handle.address, handle])).values()] as [
    IConnectionHandle,
    IConnectionHandle,
  ];
  expect(() => factory.setConditionsOf(first.address, { reorder: 1 } as object)).toThrow("reorder");
  expect(() => factory.setConditionsOf(first.address, { loss: 2 })).toThrow("loss");
  factory.setConditionsOf(first.address, { latencyMs: 50 });
  expect(factory.conditionsOf(first.address)).toEqual({ latencyMs: 50, jitterMs: 0, loss: 0 });
  const sentMs = clock.now();
  for (const handle of [first, second]) server.send(handle, new Uint8Array(4), 4, Delivery.Reliable);
  server.flush();
  const arrivedMs: number[] = [];
  for (let ms = 0; ms < 60; ms++) {
    clock.advance(1);
    turn();
    for (const socket of [line.client, other]) {
      while (socket.poll()) {
        socket.receive(packet);
        arrivedMs.push(clock.now() - sentMs);
      }
    }
  }
  expect(arrivedMs).toEqual([2, 50]);
});

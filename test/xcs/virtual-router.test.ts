import { describe, expect, test } from "vitest";
import { activate, type PortInfo, Socket, VirtualRouter, type XcsModule } from "../../lib/xcs/index.js";
import { textOf, twoComputers } from "./two-computers.js";

const COUNT = 10_000;

/** Which of 10,000 datagrams arrive at each of the other computers. */
async function arrivals(router: VirtualRouter, receivers: number): Promise<boolean[][]> {
  const sender = activate(Socket, { router });
  const others = Array.from({ length: receivers }, () => activate(Socket, { router }));
  for (const module of [sender, ...others]) await module.open(80, "UDP");
  const arrived: boolean[][] = others.map(() => []);
  for (let index = 0; index < COUNT; index++) {
    await sender.write(80, String(index));
    for (const [at, other] of others.entries()) {
      const data = other.read(80);
      if (data && textOf(data) !== String(index)) throw new Error(`${index} came out of order, or twice`);
      arrived[at]?.push(data !== null);
    }
  }
  const lost = others.map((other) => other.manager.active()[0]?.lost);
  expect(lost).toEqual(arrived.map((one) => one.filter((came) => !came).length));
  return arrived;
}

const share = (list: boolean[]) => list.filter(Boolean).length / list.length;

describe("UDP", () => {
  test.each([1, 2, 3, 4_294_967_295])("loses 30 %, within three standard deviations, with seed %d", async (seed) => {
    const [arrived] = (await arrivals(new VirtualRouter(seed), 1)) as [boolean[]];
    expect(share(arrived)).toBeGreaterThan(0.686);
    expect(share(arrived)).toBeLessThan(0.714);
  });

  test("loses each datagram independently of the one before", async () => {
    const [arrived] = (await arrivals(new VirtualRouter(5), 1)) as [boolean[]];
    const runs = 1 + arrived.filter((came, index) => index > 0 && came !== arrived[index - 1]).length;
    const came = share(arrived);
    // Wald and Wolfowitz: the runs are normally distributed around this.
    const expected = 1 + 2 * COUNT * came * (1 - came);
    const deviation = ((expected - 1) * (expected - 2)) / (COUNT - 1);
    expect(Math.abs(runs - expected)).toBeLessThan(3 * Math.sqrt(deviation));
  });

  test("loses for each receiver independently of the others", async () => {
    const [one, other] = (await arrivals(new VirtualRouter(6), 2)) as [boolean[], boolean[]];
    const both = one.map((came, index) => came && other[index] === true);
    expect(Math.abs(share(both) - share(one) * share(other))).toBeLessThan(0.015);
    expect(one).not.toEqual(other);
  });

  test("loses the same again with the same seed, and others with another", async () => {
    const first = await arrivals(new VirtualRouter(7), 2);
    expect(await arrivals(new VirtualRouter(7), 2)).toEqual(first);
    expect(await arrivals(new VirtualRouter(8), 2)).not.toEqual(first);
  });

  test("loses nothing without loss", async () => {
    expect((await arrivals(new VirtualRouter(1, { loss: 0 }), 1)).map(share)).toEqual([1]);
  });
});

describe("TCP", () => {
  /** Sends 10,000 messages of one segment each, which all arrive in order and once. */
  async function sendsPerSegment(options: { loss?: number; ackLoss?: number }): Promise<number> {
    const [one, other] = twoComputers(new VirtualRouter(9, options));
    for (const module of [one, other]) await module.open(80, "TCP");
    const sentTexts = Array.from({ length: COUNT }, (_, index) => String(index));
    const received: unknown[] = [];
    for (const text of sentTexts) {
      await one.write(80, text);
      received.push(textOf(other.read(80)));
    }
    expect(received).toEqual(sentTexts);
    expect(other.read(80)).toBeNull();
    const [{ segments, segmentsSent, sent }] = one.manager.active() as [PortInfo];
    expect([segments, sent]).toEqual([COUNT, COUNT]);
    return segmentsSent / segments;
  }

  const withinFivePercent = (value: number, of: number) => expect(Math.abs(value / of - 1)).toBeLessThan(0.05);

  test("sends a segment 2.04 times where acknowledgements are lost too", async () =>
    withinFivePercent(await sendsPerSegment({}), 1 / 0.7 ** 2));
  test("sends a segment 1.43 times where they are not", async () =>
    withinFivePercent(await sendsPerSegment({ ackLoss: 0 }), 1 / 0.7));
  test("sends a segment once without loss", async () => expect(await sendsPerSegment({ loss: 0 })).toBe(1));

  test("sends a large message in segments of 1460 bytes", async () => {
    const [one, other] = twoComputers();
    for (const module of [one, other]) await module.open(80, "TCP");
    const data = Uint8Array.from({ length: 1_048_576 }, (_, index) => index * 7);
    await one.write(80, data);
    expect(other.read(80)).toEqual(data);
    expect(one.manager.active()[0]?.segments).toBe(Math.ceil(1_048_576 / 1460));
  });

  test("makes writers wait where nobody reads, and loses nothing", async () => {
    const router = new VirtualRouter(1);
    const [one] = twoComputers(router);
    const [other] = twoComputers(router, { maxQueuedEntries: 4 });
    for (const module of [one, other]) await module.open(80, "TCP");
    const done: number[] = [];
    const writes = [0, 1, 2, 3, 4, 5].map((index) => one.write(80, String(index)).then(() => done.push(index)));
    await Promise.all(writes.slice(0, 4));
    expect(done).toEqual([0, 1, 2, 3]);
    expect([4, 5].map(() => textOf(other.read(80)))).toEqual(["0", "1"]);
    await Promise.all(writes);
    expect([2, 3, 4, 5].map(() => textOf(other.read(80)))).toEqual(["2", "3", "4", "5"]);
  });

  test("says when a peer leaves; what it sent can still be read, and who waits to write to it is done", async () => {
    const [one, other] = twoComputers(new VirtualRouter(1), { maxQueuedEntries: 1 });
    for (const module of [one, other]) await module.open(80, "TCP");
    const left: unknown[] = [];
    one.on("disconnected", (...what) => left.push(what));
    await other.write(80, "last words");
    await one.write(80, "read never");
    const waiting = one.write(80, "no room");
    await other.close(80);
    await waiting;
    expect(left).toEqual([[80, "10.0.0.2", null]]);
    expect(textOf(one.read(80))).toBe("last words");
    expect(one.read(80)).toBeNull();
    await expect(one.write(80, "more")).rejects.toMatchObject({ code: "ERR_XCS_NOT_CONNECTED" });
  });
});

test("a write reaches all others with the port open in the same protocol, each with bytes of its own", async () => {
  const router = new VirtualRouter(1, { loss: 0 });
  const modules = Array.from({ length: 4 }, () => activate(Socket, { router }));
  const [one, two, three, four] = modules as [XcsModule, XcsModule, XcsModule, XcsModule];
  for (const module of [one, two, three]) await module.open(80, "UDP");
  await four.open(80, "TCP");
  await three.open(81, "UDP");
  const data = Uint8Array.of(1, 2, 3);
  const written = one.write(80, data);
  data.fill(0);
  await written;
  const received = [two.read(80), three.read(80)];
  expect(received).toEqual([Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 3)]);
  received[0]?.fill(9);
  expect(received[1]).toEqual(Uint8Array.of(1, 2, 3));
  expect([one.read(80), four.read(80), three.read(81)]).toEqual([null, null, null]);
});

test("each computer has an address on its router", () => {
  const router = new VirtualRouter();
  const addresses = Array.from({ length: 300 }, () => activate(Socket, { router }).manager.address);
  expect([addresses[0], addresses[254], addresses[255]]).toEqual(["10.0.0.1", "10.0.0.255", "10.0.1.0"]);
});

test.each([
  [() => new VirtualRouter(-1), "ERR_OUT_OF_RANGE"],
  [() => new VirtualRouter("1" as never), "ERR_INVALID_ARG_TYPE"],
  [() => new VirtualRouter(1, { loss: 1 }), "ERR_OUT_OF_RANGE"],
  [() => new VirtualRouter(1, { los: 0 } as never), "ERR_UNKNOWN_OPTION"],
])("%s fails", (create, code) => {
  expect(create).toThrow(expect.objectContaining({ code }));
});

import { describe, expect, test } from "vitest";
import { JOURNAL_TICKS, Journal, type PacketLossSink } from "../../../lib/object/journal/journal.js";
import { seededRandom } from "../../../lib/testing/index.js";

/** Collects what is marked as `item:mask`. */
function collector(sees: (item: number) => boolean = () => true) {
  const marks: string[] = [];
  const sink: PacketLossSink = {
    sees,
    mark: (item, mask) => marks.push(`${item}:${mask}`),
    markAll: () => marks.push("all"),
  };
  return { marks, sink };
}

function lost(journal: Journal, packet: number, sees?: (item: number) => boolean): string[] {
  const { marks, sink } = collector(sees);
  journal.lost(packet, sink);
  return marks;
}

/** A tick with these changes and a packet to player 0 that holds all of them. */
function tickWith(
  journal: Journal,
  tick: number,
  changes: [number, number][],
  resent: [number, number][] = [],
): number {
  journal.beginTick(tick);
  const from = journal.nextChange;
  for (const [item, mask] of changes) journal.change(item, mask);
  const packet = journal.beginPacket(0, from, journal.nextChange);
  for (const [item, mask] of resent) journal.resend(item, mask);
  return packet;
}

describe("Journal", () => {
  test("finds what a lost packet held", () => {
    const journal = new Journal();
    const packet = tickWith(journal, 7, [
      [3, 0b101],
      [200, 0b10],
    ]);
    expect(lost(journal, packet)).toEqual(["3:5", "200:2"]);
    expect(lost(journal, packet, (item) => item === 200)).toEqual(["200:2"]);
  });

  test("leaves out what changed again, before the loss was known", () => {
    const journal = new Journal();
    const first = tickWith(journal, 0, [[1, 0b111]]);
    tickWith(journal, 1, [[1, 0b001]]);
    const third = tickWith(journal, 3, [[1, 0b010]]);
    expect(lost(journal, first)).toEqual(["1:4"]);
    expect(lost(journal, third)).toEqual(["1:2"]);
  });

  test("leaves out what a later packet to the same player repeated, and finds that when it is lost too", () => {
    const journal = new Journal();
    const first = tickWith(journal, 0, [[1, 0b11]]);
    const second = tickWith(journal, 1, [], [[1, 0b01]]);
    expect(lost(journal, first)).toEqual(["1:2"]);
    expect(lost(journal, second)).toEqual(["1:1"]);
  });

  test("what one player gets again says nothing about another", () => {
    const journal = new Journal();
    journal.beginTick(0);
    journal.change(1, 1);
    const packets = [5, 6].map((player) => journal.beginPacket(player, 0, 1));
    journal.beginTick(1);
    journal.beginPacket(5, 1, 1);
    journal.resend(1, 1);
    expect(packets.map((packet) => lost(journal, packet))).toEqual([[], ["1:1"]]);
  });

  test("the first packet to a player does not follow another player's", () => {
    const journal = new Journal();
    const packet = tickWith(journal, 0, [[1, 1]]);
    journal.beginPacket(9, 1, 1);
    journal.resend(1, 1);
    expect(lost(journal, packet)).toEqual(["1:1"]);
  });

  test("a packet with a part of the tick's changes loses that part only", () => {
    const journal = new Journal();
    journal.beginTick(0);
    for (let item = 0; item < 4; item++) journal.change(item, 1);
    const packets = [journal.beginPacket(0, 0, 2), journal.beginPacket(0, 2, 4)];
    expect(packets.map((packet) => lost(journal, packet))).toEqual([
      ["0:1", "1:1"],
      ["2:1", "3:1"],
    ]);
  });

  test("an object that takes over a number is not confused with the old one", () => {
    const journal = new Journal();
    const changed = tickWith(journal, 0, [[1, 1]]);
    const repeated = tickWith(journal, 1, [], [[1, 1]]);
    journal.forget(1);
    const after = tickWith(journal, 2, [[1, 2]]);
    expect([changed, repeated, after].map((packet) => lost(journal, packet))).toEqual([[], [], ["1:2"]]);
  });

  test("marks everything when the packet is older than the journal", () => {
    const journal = new Journal();
    const packet = tickWith(journal, 100, [[1, 1]]);
    journal.beginTick(100 + JOURNAL_TICKS - 1);
    expect(lost(journal, packet)).toEqual(["1:1"]);
    journal.beginTick(100 + JOURNAL_TICKS);
    expect(lost(journal, packet)).toEqual(["all"]);
  });

  test("goes on where the number of the tick wraps around", () => {
    const journal = new Journal();
    const packet = tickWith(journal, 2 ** 32 - 2, [[1, 0b11]]);
    tickWith(journal, 0, [[1, 0b01]]);
    expect(lost(journal, packet)).toEqual(["1:2"]);
  });

  test.each([1, 2, 3])("under random loss each player has the last values in the end, seed %i", (seed) => {
    const random = seededRandom(seed);
    const journal = new Journal();
    const ITEMS = 40;
    const MEMBERS = 4;
    const PLAYERS = 3;
    const values = new Int32Array(ITEMS * MEMBERS);
    const players = Array.from({ length: PLAYERS }, (_, number) => {
      const marks = new Map<number, number>();
      const sink: PacketLossSink = {
        sees: () => true,
        mark: (item, mask) => marks.set(item, (marks.get(item) ?? 0) | mask),
        markAll: () => {
          for (let item = 0; item < ITEMS; item++) marks.set(item, 2 ** MEMBERS - 1);
        },
      };
      return { number, marks, sink, has: new Int32Array(ITEMS * MEMBERS) };
    });
    const losses: [dueTick: number, packet: number, sink: PacketLossSink][] = [];
    let resent = 0;
    for (let tick = 0; tick < 600; tick++) {
      for (let index = losses.length - 1; index >= 0; index--) {
        const [due, packet, sink] = losses[index] as (typeof losses)[number];
        if (due > tick) continue;
        losses.splice(index, 1);
        journal.lost(packet, sink);
      }
      journal.beginTick(tick);
      const from = journal.nextChange;
      const changed = new Map<number, number>();
      if (tick < 400) {
        for (let count = 0; count < 10; count++) {
          const item = Math.floor(random() * ITEMS);
          const member = Math.floor(random() * MEMBERS);
          values[item * MEMBERS + member] = tick + 1;
          changed.set(item, (changed.get(item) ?? 0) | (1 << member));
        }
      }
      for (const [item, mask] of changed) journal.change(item, mask);
      for (const { number, marks, sink, has } of players) {
        // Now and then the budget cuts everything but five objects.
        const isCut = random() < 0.3;
        const packet = isCut
          ? journal.beginPacket(number, from, from)
          : journal.beginPacket(number, from, journal.nextChange);
        const arrives = tick >= 500 || random() >= 0.3;
        const deliver = (item: number, mask: number) => {
          for (let member = 0; member < MEMBERS; member++) {
            const place = item * MEMBERS + member;
            if (arrives && mask & (1 << member)) has[place] = values[place] as number;
          }
        };
        if (isCut) for (const [item, mask] of changed) sink.mark(item, mask);
        else {
          for (const [item, mask] of changed) {
            deliver(item, mask);
            marks.set(item, (marks.get(item) ?? 0) & ~mask);
          }
        }
        for (const [item, mask] of [...marks].slice(0, 5)) {
          marks.delete(item);
          if (mask === 0) continue;
          journal.resend(item, mask);
          deliver(item, mask);
          resent++;
        }
        if (!arrives) losses.push([tick + 2 + Math.floor(random() * (random() < 0.02 ? 80 : 6)), packet, sink]);
      }
    }
    for (const { has } of players) expect(has).toEqual(values);
    expect(resent).toBeGreaterThan(1000);
  });
});

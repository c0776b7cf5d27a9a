import { describe, expect, test } from "vitest";
import { syncList } from "../../lib/object/behaviour/collections.js";
import { readChanges, writeChanges } from "../../lib/object/behaviour/identity-state.js";
import type { MemberValues } from "../../lib/object/behaviour/member-values.js";
import { memberValues, NetworkBehaviour } from "../../lib/object/behaviour/network-behaviour.js";
import { networked } from "../../lib/object/behaviour/networked.js";
import { type NumberShape, numberShape } from "../../lib/object/behaviour/number-shape.js";
import { Budget } from "../../lib/object/budget/budget.js";
import { PlayerMarks } from "../../lib/object/budget/player-marks.js";
import { InputBuffer } from "../../lib/object/input/input-buffer.js";
import { InputClock } from "../../lib/object/input/input-clock.js";
import { GridRule } from "../../lib/object/interest/grid-rule.js";
import { FIRST_RULE, Visibility } from "../../lib/object/interest/visibility.js";
import { Journal } from "../../lib/object/journal/journal.js";
import { Prediction } from "../../lib/object/prediction/prediction.js";
import { History } from "../../lib/object/rewind/history.js";
import { Rewind } from "../../lib/object/rewind/rewind.js";
import { ReceivedTicks } from "../../lib/object/timeline/received-ticks.js";
import { ShownClock } from "../../lib/object/timeline/shown-clock.js";
import { Track } from "../../lib/object/timeline/track.js";
import {
  bool,
  type Codec,
  NetworkReader,
  NetworkWriter,
  quantized,
  struct,
  u8,
  vec2,
} from "../../lib/serialization/index.js";
import { bytesPerCall } from "../support/heap.js";

const OBJECTS = 20;

/** Nothing on the heap is smaller. */
const LEAST_OBJECT_BYTES = 8;

describe("once warm, a tick takes no heap", () => {
  test("in the journal, also with a lost packet", () => {
    const journal = new Journal();
    let marked = 0;
    const sink = {
      sees: () => true,
      mark() {
        marked++;
      },
      markAll() {},
    };
    const tick = (number: number) => {
      journal.beginTick(number);
      const from = journal.nextChange;
      for (let item = 0; item < OBJECTS; item++) journal.change((item + number) % 50, 3);
      const packet = journal.beginPacket(1, from, journal.nextChange);
      journal.resend(60, 1);
      journal.lost(packet, sink);
    };
    expect(bytesPerCall(tick)).toBeLessThan(LEAST_OBJECT_BYTES);
    expect(marked).toBeGreaterThan(10_000);
  });

  test("in the budget", () => {
    const budget = new Budget();
    const marks = new PlayerMarks();
    const sink = { bytesOf: () => 10, send() {} };
    const tick = (number: number) => {
      for (let item = 0; item < OBJECTS; item++) marks.mark(item, 3, number);
      budget.send(marks, number, 100, sink);
      marks.remove(number % OBJECTS);
    };
    expect(bytesPerCall(tick)).toBeLessThan(LEAST_OBJECT_BYTES);
  });

  test("in the grid, with objects that come and go", () => {
    const visibility = new Visibility();
    const grid = new GridRule(visibility, 1 << FIRST_RULE, { enter: 10, leave: 11 });
    let changes = 0;
    const count = () => {
      changes++;
    };
    const sink = { entered: count, left: count };
    const place = new Float64Array(3);
    const at = (x: number) => {
      place[0] = x + 0.1;
      return place;
    };
    for (let player = 0; player < 40; player++) grid.moveCentre(player, at(player));
    const tick = (number: number) => {
      grid.moveCentre(number % 40, at(number % 100));
      for (let item = 0; item < OBJECTS; item++) grid.moveItem(item, at((number + 7 * item) % 100));
      visibility.takeChanges(sink);
    };
    expect(bytesPerCall(tick)).toBeLessThan(LEAST_OBJECT_BYTES);
    expect(changes).toBeGreaterThan(10_000);
  });

  test("in the state of objects: set, settle, written and read, with changes of lists", () => {
    const Ship = networked(class Ship extends NetworkBehaviour {}, {
      health: u8,
      items: syncList(u8, 8),
      position: vec2(quantized({ max: 100, precision: 0.1 })),
    });
    const [near, far] = [new Ship(), new Ship()];
    near.items.push(1, 2, 3, 4, 5, 6);
    const [parts, farParts] = [[memberValues(near)], [memberValues(far)]];
    const writer = new NetworkWriter();
    const reader = new NetworkReader();
    const [allowed, masks] = [[7], [0]];
    const tick = (number: number) => {
      near.health = number & 255;
      near.position.x = number % 100;
      near.items.set(number % 6, number & 255);
      masks[0] = (parts[0] as MemberValues).settle();
      writer.reset();
      writeChanges(writer, parts, masks, allowed, number === 0 ? "whole" : "delta");
      reader.reset(writer.buffer, 0, writer.byteLength);
      readChanges(reader, farParts, allowed);
    };
    // The components of a vector are numbers with a fraction, in a box; an index is checked against a limit.
    expect(bytesPerCall(tick)).toBeLessThan(50);
    expect([...far.items]).toEqual([...near.items]);
  });

  test("for inputs", () => {
    const clock = new InputClock(50);
    const input = struct({ thrust: bool, turn: u8 });
    const buffer = new InputBuffer(50, input);
    const writer = new NetworkWriter();
    input.write(writer, { thrust: true, turn: 7 });
    const reader = new NetworkReader();
    clock.start(0, 0, 50);
    const report = (tick: number, earlyTicks: number) => clock.report(tick, earlyTicks);
    const tick = (number: number) => {
      clock.advance(number * 20);
      reader.reset(writer.buffer, 0, writer.byteLength);
      buffer.read(clock.tick, number, reader);
      buffer.noteArrival(clock.tick, number);
      buffer.take(number);
      buffer.takeReport(report);
    };
    expect(bytesPerCall(tick)).toBeLessThan(LEAST_OBJECT_BYTES);
  });

  test("for interpolation, prediction and rewind", () => {
    const clock = new ShownClock(50);
    const received = new ReceivedTicks();
    const plane = numberShape(vec2() as Codec<unknown>, {}) as NumberShape;
    const track = new Track(plane);
    const history = new History();
    history.add(0, [plane]);
    const [values, shown] = [new Float64Array(2), new Float64Array(2)];
    const rewind = new Rewind(history, { get: () => {}, set: () => {} });
    const none = () => {};
    const prediction = new Prediction<null>({ widths: [2], get: none, set: none, step: none, isSame: () => true });
    const items = [0];
    const look = () => {};
    const ticks = new Float64Array(1);
    let sum = 0;
    const tick = (index: number) => {
      const number = index + 10;
      values[0] = number;
      clock.arrived(number, number * 20);
      received.add(number);
      track.add(number, values);
      clock.advance(number * 20);
      track.locate(clock.tick, received, 50);
      track.read(shown);
      sum += shown[0] as number;
      history.record(0, number, values);
      ticks[0] = number - 4.5;
      rewind.look(items, ticks, 1, look);
      prediction.predict(number, null);
      prediction.confirm(number - 1, values);
    };
    // The result of a getter is a number with a fraction, in a box.
    expect(bytesPerCall(tick)).toBeLessThan(50);
    expect(sum).toBeGreaterThan(0);
  });
});

import { describe, expect, test } from "vitest";
import * as colyseus from "../../bench/object/colyseus.mjs";
import * as floors from "../../bench/object/floors.mjs";
import * as ours from "../../bench/object/ours.mjs";

type Measure = (options: Record<string, number>) => Promise<Record<string, number>> | Record<string, number>;

const small = { objects: 40, players: 4, seen: 10, seconds: 0 };

/** What is measured works, and each figure is one: that the values arrive, the cases check themselves. */
const cases: [string, Measure, Record<string, number>][] = [
  ["state", ours.state, {}],
  ["state, listeners", ours.state, { listeners: 1 }],
  ["state, quantized", ours.state, { quantize: 1 }],
  ["ground", ours.ground, {}],
  ["ground, loss", ours.ground, { loss: 0.3 }],
  ["room", ours.room, {}],
  ["crowd", ours.crowd, { budget: 100 }],
  ["rewind", ours.rewind, { changes: 10 }],
  ["tick", ours.tick, {}],
  ["arena", ours.arena, { seconds: 0.1 }],
  ["state of @colyseus/schema", colyseus.state, {}],
  ["state of @colyseus/schema, listeners", colyseus.state, { listeners: 1 }],
  ["ground of @colyseus/schema", colyseus.ground, {}],
  ["plain fields", floors.state, {}],
  ["copying memory", floors.room, {}],
  ["the Peer alone", floors.tick, {}],
];

test.each(cases)("measures %s", async (_name, measure, options) => {
  for (const figure of Object.values(await measure({ ...small, ...options }))) expect(figure).toBeGreaterThanOrEqual(0);
});

describe("what a player gets", () => {
  test("is no more than its budget", async () => {
    const { bytes } = await ours.crowd({ ...small, budget: 100 });
    expect(bytes).toBeGreaterThan(50);
    expect(bytes).toBeLessThan(2 * 110);
  });

  test("is what changes, once", async () => {
    const { bytes } = await ours.room(small);
    expect(bytes).toBeGreaterThan(40 * 8);
    expect(bytes).toBeLessThan(40 * 12);
  });
});

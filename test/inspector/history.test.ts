import { expect, test } from "vitest";
import { History } from "../../lib/inspector/page/history.js";
import type { InspectorSnapshot } from "../../lib/inspector/snapshot.js";

const snapshot = (timeMs: number, sent: number) =>
  ({ timeMs, connections: [], messages: [], objects: null, figures: { sent } }) as unknown as InspectorSnapshot;

test("a server that was started again has no rates from before", () => {
  const history = new History();
  for (let second = 10; second < 15; second++) history.add(snapshot(1000 * second, 500 * second));
  expect(history.growth(1, "sent")).toEqual({ times: [11, 12, 13, 14], values: [[500, 500, 500, 500]] });
  for (let second = 1; second < 3; second++) history.add(snapshot(1000 * second, 7 * second));
  expect(history.growth(1, "sent")).toEqual({ times: [2], values: [[7]] });
});

const snapshotOf = (kind: InspectorSnapshot["kind"], figures: Record<string, number>, ...roundTrips: number[]) => {
  const connections = roundTrips.map((roundTripTimeMs, id) => ({ id, roundTripTimeMs }));
  return { kind, timeMs: 1000, figures, connections } as unknown as InspectorSnapshot;
};

test("the slowest round trip is that of the figures, and of the rows where GNS alone has no figures", () => {
  const [players, sockets] = [new History(), new History()];
  players.add(snapshotOf("server", { "connections.roundTripTimeMs": 70 }));
  sockets.add(snapshotOf("sockets", {}, 20, 45, 30));
  expect(players.roundTrips(null).values).toEqual([[70]]);
  expect(sockets.roundTrips(null).values).toEqual([[45]]);
  expect(sockets.roundTrips(2).values).toEqual([[30]]);
});

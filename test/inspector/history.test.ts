import { expect, test } from "vitest";
import { History } from "../../lib/inspector/page/history.js";
import type { InspectorSnapshot } from "../../lib/inspector/snapshot.js";

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

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

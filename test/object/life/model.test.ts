import { expect, test } from "vitest";
import { ObjectModel } from "../../support/object-model.js";

const IS_STRESS = process.env.VALVE_SOCKETS_STRESS !== undefined;
const profiles = ["datagram", "reliable-lanes", "stream"] as const;
const hosts = [null, null, null, "shared", "replica"] as const;
const losses = [0, 0.05, 0.15, 0.3];
const seeds = Array.from({ length: IS_STRESS ? 1000 : 100 }, (_, index) => index + 1);
const OPERATIONS = IS_STRESS ? 1000 : 200;

/** When the last packets of a world have come for sure. */
function restMs(kind: (typeof profiles)[number], loss: number): number {
  // Over such transports the last notify packet counts as lost after a second.
  if (kind === "reliable-lanes" && loss > 0) return 10_000;
  return loss >= 0.3 ? 3000 : 2000; // each probe that is lost doubles the time to the next
}

test.each(seeds)("seed %i: soon after random operations each client has exactly what it may see", async (seed) => {
  const kind = profiles[seed % profiles.length] as (typeof profiles)[number];
  const loss = losses[seed % losses.length] as number;
  const host = hosts[seed % hosts.length] ?? null;
  const model = new ObjectModel(seed, { kind, loss, host, breaks: seed % 4 === 0 ? 2 : 0 });
  await model.start();
  await model.run(OPERATIONS, restMs(kind, loss));
  expect(model.ends.length).toBe(5);
});

import { expect, test } from "vitest";
import { ObjectModel } from "../../support/object-model.js";

const IS_STRESS = process.env.VALVE_SOCKETS_STRESS !== undefined;
const profiles = ["datagram", "reliable-lanes", "stream"] as const;
const losses = [0, 0.05, 0.15, 0.3];
const seeds = Array.from({ length: IS_STRESS ? 1000 : 100 }, (_, index) => index + 1);
const OPERATIONS = IS_STRESS ? 1000 : 200;

test.each(seeds)("seed %i: soon after random operations each client has exactly what it may see", async (seed) => {
  const kind = profiles[seed % profiles.length] as (typeof profiles)[number];
  const loss = losses[seed % losses.length] as number;
  const model = new ObjectModel(seed, kind, loss);
  await model.start();
  // Over such transports the last notify packet counts as lost after a second.
  await model.run(OPERATIONS, kind === "reliable-lanes" && loss > 0 ? 10_000 : 2000);
  expect(model.ends.length).toBe(5);
});

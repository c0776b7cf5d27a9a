import { expect, test } from "vitest";
import { FleetModel } from "../../support/fleet-model.js";

const IS_STRESS = process.env.VALVE_SOCKETS_STRESS === "1";
const DAY = {
  ...{ hosts: 50, rooms: 5000, players: 100_000, perSecond: 116 },
  ...{ crashSeconds: 120, freezeSeconds: 240, drainSeconds: 180 },
};
const MINUTES = {
  ...{ hosts: 6, rooms: 40, players: 300, perSecond: 200 },
  ...{ crashSeconds: 20, freezeSeconds: 30, drainSeconds: 25 },
};
/** Of the world's time. */
const HOURS = Number(process.env.VALVE_SOCKETS_HOURS ?? 24);

test("players join, move, commit and leave while hosts die, stand still and are drained: nothing is lost", async () => {
  const model = new FleetModel({ ...(IS_STRESS ? DAY : MINUTES), seed: 1 });
  await model.start();
  await model.run(IS_STRESS ? HOURS * 3600 : 90);
  expect(model.online).toBeGreaterThan(0);
  await model.end();
  if (IS_STRESS) console.log(model.counts, model.dangers, `${model.refused} times refused`);
  expect(model.faults).toEqual([]);
  // Thousands may lose a host at once.
  expect(model.refused).toBeLessThanOrEqual(model.counts.actions / 1000);
  for (const count of Object.values({ ...model.counts, ...model.dangers })) expect(count).toBeGreaterThan(0);
  for (const directory of model.directories)
    expect([[...directory.sessions()], [...directory.rooms()]]).toEqual([[], []]);
}, 7_200_000);

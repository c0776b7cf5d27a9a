import { expect, it } from "vitest";
import type { Clock } from "../../lib/clock.js";
import { DisconnectCode } from "../../lib/socket/index.js";
import { FakeClock } from "../../lib/testing/index.js";
import { PeerWorld } from "../support/peer-world.js";

/** A world whose Peers have timers like those of Node.js: of whole milliseconds, up to one too early by `now`. */
async function connectedWithEarlyTimers() {
  let time = new FakeClock();
  const clock: Clock = {
    now: () => time.now(),
    setTimeout: (callback, ms) => time.setTimeout(callback, Math.max(Math.trunc(ms), 1)),
    clearTimeout: (timer) => time.clearTimeout(timer),
  };
  const world = new PeerWorld({ server: { clock }, client: { clock } });
  time = world.clock;
  await world.listen();
  const { connection, handler } = world.dial();
  await world.run(100);
  return { world, client: await connection, handler };
}

it("keeps asking for a sign of life when timers fire too early", async () => {
  const { world, client } = await connectedWithEarlyTimers();
  const packets = client.metrics.packetsReceived;
  await world.run(20_000, 50);
  expect(client.reason).toBeNull();
  expect(client.metrics.packetsReceived - packets).toBeGreaterThan(8);
});

it("notices a silent end when timers fire too early", async () => {
  const { world, handler } = await connectedWithEarlyTimers();
  world.isCut = true;
  await world.run(11_000, 50);
  expect(handler.disconnected.map(({ code }) => code)).toEqual([DisconnectCode.Timeout]);
});

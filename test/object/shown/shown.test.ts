import { describe, expect, test } from "vitest";
import { BodyParts, LEG, Scene, stopAndGo, TICK_MS } from "../../support/body-world.js";

describe.each(["datagram", "reliable-lanes", "stream"] as const)("over %s", (kind) => {
  test("a body that rests and starts again is drawn within 1 % of its path", async () => {
    const scene = await Scene.open({ kind }, (body, tick) => {
      body.position.x = stopAndGo(tick);
    });
    await scene.draw(500);
    const errors: number[] = [];
    await scene.draw(6500, ({ tick, body }) => errors.push(Math.abs(body.position.x - stopAndGo(tick))));
    expect(errors.length).toBeGreaterThan(1000);
    expect(Math.max(...errors)).toBeLessThanOrEqual(0.01 * LEG);
    expect([scene.world.errors, scene.world.failures]).toEqual([[], []]);
  });
});

test("what is shown has the class's getters and methods, stays the same for a frame, and cannot be set", async () => {
  const scene = await Scene.open({}, (body, tick) => {
    body.position = { x: tick, y: 0 };
    body.colour = 7;
  });
  await scene.draw(500);
  const { seen } = scene;
  const { shown } = seen;
  expect(shown).toBe(seen.shown);
  expect(shown).toBeInstanceOf(BodyParts);
  const { x } = shown.position;
  expect(x).toBeCloseTo(scene.end.world.shownTick as number, 6);
  expect(x).toBeLessThan(seen.position.x);
  expect([shown.farness, shown.describe(), shown.colour, shown.identity, shown.shown]).toEqual([
    x,
    `at ${x}`,
    7,
    seen.identity,
    shown,
  ]);
  await scene.world.run(100);
  expect(shown.position.x).toBe(x);
  scene.end.world.update();
  expect(shown.position.x).toBeGreaterThan(x + 4);
  expect(() => {
    shown.colour = 8;
  }).toThrow(TypeError);
  // On a server everything is shown as it is.
  expect(scene.body.shown.position).toBe(scene.body.position);
});

test("angles go the short way, members with every glide, and what the owner sets is shown as it is", async () => {
  const scene = await Scene.open({}, (body, tick) => {
    body.heading = (tick * 3) % 360;
    body.height = tick;
  });
  await scene.draw(500);
  scene.seen.own = 9;
  let previous = Number.NaN;
  await scene.draw(3000, ({ tick, body }) => {
    const turned = (((body.heading - tick * 3) % 360) + 540) % 360;
    expect(Math.abs(turned - 180)).toBeLessThan(0.1);
    expect(body.height).toBeCloseTo(tick, 2);
    expect(body.own).toBe(9);
    expect(tick > previous || Number.isNaN(previous)).toBe(true);
    previous = tick;
  });
});

test("no way is drawn for a teleport, and for more than snap", async () => {
  const scene = await Scene.open({}, (body, tick) => {
    const leg = Math.floor(tick / 40);
    if (tick % 40 === 0) body.identity.teleport();
    body.position.x = leg * 1000 + (tick % 40);
    body.jump = leg * 10;
  });
  await scene.draw(500);
  const wrong: number[] = [];
  await scene.draw(3000, ({ tick, body }) => {
    const { x } = body.position;
    const leg = Math.floor(tick / 40);
    // In the tick before the teleport it rests.
    if (x - leg * 1000 > 40 || x - leg * 1000 < 0 || body.jump !== leg * 10) wrong.push(tick);
  });
  expect(wrong).toEqual([]);
  expect(() => scene.seen.identity.teleport()).toThrow(expect.objectContaining({ code: "ERR_WRONG_SIDE" }));
});

test("with 20 ms of jitter at least 99 % of the frames lie between two known values", async () => {
  const scene = await Scene.open({ lag: { latencyMs: 40, jitterMs: 20 } }, (body, tick) => {
    // Beyond what is known it would go on straight.
    body.position.x = (tick % 2) * 100 + tick;
  });
  await scene.draw(2000);
  const known: boolean[] = [];
  await scene.draw(20_000, ({ tick, body }) => {
    const [from, to] = [Math.floor(tick), Math.floor(tick) + 1].map((whole) => (whole % 2) * 100 + whole) as [
      number,
      number,
    ];
    known.push(Math.abs(body.position.x - (from + (to - from) * (tick % 1))) < 0.01);
  });
  expect(known.filter(Boolean).length / known.length).toBeGreaterThanOrEqual(0.99);
});

test("after 10 s in a hidden tab the present is shown again within 1 s", async () => {
  const scene = await Scene.open({ lag: { latencyMs: 40, jitterMs: 10 } }, (body, tick) => {
    body.position.x = tick;
  });
  await scene.draw(2000);
  const { shownDelayMs } = scene.end.world.metrics;
  expect(shownDelayMs).toBeGreaterThan(TICK_MS);
  expect(shownDelayMs).toBeLessThan(4 * TICK_MS);
  const before = scene.world.server.tick - (scene.end.world.shownTick as number);
  await scene.world.run(10_000);
  await scene.draw(1000);
  await scene.draw(1000, ({ tick, body }) => {
    expect(Math.abs(scene.world.server.tick - tick - before)).toBeLessThan(40 / TICK_MS);
    expect(body.position.x).toBeCloseTo(tick, 3);
  });
});

test("a rest that begins is shown as one, also where a packet is lost, and costs nothing", async () => {
  const scene = await Scene.open({ lag: { latencyMs: 40, loss: 0.1 } }, (body, tick) => {
    if (tick < 100 || tick > 1000) body.position.x = Math.min(tick, 100) * 10 + Math.max(0, tick - 1000);
  });
  await scene.draw(5000);
  expect(scene.seen.shown.position.x).toBe(990);
  const sent = () => scene.world.server.players[0]?.connection?.metrics.packetsSent;
  const before = sent();
  await scene.draw(1000);
  expect((sent() as number) - (before as number)).toBeLessThan(15);
});

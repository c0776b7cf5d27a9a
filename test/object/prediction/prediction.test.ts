import { describe, expect, test } from "vitest";
import { InputBuffer } from "../../../lib/object/input/input-buffer.js";
import { InputClock } from "../../../lib/object/input/input-clock.js";
import { MAX_REPLAYED_TICKS, Prediction } from "../../../lib/object/prediction/prediction.js";
import { float64 } from "../../../lib/serialization/index.js";
import { seededRandom } from "../../../lib/testing/index.js";
import { adderOf } from "../../support/inputs.js";

const PRECISION = 0.01;

/** A body with a place and a speed; an input is a push. `error` is by what factor a push is off. */
class Body {
  x = 0;
  speed = 0;
  readonly widths = [1, 1];
  /** Of each step: its tick, and an R in a replay. */
  readonly steps: string[] = [];
  readonly #error: () => number;

  constructor(error: () => number = () => 1) {
    this.#error = error;
  }

  get(values: Float64Array): void {
    values[0] = this.x;
    values[1] = this.speed;
  }

  set(values: Float64Array): void {
    [this.x, this.speed] = values as unknown as [number, number];
  }

  isSame(_member: number, first: number, predicted: Float64Array, values: Float64Array): boolean {
    const [a, b] = [predicted[first] as number, values[first] as number];
    return Math.round(a / PRECISION) === Math.round(b / PRECISION);
  }

  step(push: number, tick: number, isReplay: boolean): void {
    this.speed = this.speed * 0.9 + push * this.#error();
    this.x += this.speed;
    this.steps.push(`${tick}${isReplay ? "R" : ""}`);
  }

  /** As they travel: with all their digits. */
  get values(): Float64Array {
    return Float64Array.of(this.x, this.speed);
  }
}

/** A server and a client that predicts, with jitter and loss in both directions. */
function simulate({
  error,
  jitterMs = 8,
  loss = 0.05,
  seconds = 60,
}: {
  error?: () => number;
  jitterMs?: number;
  loss?: number;
  seconds?: number;
}) {
  const random = seededRandom(3);
  const tickMs = 1000 / 60;
  const server = new Body(error);
  const client = new Body();
  const offsets: number[] = [];
  const prediction = new Prediction(client, (before, after) => {
    offsets.push(Math.abs((before[0] as number) - (after[0] as number)));
  });
  const clock = new InputClock(60);
  const buffer = new InputBuffer(60, float64);
  const add = adderOf(buffer, float64);
  clock.loss = loss;
  const inputOf = (tick: number) => Math.sin(Math.floor(tick / 20) * 1.7) * (tick < (seconds - 5) * 60 ? 1 : 0);
  const underWay: { atMs: number; deliver: (atMs: number) => void }[] = [];
  const send = (nowMs: number, deliver: (atMs: number) => void) => {
    if (random() >= loss) underWay.push({ atMs: nowMs + 50 + random() * jitterMs, deliver });
  };
  clock.start(0, 0, 50);
  let serverTick = 1;
  let wrongInputs = 0;
  for (let nowMs = 0; nowMs < seconds * 1000; nowMs += 4) {
    for (const packet of underWay.filter(({ atMs }) => atMs <= nowMs)) {
      underWay.splice(underWay.indexOf(packet), 1);
      packet.deliver(packet.atMs);
    }
    for (let before = clock.advance(nowMs) - 1; before >= 0; before--) {
      const newest = (clock.tick - before) >>> 0;
      prediction.predict(newest, inputOf(newest));
      send(nowMs, (atMs) => {
        for (let tick = newest; tick > newest - 4; tick--) add(tick, inputOf(tick), serverTick);
        buffer.noteArrival(newest, atMs / tickMs);
      });
    }
    for (; serverTick * tickMs <= nowMs; serverTick++) {
      const tick = serverTick;
      const input = buffer.take(tick);
      if (input !== inputOf(tick)) wrongInputs++;
      server.step(input, tick, false);
      const { values } = server;
      send(nowMs, () => prediction.confirm(tick, values));
      buffer.takeReport((of, early) => send(nowMs, () => clock.report(of, early)));
    }
  }
  return { server, client, prediction, wrongInputs, offsets };
}

describe("Prediction", () => {
  test("a step with a random error of 0.1 % on the server converges", () => {
    const random = seededRandom(8);
    const { client, server, prediction, offsets } = simulate({ error: () => 0.999 + 0.002 * random(), loss: 0 });
    expect(prediction.corrections).toBeGreaterThan(10);
    expect(Math.max(...offsets)).toBeLessThan(0.1);
    expect(Math.max(...server.values.map((value, column) => value - (client.values[column] as number)))).toBeLessThan(
      0.02,
    );
  });

  test("a step that is exact is never corrected, unless the server had to do without an input", () => {
    const { prediction, wrongInputs } = simulate({});
    // An input of a tick that the server had to guess shows in one correction at most.
    expect(prediction.corrections).toBeLessThanOrEqual(wrongInputs);
    expect(wrongInputs).toBeLessThan(20);
    expect(simulate({ loss: 0 }).prediction.corrections).toBe(0);
  });

  test("replays what came after the tick that was wrong, from the server's values", () => {
    const body = new Body();
    const corrected: number[][] = [];
    const prediction = new Prediction(body, (before, after) =>
      corrected.push([before[0] as number, after[0] as number]),
    );
    for (let tick = 1; tick <= 5; tick++) prediction.predict(tick, 0);
    expect(prediction.confirm(3, Float64Array.of(10, 0))).toBe(true);
    expect(body.steps).toEqual(["1", "2", "3", "4", "5", "4R", "5R"]);
    expect([body.x, corrected, prediction.corrections]).toEqual([10, [[0, 10]], 1]);
    // The replay is what the next news is compared with.
    expect([prediction.confirm(4, Float64Array.of(10, 0)), body.steps.length]).toEqual([false, 7]);
  });

  test("a value that is as predicted stays exact when another one is corrected", () => {
    const body = new Body();
    const prediction = new Prediction(body);
    prediction.predict(1, 0.123456);
    expect(prediction.confirm(1, Float64Array.of(7, 0.12))).toBe(true);
    expect([body.x, body.speed]).toEqual([7, 0.123456]);
  });

  test("compares after quantisation, and ignores older news", () => {
    const body = new Body();
    const prediction = new Prediction(body);
    for (let tick = 1; tick <= 5; tick++) prediction.predict(tick, 0);
    expect(prediction.confirm(3, Float64Array.of(0.004, 0))).toBe(false);
    expect(prediction.confirm(2, Float64Array.of(10, 0))).toBe(false);
    expect(body.x).toBe(0);
    expect(prediction.confirm(4, Float64Array.of(0.006, 0))).toBe(true);
    expect(body.x).toBe(0.006);
  });

  test("replays 32 ticks at most", () => {
    const body = new Body();
    const prediction = new Prediction(body);
    for (let tick = 1; tick <= 60; tick++) prediction.predict(tick, 0);
    prediction.confirm(2, Float64Array.of(10, 0));
    expect(body.steps.slice(60)).toEqual(Array.from({ length: MAX_REPLAYED_TICKS }, (_, index) => `${29 + index}R`));
  });

  test("takes the server's values when it predicted nothing for their tick", () => {
    const body = new Body();
    const prediction = new Prediction(body);
    prediction.predict(5, 1);
    expect(prediction.confirm(100, Float64Array.of(7, 0))).toBe(true);
    expect([body.x, body.steps, prediction.valueBetween(0, 1), prediction.corrections]).toEqual([7, ["5"], 7, 0]);
    prediction.predict(101, 0);
    expect(body.x).toBe(7);
  });

  test("goes on where the number of the tick wraps around", () => {
    const body = new Body();
    const prediction = new Prediction(body);
    const ticks = [2 ** 32 - 2, 2 ** 32 - 1, 0, 1];
    for (const tick of ticks) prediction.predict(tick, 0);
    expect(prediction.confirm(2 ** 32 - 1, Float64Array.of(3, 0))).toBe(true);
    expect(body.steps.slice(4)).toEqual(["0R", "1R"]);
    expect([prediction.confirm(0, Float64Array.of(3, 0)), body.x]).toEqual([false, 3]);
  });

  test("draws between the last two ticks", () => {
    const body = new Body();
    const prediction = new Prediction(body);
    prediction.predict(1, 10);
    expect(prediction.valueBetween(0, 0.5)).toBe(10);
    prediction.predict(2, 0);
    expect([0, 0.5, 1].map((part) => prediction.valueBetween(0, part))).toEqual([10, 14.5, 19]);
    expect(prediction.valueBetween(0, 0.5, 8)).toBe(10.5);
  });
});

test("a tick that a server has confirmed without an input of it is not replayed", () => {
  const inputs: unknown[] = [];
  const prediction = new Prediction<number>({
    widths: [1],
    get: () => {},
    set: () => {},
    isSame: () => false,
    step: (input) => void inputs.push(input),
  });
  prediction.predict(10, 1);
  for (const tick of [100, 2 ** 31 + 99, 90]) prediction.confirm(tick, Float64Array.of(tick));
  prediction.predict(110, 2);
  prediction.confirm(91, Float64Array.of(91));
  expect(inputs).toEqual([1, 2, 2]);
});

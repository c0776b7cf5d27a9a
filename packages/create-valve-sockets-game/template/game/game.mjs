// What the server, the page and the bots share: what a runner is, and the one step that moves it.
import { defineProtocol } from "valve-sockets/message";
import { definePrediction, definePrefab, linear, NetworkBehaviour, networked } from "valve-sockets/object";
import { bool, quantized, string, struct, u16, vec2 } from "valve-sockets/serialization";

export const TICK_RATE = 30;
/** The field's size, and a runner's, in metres. */
export const FIELD = { x: 40, y: 24 };
export const RADIUS = 1;
/** Metres a second. Who is "it" is a little faster. */
const SPEED = 10;
const SPEED_OF_IT = 12;

export class Runner extends NetworkBehaviour {}
const metres = quantized({ max: 64, precision: 0.01 });
networked(Runner, {
  name: [string(64), { from: "owner" }],
  isIt: bool,
  catches: u16,
  position: [vec2(metres, metres), { delivery: "latest", interpolate: linear }],
});
export const RunnerPrefab = definePrefab("runner", { runner: Runner });

const part = quantized({ max: 1, precision: 0.01 });
/** Runs on the server and on the runner's own client, which so need not wait for the server. */
export const running = definePrediction(Runner, {
  input: struct({ x: part, y: part }),
  step({ position, isIt }, input, { dt }) {
    const length = Math.max(1, Math.sqrt(input.x ** 2 + input.y ** 2));
    for (const axis of ["x", "y"]) {
      const next = position[axis] + (input[axis] / length) * (isIt ? SPEED_OF_IT : SPEED) * dt;
      position[axis] = Math.min(Math.max(next, RADIUS), FIELD[axis] - RADIUS);
    }
  },
});

export const parts = { prefabs: [RunnerPrefab], predictions: [running] };
export const protocol = defineProtocol({ name: "tag", version: 1, messages: [] });

import type { Member } from "../behaviour/member.js";
import type { MemberValues } from "../behaviour/member-values.js";
import type { NetworkBehaviour } from "../behaviour/network-behaviour.js";
import type { ShownSource } from "../behaviour/shown.js";
import { InputSampler } from "../input/input-sampler.js";
import type { DefinedPrediction } from "../prediction/defined-prediction.js";
import type { SharedControl, SharedObject } from "../world/shared-world.js";
import type { ClientObject } from "./client-object.js";

/** What a host's control needs of its client. */
export interface HostControlOwner {
  report(error: unknown): void;
  /** Goes up whenever something else is shown. */
  readonly frame: number;
  now(): number;
  /** The server's tick that is shown of what is not controlled, with a fraction. */
  viewTick(): number | null;
}

/**
 * What a host's client controls: the server's own behaviour. The server runs the step of each tick with an input of
 * that tick, so there is nothing to predict.
 */
export class HostControl implements SharedControl, ShownSource {
  readonly object: ClientObject;
  readonly shared: SharedObject;
  readonly index: number;
  readonly prediction: DefinedPrediction;
  readonly #owner: HostControlOwner;
  readonly #sampler: InputSampler;
  readonly #tickMs: number;
  #input: unknown;
  /** The predicted members after the last two steps. */
  #before: Float64Array;
  #after: Float64Array;
  #steppedMs = Number.NEGATIVE_INFINITY;
  #steps = 0;

  constructor(
    owner: HostControlOwner,
    object: ClientObject,
    shared: SharedObject,
    index: number,
    prediction: DefinedPrediction,
    sample: () => unknown,
    ticksPerSecond: number,
  ) {
    this.#owner = owner;
    this.object = object;
    this.shared = shared;
    this.index = index;
    this.prediction = prediction;
    this.#tickMs = 1000 / ticksPerSecond;
    this.#input = prediction.input.default();
    this.#sampler = new InputSampler(prediction.input, sample, (error) => owner.report(error));
    const { columnCount } = prediction.members;
    this.#before = new Float64Array(columnCount);
    this.#after = new Float64Array(columnCount);
  }

  get behaviour(): NetworkBehaviour {
    return this.shared.parts[this.index] as NetworkBehaviour;
  }

  takeInput(): unknown {
    this.#input = this.#sampler.take(this.#input);
    return this.#input;
  }

  viewTick(): number | null {
    return this.#owner.viewTick();
  }

  stepped(): void {
    const oldest = this.#before;
    this.#before = this.#after;
    this.#after = oldest;
    this.prediction.members.get(this.shared.values[this.index] as MemberValues, oldest);
    this.#steps++;
    this.#steppedMs = this.#owner.now();
  }

  get frame(): number {
    return this.#owner.frame;
  }

  /** How far the time is from the last step to the next one: 0 to 1. */
  get tickPart(): number {
    return Math.min(Math.max((this.#owner.now() - this.#steppedMs) / this.#tickMs, 0), 1);
  }

  /** What is shown is between the last two steps. */
  readShown(member: Member, target: Float64Array): boolean {
    const first = this.prediction.members.firstOf(member);
    if (first < 0) return this.object.timelineOf(this.index)?.readShown(member, target) ?? false;
    if (this.#steps < 2) return false;
    const { periods = [], columns = 0 } = member.shape ?? {};
    const { tickPart } = this;
    for (let column = 0; column < columns; column++) {
      const before = this.#before[first + column] as number;
      target[column] = before + shortest((this.#after[first + column] as number) - before, periods[column]) * tickPart;
    }
    return true;
  }
}

/** A difference; of angles the short way. */
const shortest = (difference: number, period = 0) =>
  period === 0 ? difference : difference - period * Math.round(difference / period);

import type { NetworkReader, NetworkWriter } from "../../serialization/index.js";
import type { Member } from "../behaviour/member.js";
import type { MemberValues } from "../behaviour/member-values.js";
import type { NetworkBehaviour } from "../behaviour/network-behaviour.js";
import type { ShownSource } from "../behaviour/shown.js";
import { InputSampler } from "../input/input-sampler.js";
import type { DefinedPrediction } from "../prediction/defined-prediction.js";
import { type PredictedBehaviour, Prediction, REMEMBERED_TICKS } from "../prediction/prediction.js";
import { Smoothing } from "../prediction/smoothing.js";
import type { StepRunner } from "../prediction/step-runner.js";
import { SENT_INPUTS, writeInputs } from "../wire/input-format.js";
import type { ClientObject } from "./client-object.js";

/** What a control needs of its client. */
export interface ControlOwner {
  readonly runner: StepRunner;
  now(): number;
  report(error: unknown): void;
  /** Goes up whenever something else is shown. */
  readonly frame: number;
  /** How far the time is from the last tick to the next one: 0 to 1. */
  readonly tickPart: number;
}

/** The behaviour that a client controls: its inputs, its prediction, and what is shown of it. */
export class ClientControl implements PredictedBehaviour<unknown>, ShownSource {
  readonly object: ClientObject;
  readonly index: number;
  readonly prediction: DefinedPrediction;
  readonly widths: readonly number[];
  readonly #owner: ControlOwner;
  readonly #sampler: InputSampler;
  readonly #values: MemberValues;
  readonly #algorithm: Prediction<unknown>;
  readonly #smoothing: Smoothing;
  /** By tick, as the server gets them. */
  readonly #inputs: unknown[];
  readonly #ticks = new Float64Array(REMEMBERED_TICKS).fill(-1);
  readonly #row: Float64Array;
  #tick = 0;
  #hasPredicted = false;

  constructor(
    owner: ControlOwner,
    object: ClientObject,
    index: number,
    prediction: DefinedPrediction,
    sample: () => unknown,
  ) {
    this.object = object;
    this.index = index;
    this.prediction = prediction;
    this.widths = prediction.members.widths;
    this.#owner = owner;
    this.#sampler = new InputSampler(prediction.input, sample, (error) => owner.report(error));
    this.#values = object.values[index] as MemberValues;
    this.#inputs = Array.from({ length: REMEMBERED_TICKS }, () => prediction.input.default());
    this.#row = new Float64Array(prediction.members.columnCount);
    this.#smoothing = new Smoothing(prediction.members.shapes(prediction.snap), prediction.smoothMs);
    this.#algorithm = new Prediction(this, (before, after) => this.#smoothing.correct(before, after, owner.now()));
  }

  /** How many times the server had other values than those predicted. */
  get corrections(): number {
    return this.#algorithm.corrections;
  }

  /** Takes the input of a tick, and runs the step with it. */
  predict(tick: number): void {
    const input = this.#takeInput(tick);
    this.#tick = tick;
    this.#hasPredicted = true;
    this.#algorithm.predict(tick, input);
  }

  /** Writes the inputs of the last ticks. */
  writeInputs(writer: NetworkWriter, viewTicks: number): void {
    let count = 1;
    while (count < SENT_INPUTS && this.#hasInput(count)) count++;
    writeInputs(writer, this.prediction.input, count, viewTicks, this.#inputBefore);
  }

  /** Reads what the server has for the predicted members after `tick`. */
  confirm(tick: number, reader: NetworkReader, isExact: boolean): void {
    const { members } = this.prediction;
    // The members themselves have values of a later tick.
    const spare = this.object.layout.spare[this.index] as MemberValues;
    if (isExact) members.readExact(reader, spare, this.#row);
    else {
      spare.read(reader, members.mask);
      members.get(spare, this.#row);
    }
    this.#algorithm.confirm(tick, this.#row, isExact);
  }

  /** State that came otherwise has changed predicted members: they get their predicted values again. */
  restore(): void {
    if (this.#hasPredicted) this.#algorithm.restore();
  }

  get frame(): number {
    return this.#owner.frame;
  }

  /** What is shown is between the last two ticks, and glides over corrections. */
  readShown(member: Member, target: Float64Array): boolean {
    const first = this.prediction.members.firstOf(member);
    if (first < 0 || !this.#hasPredicted) return this.object.timelineOf(this.index)?.readShown(member, target) ?? false;
    const { periods = [], columns = 0 } = member.shape ?? {};
    const { tickPart } = this.#owner;
    const now = this.#owner.now();
    for (let column = 0; column < columns; column++) {
      const between = this.#algorithm.valueBetween(first + column, tickPart, periods[column]);
      target[column] = between + this.#smoothing.offset(first + column, now);
    }
    return true;
  }

  get(row: Float64Array): void {
    this.prediction.members.get(this.#values, row);
  }

  set(row: Float64Array): void {
    this.prediction.members.set(this.#values, row);
  }

  isSame(member: number, first: number, predicted: Float64Array, values: Float64Array): boolean {
    return this.prediction.members.isSame(member, first, predicted, values);
  }

  step(input: unknown, tick: number, isReplay: boolean): void {
    const { runner } = this.#owner;
    runner.tick = tick;
    runner.isReplay = isReplay;
    runner.run(this.prediction, this.object.parts[this.index] as NetworkBehaviour, this.#values, input);
  }

  #hasInput(before: number): boolean {
    const tick = (this.#tick - before) >>> 0;
    return this.#ticks[tick % REMEMBERED_TICKS] === tick;
  }

  readonly #inputBefore = (before: number): unknown => this.#inputs[((this.#tick - before) >>> 0) % REMEMBERED_TICKS];

  /** The input of a tick, rounded as the server gets it. */
  #takeInput(tick: number): unknown {
    const place = tick % REMEMBERED_TICKS;
    this.#ticks[place] = tick;
    this.#inputs[place] = this.#sampler.take(this.#inputs[place]);
    return this.#inputs[place];
  }
}

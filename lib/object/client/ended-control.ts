import type { Member } from "../behaviour/member.js";
import type { MemberValues } from "../behaviour/member-values.js";
import type { ShownSource } from "../behaviour/shown.js";
import type { DefinedPrediction } from "../prediction/defined-prediction.js";
import { Smoothing } from "../prediction/smoothing.js";
import type { BehaviourTimeline } from "../timeline/object-timeline.js";

/** A control that ends: what was shown of it, and what is from now on. */
export interface ControlEnd {
  readonly prediction: DefinedPrediction;
  readonly values: MemberValues;
  readonly control: ShownSource;
  readonly timeline: BehaviourTimeline | null;
  now(): number;
}

/** What is shown of a behaviour that was controlled: it glides from what was predicted to what the server has. */
export class EndedControl implements ShownSource {
  readonly values: MemberValues;
  readonly #end: ControlEnd;
  readonly #smoothing: Smoothing;
  readonly #members: readonly Member[];
  readonly #row: Float64Array;
  readonly #numbers: Float64Array;

  constructor(end: ControlEnd) {
    this.#end = end;
    const { control, prediction, values } = end;
    this.values = values;
    const { columnCount, mask } = prediction.members;
    this.#members = values.definition.members.filter(({ bit, shape }) => (mask & bit) !== 0 && shape);
    this.#numbers = new Float64Array(Math.max(0, ...this.#members.map(({ shape }) => shape?.columns ?? 0)));
    this.#smoothing = new Smoothing(prediction.members.shapes(prediction.snap), prediction.smoothMs);
    this.#row = new Float64Array(columnCount);
    this.#read((member) => control.readShown(member, this.#numbers));
  }

  /** What follows is not predicted. */
  begin(): void {
    const before = this.#row.slice();
    this.#read((member) => this.#end.timeline?.readShown(member, this.#numbers) ?? false);
    this.#smoothing.correct(before, this.#row, this.#end.now());
  }

  /** Something has come. @returns whether the members have changed: they have the server's values then */
  arrived(): boolean {
    const before = this.#row.slice();
    this.#read(() => false);
    if (this.#row.every((value, column) => Object.is(value, before[column]))) return false;
    this.#smoothing.correct(before, this.#row, this.#end.now());
    return true;
  }

  get frame(): number {
    return this.#end.control.frame;
  }

  readShown(member: Member, target: Float64Array): boolean {
    const { prediction, timeline, values } = this.#end;
    const isShown = timeline?.readShown(member, target) ?? false;
    const first = prediction.members.firstOf(member);
    if (first < 0) return isShown;
    if (!isShown) values.getNumbers(member.index, target, 0);
    const now = this.#end.now();
    for (let column = 0; column < (member.shape?.columns ?? 0); column++) {
      (target[column] as number) += this.#smoothing.offset(first + column, now);
    }
    return true;
  }

  /** Fills the row with what `read` gives of each member, and with the member's value where it gives none. */
  #read(read: (member: Member) => boolean): void {
    const { prediction, values } = this.#end;
    for (const member of this.#members) {
      if (!read(member)) values.getNumbers(member.index, this.#numbers, 0);
      const first = prediction.members.firstOf(member);
      for (let column = 0; column < (member.shape?.columns ?? 0); column++) {
        this.#row[first + column] = this.#numbers[column] as number;
      }
    }
  }
}

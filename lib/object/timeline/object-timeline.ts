import type { Member } from "../behaviour/member.js";
import type { MemberValues } from "../behaviour/member-values.js";
import type { ShownSource } from "../behaviour/shown.js";
import type { ShownTime } from "./shown-time.js";
import { Track } from "./track.js";

/** The interpolated members of a behaviour as they arrived. */
export class BehaviourTimeline implements ShownSource {
  /** This client sets what the owner may set. */
  isOwner = false;
  readonly #time: ShownTime;
  readonly #values: MemberValues;
  readonly #numbers: Float64Array;
  readonly #members: readonly Member[];
  /** By the member's index. */
  readonly #tracks: (Track | undefined)[] = [];

  constructor(time: ShownTime, values: MemberValues) {
    this.#time = time;
    this.#values = values;
    this.#members = values.definition.members.filter(({ options }) => options.interpolate);
    this.#numbers = new Float64Array(Math.max(0, ...this.#members.map(({ shape }) => shape?.columns ?? 0)));
    for (const { index, shape, options } of this.#members) {
      if (shape) this.#tracks[index] = new Track(shape, options.every);
    }
  }

  get frame(): number {
    return this.#time.frame;
  }

  /** The members `mask` have their present values from `tick` on. The object appeared where it was at `breakTick`. */
  record(tick: number, mask: number, breakTick: number): void {
    for (const { index, bit } of this.#members) {
      if ((mask & bit) === 0) continue;
      this.#values.getNumbers(index, this.#numbers, 0);
      this.#tracks[index]?.add(tick, this.#numbers, breakTick);
    }
  }

  /** What has come of the members `mask` is out of date, but for their present values, which hold from `tick` on. */
  restart(mask: number, tick: number | null): void {
    for (const { index, bit } of this.#members) if ((mask & bit) !== 0) this.#tracks[index]?.clear();
    if (tick !== null) this.record(tick, mask, Number.NEGATIVE_INFINITY);
  }

  /** The object is there for the first time, or again. */
  clear(): void {
    for (const track of this.#tracks) track?.clear();
  }

  readShown({ index, options }: Member, target: Float64Array): boolean {
    const { tick, received, ticksPerSecond } = this.#time;
    const track = this.#tracks[index];
    if (tick === null || !track || (this.isOwner && options.from !== undefined && options.from !== "server")) {
      return false;
    }
    if (!track.locate(tick, received, ticksPerSecond)) return false;
    track.read(target);
    return true;
  }
}

import { checkInstance } from "../arguments.js";
import { checkOptions, numberOption, type OptionRules, required, textOption } from "../options.js";
import { Comms } from "./comms.js";
import { CHANNEL_RULES, type ChannelOptions } from "./values/channel-options.js";
import { VoiceBroadcastTrigger, VoiceReceiptTrigger } from "./voice-trigger.js";

/** Who hears whom by how near they are. */
export interface ProximityOptions extends ChannelOptions {
  /** The same for all that are to hear each other, at most 20 bytes. @defaultValue "near" */
  name?: string;
  /**
   * Everybody within this distance, above 0, is heard, and nobody beyond 2.8 times it (in a plane 2.5). The same for
   * all.
   */
  range: number;
}

const rules: OptionRules<ProximityOptions> = {
  ...CHANNEL_RULES,
  name: textOption,
  range: required(numberOption(Number.MIN_VALUE, Number.MAX_VALUE)),
};

/**
 * Speaks to those nearby, and listens to them: space is a grid of rooms as wide as the range. A player speaks to the
 * room that it is in, and listens to those that its range reaches, at most 27. What is heard at which distance is up to
 * the playback (`positional`).
 */
export class ProximityTrigger {
  readonly #comms: Comms;
  readonly #options: ProximityOptions;
  readonly #receipts = new Map<string, VoiceReceiptTrigger>();
  #cell = "";
  #broadcast: VoiceBroadcastTrigger | null = null;
  #isTransmitting = false;
  #isClosed = false;

  /** @throws TypeError, RangeError */
  constructor(comms: Comms, options: ProximityOptions) {
    checkInstance("comms", comms, Comms);
    checkOptions("ProximityTrigger", options, rules);
    this.#comms = comms;
    this.#options = options;
  }

  /** Whether what this player says goes to those nearby. @defaultValue false */
  get isTransmitting(): boolean {
    return this.#isTransmitting;
  }

  set isTransmitting(isTransmitting: boolean) {
    this.#isTransmitting = isTransmitting;
    if (this.#broadcast) this.#broadcast.isActive = isTransmitting;
  }

  /** The player is here now: call it whenever it has moved. In a plane leave `z` out. @throws RangeError */
  moveTo(x: number, y: number, z = 0): void {
    for (const [name, value] of Object.entries({ x, y, z })) coordinate(name, value);
    if (this.#isClosed) return;
    const reached = this.#reached([x, y, z]);
    // Old rooms first: a player that listens to others as well has no place for both.
    for (const [room, receipt] of this.#receipts) {
      if (reached.has(room)) continue;
      receipt.close();
      this.#receipts.delete(room);
    }
    for (const room of reached) {
      if (this.#receipts.has(room)) continue;
      this.#receipts.set(room, new VoiceReceiptTrigger(this.#comms, { room, isActive: true }));
    }
    this.#speakIn(this.#roomOf([x, y, z].map((value) => Math.floor(value / this.#options.range))));
  }

  /** Ends it. A second call does nothing, nor does `moveTo` after it. */
  close(): void {
    this.#isClosed = true;
    this.#broadcast?.close();
    for (const receipt of this.#receipts.values()) receipt.close();
    this.#receipts.clear();
  }

  #speakIn(cell: string): void {
    if (cell === this.#cell) return;
    this.#cell = cell;
    const { name: _name, range: _range, ...channel } = this.#options;
    const before = this.#broadcast;
    this.#broadcast = new VoiceBroadcastTrigger(this.#comms, {
      ...channel,
      room: cell,
      isActive: this.#isTransmitting,
    });
    before?.close();
  }

  #reached(position: readonly number[]): Set<string> {
    const { range } = this.#options;
    const cells = new Set<string>();
    const [x, y, z] = position.map((value) => Math.floor(value / range)) as [number, number, number];
    for (let dx = -1; dx <= 1; dx++) {
      for (let dy = -1; dy <= 1; dy++) {
        for (let dz = -1; dz <= 1; dz++) {
          const cell = [x + dx, y + dy, z + dz];
          if (distanceTo(cell, position, range) <= range) cells.add(this.#roomOf(cell));
        }
      }
    }
    return cells;
  }

  #roomOf(cell: readonly number[]): string {
    return `${this.#options.name ?? "near"} ${cell.join(" ")}`;
  }
}

const coordinate = numberOption(-Number.MAX_VALUE, Number.MAX_VALUE) as (name: string, value: unknown) => void;

/** How far a cell of this width is from a position; 0 inside of it. */
function distanceTo(cell: readonly number[], position: readonly number[], width: number): number {
  const gaps = cell.map((index, axis) => {
    const at = position[axis] as number;
    return Math.max(index * width - at, 0, at - (index + 1) * width);
  });
  return Math.hypot(...gaps);
}

import { durationOption, numberOption, type OptionRules } from "../../options.js";

/**
 * What a `LagSocketFactory` does to packets. Each socket does it to the packets that it sends. The conditions may be
 * changed at any time.
 */
export interface LagConditions {
  /** How long a packet is on its way, 0 or more. @defaultValue 0 ms */
  latencyMs: number;
  /** Up to this much time, 0 or more, is added at random. It does not reorder packets. @defaultValue 0 ms */
  jitterMs: number;
  /**
   * Share of the packets that are lost, 0 to 1. A lost reliable packet is sent again: it arrives later, and so does all
   * behind it. @defaultValue 0
   */
  loss: number;
  /** Share of the packets that arrive twice, 0 to 1. Reliable ones never do. @defaultValue 0 */
  duplicate: number;
  /** Share of the packets that others overtake, 0 to 1. Reliable ones are never overtaken. @defaultValue 0 */
  reorder: number;
  /** How much the line carries, above 0, shared by everything that a socket sends. @defaultValue Infinity: no limit */
  bandwidthBytesPerSecond: number;
  /**
   * How much may wait for the line, 0 or more. Beyond that, packets are dropped, reliable ones refused.
   *
   * @defaultValue 65536 bytes
   */
  queueBytes: number;
}

/** Those that one connection can have of its own. */
export type WayConditions = Pick<LagConditions, "latencyMs" | "jitterMs" | "loss">;

/** Their limits. */
export const conditionRules: OptionRules<Partial<LagConditions>> = {
  latencyMs: durationOption(),
  jitterMs: durationOption(),
  loss: numberOption(0, 1),
  duplicate: numberOption(0, 1),
  reorder: numberOption(0, 1),
  bandwidthBytesPerSecond: numberOption(Number.MIN_VALUE, Number.POSITIVE_INFINITY),
  queueBytes: numberOption(0, Number.POSITIVE_INFINITY),
};

const { latencyMs, jitterMs, loss } = conditionRules;
export const wayRules: OptionRules<Partial<WayConditions>> = { latencyMs, jitterMs, loss };

/** What holds for all connections, and what one has of its own in place of it, by its address. */
export class Conditions {
  readonly all: LagConditions;
  readonly #own = new Map<string, WayConditions>();

  constructor(all: LagConditions) {
    this.all = all;
  }

  /** Of what is sent to a handle. */
  of(handle: { readonly address: string }): WayConditions {
    // An address is a new text each time.
    return this.#own.size === 0 ? this.all : (this.#own.get(handle.address) ?? this.all);
  }

  set(address: string, conditions: WayConditions | null): void {
    if (conditions) this.#own.set(address, conditions);
    else this.#own.delete(address);
  }
}

/** Adds the defaults: a perfect network. */
export function completeConditions(conditions: Partial<LagConditions>): LagConditions {
  const { latencyMs = 0, jitterMs = 0, loss = 0, duplicate = 0, reorder = 0 } = conditions;
  const { bandwidthBytesPerSecond = Number.POSITIVE_INFINITY, queueBytes = 65_536 } = conditions;
  return { latencyMs, jitterMs, loss, duplicate, reorder, bandwidthBytesPerSecond, queueBytes };
}

import { durationOption, numberOption, type OptionRules } from "../options.js";

/** Options of a `ConnectionGuard`. */
export interface GuardOptions {
  /**
   * How many connections a second one address may open during a flood, above 0. All addresses of its /24 (IPv4) or /64
   * (IPv6) may open 8 times as many.
   *
   * @defaultValue 10
   */
  readonly addressPerSecond: number;
  /**
   * How many connections one address may open at once during a flood, 1 or more; its network 8 times as many.
   *
   * @defaultValue 20
   */
  readonly addressBurst: number;
  /**
   * How long a source is banned that was over its rate 10 times in 120 s of a flood, 0 or more; `Infinity` is for ever.
   *
   * @defaultValue 300_000 ms
   */
  readonly banMs: number;
  /**
   * How long a source that has proved itself may do 16 times as much, counted from its last proof or the end of a
   * connection that had proved itself: 0 or more.
   *
   * @defaultValue 600_000 ms
   */
  readonly knownMs: number;
  /**
   * Fewer connections a second than this, 1 or more, are no flood. More are one if they are also over 5 times the
   * average, which counts as at most twice this number.
   *
   * @defaultValue 200
   */
  readonly floodPerSecond: number;
}

export const guardDefaults: GuardOptions = {
  addressPerSecond: 10,
  addressBurst: 20,
  banMs: 300_000,
  knownMs: 600_000,
  floodPerSecond: 200,
};

export const guardRules: OptionRules<Partial<GuardOptions>> = {
  addressPerSecond: numberOption(Number.MIN_VALUE, Number.MAX_VALUE),
  addressBurst: numberOption(1, Number.MAX_VALUE),
  banMs: durationOption(),
  knownMs: durationOption(),
  floodPerSecond: numberOption(1, Number.MAX_VALUE),
};

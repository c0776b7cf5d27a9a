import { rangeError } from "../../arguments.js";
import { booleanOption, checkOptions, numberOption, type OptionRule, type OptionRules } from "../../options.js";

/** How important speech is: while a player hears some, it does not hear what is less important. */
export enum ChannelPriority {
  Low = 0,
  Default = 1,
  Medium = 2,
  High = 3,
}

/** How speech on a channel is to be heard. */
export interface ChannelOptions {
  /**
   * How important it is: players do not hear what is less important meanwhile.
   *
   * @defaultValue that of the comms (`comms.playerPriority`)
   */
  priority?: ChannelPriority;
  /** It comes from where the speaker is. @defaultValue false */
  positional?: boolean;
  /** From 0 (silent) to 2 (twice as loud). @defaultValue 1 */
  amplitude?: number;
}

export const priorityOption: OptionRule = (name, value) => {
  if (typeof value === "number" && ChannelPriority[value] !== undefined) return;
  throw rangeError(name, "ChannelPriority.Low, Default, Medium or High");
};

/** How loud something is to be. */
export const gainOption = numberOption(0, 2);

export const CHANNEL_RULES: OptionRules<ChannelOptions> = {
  priority: priorityOption,
  positional: booleanOption,
  amplitude: gainOption,
};

/** @throws TypeError, RangeError */
export function checkChannelOptions(options: ChannelOptions): void {
  checkOptions("open", options, CHANNEL_RULES);
}

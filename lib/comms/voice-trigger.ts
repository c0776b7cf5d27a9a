import { checkInstance, outOfRange } from "../arguments.js";
import { arrayOption, booleanOption, checkOptions, type OptionRules, required, textOption } from "../options.js";
import { Comms } from "./comms.js";
import { CHANNEL_RULES, type ChannelOptions } from "./values/channel-options.js";
import type { OpenChannel } from "./voice/open-channel.js";

/** What all triggers have. */
export interface TriggerOptions {
  /** It works only while the player has one of these (`comms.tokens`). @defaultValue none: it works for everybody */
  tokens?: readonly string[];
  /** Whether it works from the start. @defaultValue false */
  isActive?: boolean;
}

const TRIGGER: OptionRules<TriggerOptions> = { tokens: arrayOption, isActive: booleanOption };

/** Does something while it is active and the player has one of its tokens. */
export abstract class VoiceTrigger {
  /** Those that it was made for. */
  protected readonly comms: Comms;
  readonly #tokens: readonly string[];
  readonly #stopWatching: () => void;
  #isActive: boolean;
  #isWorking = false;
  #isMade = false;
  #isClosed = false;

  /** @throws TypeError for what are no comms */
  protected constructor(comms: Comms, { isActive = false, tokens = [] }: TriggerOptions) {
    checkInstance("comms", comms, Comms);
    this.comms = comms;
    this.#tokens = [...tokens];
    this.#isActive = isActive;
    this.#stopWatching = comms.tokens.watch(() => this.decide());
  }

  /**
   * Whether it is to work: a key is pressed, the player is in a place. Setting it throws, and it is false then, where
   * there is no place for another room or channel.
   */
  get isActive(): boolean {
    return this.#isActive;
  }

  set isActive(isActive: boolean) {
    this.#isActive = isActive;
    this.decide();
  }

  /** Whether the player has one of its tokens. */
  get isAllowed(): boolean {
    return this.comms.tokens.hasAny(this.#tokens);
  }

  /** Ends it. A second call does nothing. */
  close(): void {
    this.#isClosed = true;
    this.#stopWatching();
    this.decide();
  }

  /** Begins or ends what is due now. Call it at the end of the constructor of a trigger of your own. */
  protected decide(): void {
    const isNew = !this.#isMade;
    this.#isMade = true;
    const isWorking = this.#isActive && this.isAllowed && !this.#isClosed;
    if (isWorking === this.#isWorking) return;
    this.#isWorking = isWorking;
    if (!isWorking) {
      this.end();
      return;
    }
    try {
      this.begin();
    } catch (error) {
      // It has not begun, so there is nothing to end, and setting it again tries it again.
      this.#isWorking = this.#isActive = false;
      if (isNew) this.close(); // Its constructor throws: nobody has it.
      throw error;
    }
  }

  /** It works from now on. */
  protected abstract begin(): void;
  /** It does not work any more. */
  protected abstract end(): void;
}

/** Where a {@link VoiceBroadcastTrigger} sends what its player says: to a room, or to a player. */
export interface VoiceBroadcastOptions extends TriggerOptions, ChannelOptions {
  /** The name of a room; leave it out where there is a `player`. */
  room?: string;
  /** The name of a player; leave it out where there is a `room`. */
  player?: string;
}

const BROADCAST: OptionRules<VoiceBroadcastOptions> = {
  ...TRIGGER,
  ...CHANNEL_RULES,
  room: textOption,
  player: textOption,
};

/** Opens a channel to a room or a player while it is active (the seed's broadcast trigger). */
export class VoiceBroadcastTrigger extends VoiceTrigger {
  readonly #options: VoiceBroadcastOptions;
  #channel: OpenChannel | null = null;

  /** @throws TypeError, RangeError unless there is either a room or a player */
  constructor(comms: Comms, options: VoiceBroadcastOptions) {
    checkOptions("VoiceBroadcastTrigger", options, BROADCAST);
    if ((options.room === undefined) === (options.player === undefined)) {
      throw outOfRange("A VoiceBroadcastTrigger has a room or a player");
    }
    super(comms, options);
    this.#options = options;
    this.decide();
  }

  /** Whether its channel is open. */
  get isTransmitting(): boolean {
    return this.#channel !== null;
  }

  protected override begin(): void {
    const { amplitude, player, positional, priority, room } = this.#options;
    const options = {
      ...(amplitude !== undefined && { amplitude }),
      ...(positional !== undefined && { positional }),
      ...(priority !== undefined && { priority }),
    };
    const { playerChannels, roomChannels } = this.comms;
    if (room !== undefined) this.#channel = roomChannels.open(room, options);
    else if (player !== undefined) this.#channel = playerChannels.open(player, options);
  }

  protected override end(): void {
    this.#channel?.close();
    this.#channel = null;
  }
}

/** Where a {@link VoiceReceiptTrigger} listens. */
export interface VoiceReceiptOptions extends TriggerOptions {
  /** The name of the room, 1 to 64 bytes of UTF-8. */
  room: string;
}

const RECEIPT: OptionRules<VoiceReceiptOptions> = { ...TRIGGER, room: required(textOption) };

/** How many triggers listen to each room. */
const listeners = new WeakMap<Comms, Map<string, number>>();

function countListeners(comms: Comms, room: string, by: number): number {
  const counts = listeners.get(comms) ?? new Map<string, number>();
  listeners.set(comms, counts);
  const count = (counts.get(room) ?? 0) + by;
  if (count === 0) counts.delete(room);
  else counts.set(room, count);
  return count;
}

/** Listens to a room while it is active (the seed's receipt trigger). The last trigger of a room leaves it. */
export class VoiceReceiptTrigger extends VoiceTrigger {
  readonly #room: string;

  /** @throws TypeError, RangeError */
  constructor(comms: Comms, options: VoiceReceiptOptions) {
    checkOptions("VoiceReceiptTrigger", options, RECEIPT);
    super(comms, options);
    this.#room = String(options.room).normalize("NFC");
    this.decide();
  }

  protected override begin(): void {
    this.comms.rooms.join(this.#room);
    countListeners(this.comms, this.#room, 1);
  }

  protected override end(): void {
    if (countListeners(this.comms, this.#room, -1) === 0) this.comms.rooms.leave(this.#room);
  }
}

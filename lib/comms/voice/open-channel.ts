import { outOfRange } from "../../arguments.js";
import { NetworkError } from "../../network-error.js";
import { type ChannelOptions, type ChannelPriority, checkChannelOptions } from "../values/channel-options.js";
import { roomIdOf } from "../wire/room-id.js";

/** Whoever opened a channel. */
export interface ChannelOwner {
  readonly playerPriority: ChannelPriority;
  closed(channel: OpenChannel): void;
}

/** Speech of this client goes to a room, or to a player, while its channel is open. */
export class OpenChannel {
  /** Whether `target` is a player; else a room. */
  readonly isToPlayer: boolean;
  /** The name of the room or player. */
  readonly target: string;
  /** Unique among the channels of these comms. */
  readonly subscriptionId: number;
  /** The number of the room on the wire. */
  readonly roomId: number;
  readonly #owner: ChannelOwner;
  #options: ChannelOptions;
  #isOpen = true;

  constructor(
    owner: ChannelOwner,
    isToPlayer: boolean,
    target: string,
    subscriptionId: number,
    options: ChannelOptions,
  ) {
    checkChannelOptions(options);
    this.#owner = owner;
    this.isToPlayer = isToPlayer;
    this.target = target;
    this.roomId = roomIdOf(target);
    this.subscriptionId = subscriptionId;
    this.#options = { ...options };
  }

  /** Whether speech goes there: until `close`. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** How important it is. Setting it throws TypeError, RangeError, and NetworkError `ERR_CLOSED` after `close`. */
  get priority(): ChannelPriority {
    return this.#options.priority ?? this.#owner.playerPriority;
  }

  set priority(priority: ChannelPriority) {
    this.#set({ priority });
  }

  /** Whether it comes from where the speaker is. Setting it throws as that of `priority`. */
  get positional(): boolean {
    return this.#options.positional ?? false;
  }

  set positional(positional: boolean) {
    this.#set({ positional });
  }

  /** How loud it is to be, from 0 (silent) to 2 (twice as loud). Setting it throws as that of `priority`. */
  get amplitude(): number {
    return this.#options.amplitude ?? 1;
  }

  set amplitude(amplitude: number) {
    this.#set({ amplitude });
  }

  /** Speech does not go there any more. A second call does nothing. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#owner.closed(this);
  }

  #set(options: ChannelOptions): void {
    if (!this.#isOpen) throw new NetworkError("ERR_CLOSED", `The channel to ${this.target} is closed: open another`);
    const all = { ...this.#options, ...options };
    checkChannelOptions(all);
    this.#options = all;
  }
}

/** @throws RangeError when 16 channels are open */
export function checkChannelCount(open: number, most: number): void {
  if (open >= most) throw outOfRange(`${most} channels are open: close one before`);
}

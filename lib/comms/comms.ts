import type { EventListener } from "../event-hub.js";
import type { CommsCore, CommsEvents } from "./client/comms-core.js";
import type { ICommsPlayer } from "./client/comms-player.js";
import { AccessTokens } from "./values/access-tokens.js";
import { type ChannelOptions, type ChannelPriority, priorityOption } from "./values/channel-options.js";
import type { OpenChannel } from "./voice/open-channel.js";
import { checkName } from "./wire/room-id.js";

let coreOfComms: (comms: Comms) => CommsCore;

/** @internal What is behind the comms. */
export const commsCore = (comms: Comms): CommsCore => coreOfComms(comms);

/**
 * What a user of voice does: listens to rooms, speaks on channels, writes texts. It holds before a session, and from
 * one session to the next.
 */
export class Comms {
  readonly #core: CommsCore;
  /** The rooms that this client listens to. */
  readonly rooms: {
    /** Listens to a room from now on. @throws RangeError for a name over 64 bytes of UTF-8, or a 65th room */
    join(room: string): void;
    /** Listens to a room no more. @returns whether it was joined */
    leave(room: string): boolean;
    /** Whether this client has joined a room, even where the server has refused it (`roomRefused`). */
    has(room: string): boolean;
    /** The rooms of which `has` is true, in the order in which they were joined. */
    readonly names: readonly string[];
  };
  /** Channels to rooms: all that listen there hear what this client says. */
  readonly roomChannels: {
    /** Speaks to a room from now on. @throws TypeError, RangeError for wrong options, or when 16 channels are open */
    open(room: string, options?: ChannelOptions): OpenChannel;
    /** As `close` of the channel. */
    close(channel: OpenChannel): void;
  };
  /** Channels to single players, by name. A player that is not there yet hears it from when it joins. */
  readonly playerChannels: {
    /** Speaks to a player from now on. @throws as of `roomChannels` */
    open(player: string, options?: ChannelOptions): OpenChannel;
    /** As `close` of the channel. */
    close(channel: OpenChannel): void;
  };
  /** What triggers with tokens ask for. */
  readonly tokens = new AccessTokens();
  /** Texts, which arrive in order. */
  readonly text: {
    /**
     * Sends a text to all that listen to a room.
     *
     * @returns false: there is no session at the moment
     * @throws RangeError over 900 bytes of UTF-8
     */
    send(room: string, text: string): boolean;
    /** Sends a text to one player. @returns false: there is no such player, or no session at the moment */
    whisper(player: string, text: string): boolean;
  };

  static {
    coreOfComms = (comms) => comms.#core;
  }

  /** @param core what is behind it */
  constructor(core: CommsCore) {
    this.#core = core;
    const close = (channel: OpenChannel) => channel.close();
    this.rooms = {
      join: (room) => core.join(room),
      leave: (room) => core.leave(room),
      has: (room) => core.rooms.has(checkName("The name of a room", room)),
      get names() {
        return [...core.rooms];
      },
    };
    this.roomChannels = { open: (room, options = {}) => core.open(false, room, options), close };
    this.playerChannels = { open: (player, options = {}) => core.open(true, player, options), close };
    this.text = {
      send: (room, text) => core.sendText(room, false, text),
      whisper: (player, text) => core.sendText(player, true, text),
    };
  }

  /** The name of this program's player: the option `playerName`, in Unicode's form NFC. */
  get localPlayerName(): string {
    return this.#core.name;
  }

  /** All players of the session, this one included; none without a session. */
  get players(): readonly ICommsPlayer[] {
    return this.#core.players;
  }

  /** The player of this name, undefined without it. @throws TypeError, RangeError for what is no name */
  findPlayer(name: string): ICommsPlayer | undefined {
    const normal = checkName("The name of a player", name);
    return this.#core.players.find((player) => player.name === normal);
  }

  /** Whether this client says nothing, on whatever channel. @defaultValue false */
  get isMuted(): boolean {
    return this.#core.isMuted;
  }

  set isMuted(isMuted: boolean) {
    this.#core.isMuted = isMuted;
  }

  /** Whether this client hears nothing. @defaultValue false */
  get isDeafened(): boolean {
    return this.#core.isDeafened;
  }

  set isDeafened(isDeafened: boolean) {
    this.#core.isDeafened = isDeafened;
  }

  /**
   * The priority of channels that were opened without one. Setting it throws RangeError for what is none.
   *
   * @defaultValue `ChannelPriority.Default`
   */
  get playerPriority(): ChannelPriority {
    return this.#core.playerPriority;
  }

  set playerPriority(priority: ChannelPriority) {
    priorityOption("playerPriority", priority);
    this.#core.playerPriority = priority;
  }

  /** The share of packets, 0.01 to 1, that an encoder should expect to be lost, as the listeners report it. */
  get expectedLoss(): number {
    return this.#core.session?.expectedLoss ?? 0.01;
  }

  /**
   * Sends one encoded frame on all open channels. Call it for each frame while the user speaks, also for silence: a
   * frame of at most 2 bytes is counted and not sent.
   *
   * @returns false: nothing was sent, since nobody is there, no channel is open, or this client is mute
   * @throws TypeError for what are no bytes; RangeError for a frame that fits no packet of 1024 bytes
   */
  sendVoice(frame: Uint8Array): boolean {
    return this.#core.sendVoice(frame);
  }

  /**
   * Adds a listener of an event.
   *
   * @returns a function that removes it
   * @throws TypeError for a name that is no event, or a listener that is no function
   */
  on<Name extends keyof CommsEvents>(name: Name, listener: EventListener<CommsEvents[Name]>): () => void {
    return this.#core.events.on(name, listener);
  }
}

import { checkBytes, outOfRange, typeError } from "../../arguments.js";
import { EventHub } from "../../event-hub.js";
import type { ByteSegment } from "../../peer/index.js";
import { reportUncaught } from "../../report-uncaught.js";
import { utf8Length } from "../../utf8.js";
import { type ChannelOptions, ChannelPriority } from "../values/channel-options.js";
import type { CodecSettings } from "../values/codec-settings.js";
import { LateMeter } from "../voice/late-meter.js";
import { type ChannelOwner, checkChannelCount, OpenChannel } from "../voice/open-channel.js";
import type { Hearing } from "../voice/speech.js";
import { MAX_ROOMS, MAX_TEXT_BYTES } from "../wire/packets.js";
import { checkName } from "../wire/room-id.js";
import { type IVoicePacket, MAX_CHANNELS } from "../wire/voice-packet.js";
import type { ICommsPlayer } from "./comms-player.js";

/** A text of a player. */
export interface CommsText {
  /** Who wrote it. */
  readonly sender: ICommsPlayer;
  /** At most 900 bytes of UTF-8, as it was sent: never set it as HTML. */
  readonly text: string;
  /** The room that it was sent to; null: to this player alone. */
  readonly room: string | null;
}

/** A voice packet that is to be heard. It is valid during the call. */
export interface HeardVoice extends Hearing {
  /** Who speaks. */
  readonly player: ICommsPlayer;
  /** One encoded frame. */
  readonly frame: ByteSegment;
  /** The packet with its counters and the earlier frames that it repeats. */
  readonly packet: IVoicePacket;
}

/** The events of comms: by name, the arguments of a listener. */
export interface CommsEvents {
  /** A player is in the session from now on, this client itself among them. */
  playerJoined: [player: ICommsPlayer];
  /** A player has left the session, or this client has: then for each player that was there. */
  playerLeft: [player: ICommsPlayer];
  /** A player listens to a room from now on. */
  playerEnteredRoom: [player: ICommsPlayer, room: string];
  /** A player does not listen to a room any more. */
  playerExitedRoom: [player: ICommsPlayer, room: string];
  /** What a player says can be heard here from now on. */
  playerStartedSpeaking: [player: ICommsPlayer];
  /** It is silent, or this client does not listen any more. */
  playerStoppedSpeaking: [player: ICommsPlayer];
  /** A voice packet has come that is to be heard. */
  voiceReceived: [voice: HeardVoice];
  /** A text has come, to this player or to a room that it listens to. */
  textReceived: [text: CommsText];
  /** A room could not be joined: this client does not listen to it. */
  roomRefused: [reason: string, room: string];
}

const EVENTS: readonly (keyof CommsEvents)[] = [
  "playerJoined",
  "playerLeft",
  "playerEnteredRoom",
  "playerExitedRoom",
  "playerStartedSpeaking",
  "playerStoppedSpeaking",
  "voiceReceived",
  "textReceived",
  "roomRefused",
];

/** A session that comms are in. */
export interface CommsSession {
  readonly players: readonly ICommsPlayer[];
  roomsChanged(): void;
  channelClosed(channel: OpenChannel): void;
  sendText(target: string, isToPlayer: boolean, text: string): boolean;
  sendVoice(frame: Uint8Array): boolean;
  endSpeech(): void;
  readonly expectedLoss: number;
}

/** What a client wants of a voice session, before, during and after it: rooms, channels, being mute. */
export class CommsCore implements ChannelOwner {
  readonly events = new EventHub<CommsEvents>(EVENTS, reportUncaught);
  readonly name: string;
  readonly codec: Readonly<CodecSettings>;
  readonly rooms = new Set<string>();
  readonly channels: OpenChannel[] = [];
  playerPriority = ChannelPriority.Default;
  isDeafened = false;
  session: CommsSession | null = null;
  /** What playback has lost because it came too late. */
  readonly lateness = new LateMeter();
  #isMuted = false;
  #subscriptions = 0;

  constructor(name: string, codec: Readonly<CodecSettings>) {
    this.name = checkName("The name of a player", name);
    this.codec = codec;
  }

  get players(): readonly ICommsPlayer[] {
    return this.session?.players ?? [];
  }

  get isMuted(): boolean {
    return this.#isMuted;
  }

  set isMuted(isMuted: boolean) {
    if (isMuted && !this.#isMuted) this.session?.endSpeech();
    this.#isMuted = isMuted;
  }

  join(name: string): void {
    const room = checkName("The name of a room", name);
    if (this.rooms.has(room)) return;
    if (this.rooms.size >= MAX_ROOMS)
      throw outOfRange(`A player listens to at most ${MAX_ROOMS} rooms: leave one before`);
    this.rooms.add(room);
    this.session?.roomsChanged();
  }

  leave(name: string): boolean {
    const room = checkName("The name of a room", name);
    if (!this.rooms.delete(room)) return false;
    this.session?.roomsChanged();
    return true;
  }

  open(isToPlayer: boolean, name: string, options: ChannelOptions): OpenChannel {
    const target = checkName(isToPlayer ? "The name of a player" : "The name of a room", name);
    checkChannelCount(this.channels.length, MAX_CHANNELS);
    this.#subscriptions = (this.#subscriptions % 0xffff) + 1;
    const channel = new OpenChannel(this, isToPlayer, target, this.#subscriptions, options);
    this.channels.push(channel);
    return channel;
  }

  closed(channel: OpenChannel): void {
    this.channels.splice(this.channels.indexOf(channel), 1);
    this.session?.channelClosed(channel);
  }

  sendText(target: string, isToPlayer: boolean, text: string): boolean {
    if (typeof text !== "string") throw typeError("A text", "a string");
    const length = utf8Length(text);
    if (length > MAX_TEXT_BYTES) throw outOfRange(`A text has at most ${MAX_TEXT_BYTES} bytes of UTF-8, not ${length}`);
    const name = checkName(isToPlayer ? "The name of a player" : "The name of a room", target);
    return this.session?.sendText(name, isToPlayer, text) ?? false;
  }

  sendVoice(frame: Uint8Array): boolean {
    checkBytes("frame", frame);
    if (this.#isMuted || this.channels.length === 0) return false;
    return this.session?.sendVoice(frame) ?? false;
  }
}

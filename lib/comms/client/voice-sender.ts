import { outOfRange } from "../../arguments.js";
import type { ByteSegment } from "../../peer/index.js";
import type { OpenChannel } from "../voice/open-channel.js";
import { Redundancy } from "../voice/redundancy.js";
import { PacketWriter } from "../wire/packet-writer.js";
import { HEADER_BYTES, MAX_PACKET_BYTES, PacketType } from "../wire/packets.js";
import { MAX_CHANNELS, VoiceTarget, writeRedundantFrame, writeVoiceHeader } from "../wire/voice-packet.js";

/** A frame of silence (discontinuous transmission) has at most so many bytes, and is not sent. */
const SILENCE_BYTES = 2;
const VOICE_HEADER_BYTES = HEADER_BYTES + 8;
const CHANNEL_BYTES = 6;
/** Of a sealed packet. */
const SPEECH_BYTES = 4;
const REDUNDANT_BYTES = 3;
/** Frames come so much before and after their time. One that is later follows a pause, which is counted as silence. */
const SLACK_MS = 60;
/** The clock of the sound card differs by less than this. */
const DRIFT = 0.001;
/** The most distant frame that is repeated. */
const HISTORY = 8;

/** Whom a channel reaches. */
export interface TargetResolver {
  /** The id of a player in the session, null without it. */
  idOf(player: string): number | null;
}

/** Makes packets of what this client says. */
export class VoiceSender {
  readonly redundancy = new Redundancy();
  readonly #packets = new PacketWriter();
  readonly #resolver: TargetResolver;
  readonly #targets: VoiceTarget[] = [];
  readonly #pool = Array.from({ length: MAX_CHANNELS }, () => new VoiceTarget());
  /** The last frames, by `frameCounter % HISTORY`. */
  readonly #history = Array.from({ length: HISTORY }, () => new Uint8Array(MAX_PACKET_BYTES));
  readonly #lengths = new Int32Array(HISTORY);
  readonly #numbers = new Int32Array(HISTORY).fill(-1);
  readonly #sealBytes: number | null;
  readonly #frameMs: number;
  /** When the next frame is to come. */
  #dueMs = Number.POSITIVE_INFINITY;
  /** Where the frames begin in the last packet. */
  framesOffset = 0;
  /** The high bits of the counter: another number for each speech, and where the packet counter begins anew. */
  #speech = 0;
  #sealCounter = 0;
  readonly #state = { sender: 0, channelSession: 0, packetCounter: 0, frameCounter: 0 };
  #isSpeaking = false;

  /**
   * @param sealBytes how much longer a seal makes the frames; null: they are not sealed
   * @param frameMs how long a frame is
   */
  constructor(resolver: TargetResolver, sealBytes: number | null, frameMs: number) {
    this.#resolver = resolver;
    this.#sealBytes = sealBytes;
    this.#frameMs = frameMs;
  }

  /** Counts the packets of this client for a seal, each number once. That of the last packet. */
  get sealCounter(): number {
    return this.#sealCounter;
  }

  get isSpeaking(): boolean {
    return this.#isSpeaking;
  }

  /** Where the last packet went. */
  get targets(): readonly VoiceTarget[] {
    return this.#targets;
  }

  /**
   * The packet for a frame; null where there is nothing to send: a frame of silence, or nobody at the other end.
   *
   * @throws RangeError for a frame that fits no packet
   */
  packetOf(frame: Uint8Array, sender: number, session: number, channels: readonly OpenChannel[], nowMs: number) {
    this.#targets.length = 0;
    this.#collect(channels, false);
    const sealBytes = this.#sealBytes === null ? 0 : this.#sealBytes + SPEECH_BYTES;
    const room = MAX_PACKET_BYTES - VOICE_HEADER_BYTES - this.#targets.length * CHANNEL_BYTES - sealBytes;
    if (frame.length > room) {
      throw outOfRange(`A frame has at most ${room} bytes with ${this.#targets.length} channels, not ${frame.length}`);
    }
    this.#keepTime(nowMs);
    this.#remember(frame);
    const isSilence = frame.length <= SILENCE_BYTES;
    const packet =
      isSilence || this.#targets.length === 0 ? null : this.#write(frame, sender, session, room - frame.length, nowMs);
    if (packet) this.#isSpeaking = true;
    this.#count(1);
    return packet;
  }

  /**
   * The packet that says which channels are closed, and which are open still: whoever hears speech on one of these goes
   * on hearing it. Null unless somebody has heard speech.
   */
  closing(
    closed: readonly OpenChannel[],
    open: readonly OpenChannel[],
    sender: number,
    session: number,
  ): ByteSegment | null {
    if (!this.#isSpeaking) return null;
    this.#targets.length = 0;
    this.#collect(closed, true);
    const isForAnybody = this.#targets.length > 0;
    this.#collect(open, false);
    const packet = isForAnybody ? this.#write(new Uint8Array(0), sender, session, 0, 0) : null;
    if (open.length === 0) {
      this.#isSpeaking = false;
      this.#state.channelSession = (this.#state.channelSession + 1) & 127;
      this.#state.packetCounter = 0;
      this.#speech++;
    }
    return packet;
  }

  /** Listeners know by the count how late a frame is: it goes on in time while nobody speaks. */
  #keepTime(nowMs: number): void {
    const lateMs = nowMs - this.#dueMs;
    const missed = lateMs > SLACK_MS ? Math.floor(lateMs / this.#frameMs) : 0;
    this.#count(missed);
    this.#dueMs = Math.min(this.#dueMs + missed * this.#frameMs, nowMs + SLACK_MS) + (1 + DRIFT) * this.#frameMs;
  }

  #count(frames: number): void {
    this.#state.frameCounter = (this.#state.frameCounter + frames) & 0xffff;
  }

  #write(frame: Uint8Array, sender: number, session: number, roomBytes: number, nowMs: number): ByteSegment {
    const state = this.#state;
    state.sender = sender;
    const writer = this.#packets.begin(PacketType.VoiceData, session);
    let room = roomBytes;
    const redundant: number[] = [];
    if (frame.length > 0) {
      for (const distance of this.redundancy.distances(nowMs)) {
        const bytes = this.#earlierFrame(distance).length + REDUNDANT_BYTES;
        if (bytes === REDUNDANT_BYTES || bytes > room) continue;
        room -= bytes;
        redundant.push(distance);
      }
    }
    writeVoiceHeader(writer, state, this.#targets, redundant.length, this.#sealBytes === null ? null : this.#speech);
    this.framesOffset = writer.byteLength;
    this.#sealCounter = this.#speech * 2 ** 16 + state.packetCounter;
    for (const distance of redundant) writeRedundantFrame(writer, distance, this.#earlierFrame(distance));
    writer.writeBytes(frame);
    state.packetCounter = (state.packetCounter + 1) & 0xffff;
    if (state.packetCounter === 0) this.#speech++;
    return this.#packets.end();
  }

  /** The frame so many before this one; empty where that was silence, or is not known. */
  #earlierFrame(distance: number): Uint8Array {
    const number = (this.#state.frameCounter - distance) & 0xffff;
    const slot = number % HISTORY;
    const length = this.#numbers[slot] === number ? this.#lengths[slot] : 0;
    return (this.#history[slot] as Uint8Array).subarray(0, length);
  }

  #remember(frame: Uint8Array): void {
    const { frameCounter } = this.#state;
    const slot = frameCounter % HISTORY;
    (this.#history[slot] as Uint8Array).set(frame);
    this.#lengths[slot] = frame.length <= SILENCE_BYTES ? 0 : frame.length;
    this.#numbers[slot] = frameCounter;
  }

  #collect(channels: readonly OpenChannel[], isClosing: boolean): void {
    for (const channel of channels) {
      const id = channel.isToPlayer ? this.#resolver.idOf(channel.target) : channel.roomId;
      if (id === null) continue;
      const target = this.#pool[this.#targets.length] as VoiceTarget;
      target.isToPlayer = channel.isToPlayer;
      target.isPositional = channel.positional;
      target.isClosing = isClosing;
      target.priority = channel.priority;
      target.amplitudeByte = Math.min(255, Math.round(channel.amplitude * 128));
      target.target = id;
      this.#targets.push(target);
    }
  }
}

import { NetworkError } from "../../network-error.js";
import type { ByteSegment } from "../../peer/index.js";
import type { NetworkReader, NetworkWriter } from "../../serialization/index.js";
import type { ChannelPriority } from "../values/channel-options.js";

/** The most channels of a packet, and the most frames besides its own. */
export const MAX_CHANNELS = 16;
export const MAX_REDUNDANT = 3;

/** One way on which a packet goes: to a room, or to a player. */
export class VoiceTarget {
  /** Whether it goes to a player; else to a room. */
  isToPlayer = false;
  /** Whether it is to come from where the speaker is. */
  isPositional = false;
  /** The speaker has closed the channel with this packet. */
  isClosing = false;
  /** How important it is. */
  priority: ChannelPriority = 1;
  /** 0 to 255 stands for 0 to 2. */
  amplitudeByte = 128;
  /** The number of a room, or the id of a client. */
  target = 0;

  /** All of this but `target` as it travels: flags in bits 0 to 2, priority in 3 and 4, the amplitude from 8 on. */
  get bits(): number {
    const flags = (this.isToPlayer ? 1 : 0) | (this.isPositional ? 2 : 0) | (this.isClosing ? 4 : 0);
    return flags | (this.priority << 3) | (this.amplitudeByte << 8);
  }

  set bits(bits: number) {
    this.isToPlayer = (bits & 1) !== 0;
    this.isPositional = (bits & 2) !== 0;
    this.isClosing = (bits & 4) !== 0;
    this.priority = (bits >>> 3) & 3;
    this.amplitudeByte = bits >>> 8;
  }
}

/** A frame in a buffer: of the packet itself, or of an earlier one that it repeats. */
export class FramePlace {
  /** How many frames before the packet's own; 0 is its own. */
  distance = 0;
  /** Where the frame begins in the buffer. */
  offset = 0;
  /** How many bytes it has. */
  length = 0;
}

/** A voice packet: valid during the call that hands it out. */
export interface IVoicePacket {
  /** The id of the client that speaks. */
  readonly sender: number;
  /** 0 to 127: another one is other speech, after a pause. */
  readonly channelSession: number;
  /** Counts the packets, 0 to 65,535 and from 0 again: what is missing was lost. */
  readonly packetCounter: number;
  /** Counts the frames, 0 to 65,535 and from 0 again; also those of silence, which are not sent. */
  readonly frameCounter: number;
  /** How many of `channels` it goes to. */
  readonly channelCount: number;
  /** Where it goes to; only the first `channelCount` count. */
  readonly channels: readonly Readonly<VoiceTarget>[];
  /** The packet's own frame in `buffer`; empty in one that only closes channels. */
  readonly frame: Readonly<FramePlace>;
  /** How many of `redundant` it has. */
  readonly redundantCount: number;
  /** Where earlier frames are in `buffer`, which it repeats. */
  readonly redundant: readonly Readonly<FramePlace>[];
  /** What the frames lie in. */
  readonly buffer: Uint8Array;
  /** Its frames are sealed: `frame` is what a `VoiceSeal` opens, `redundantCount` is 0. */
  readonly isSealed: boolean;
}

/** The bit beside the number of the speech. */
const SEALED = 0x80;
/** Sender, speech and both counters, which a seal authenticates. */
export const SEALED_HEADER_BYTES = 7;

/** Is read into the same object each time, and makes no other objects. */
export class VoicePacket implements IVoicePacket {
  sender = 0;
  channelSession = 0;
  packetCounter = 0;
  frameCounter = 0;
  channelCount = 0;
  readonly channels = Array.from({ length: MAX_CHANNELS }, () => new VoiceTarget());
  readonly frame = new FramePlace();
  redundantCount = 0;
  #sealedCount = 0;
  readonly redundant = Array.from({ length: MAX_REDUNDANT }, () => new FramePlace());
  buffer: Uint8Array = new Uint8Array(0);
  isSealed = false;
  /** Of a sealed packet: the high bits of its counter, and where the authenticated header is. */
  speech = 0;
  headerOffset = 0;

  /** Reads what is behind the header. @throws NetworkError `ERR_END_OF_MESSAGE`, `ERR_BAD_VALUE` */
  read(reader: NetworkReader, { buffer, offset, length }: ByteSegment): void {
    this.buffer = buffer;
    this.headerOffset = reader.bitPosition >>> 3;
    this.sender = reader.readUint16();
    const session = reader.readUint8();
    this.isSealed = (session & SEALED) !== 0;
    this.channelSession = session & ~SEALED;
    this.packetCounter = reader.readUint16();
    this.frameCounter = reader.readUint16();
    const counts = reader.readUint8();
    this.channelCount = counts & 31;
    this.redundantCount = counts >>> 5;
    if (this.channelCount > MAX_CHANNELS || this.redundantCount > MAX_REDUNDANT) {
      throw new NetworkError("ERR_BAD_VALUE", "A voice packet has more parts than there can be");
    }
    for (let index = 0; index < this.channelCount; index++) {
      const channel = this.channels[index] as VoiceTarget;
      channel.bits = reader.readUint16();
      channel.target = reader.readInt32();
    }
    if (this.isSealed) {
      this.speech = reader.readUint32();
      this.#sealedCount = this.redundantCount;
      this.redundantCount = 0;
    }
    this.#readFrames(reader, offset + length);
  }

  /** The frames as a seal has opened them. @throws as `read` */
  opened(reader: NetworkReader, frames: Uint8Array): void {
    this.buffer = frames;
    this.redundantCount = this.#sealedCount;
    reader.reset(frames);
    this.#readFrames(reader, frames.length);
  }

  /** Counts the sealed packets of a speaker since it began. */
  get sealCounter(): number {
    return this.speech * 2 ** 16 + this.packetCounter;
  }

  #readFrames(reader: NetworkReader, end: number): void {
    for (let index = 0; index < this.redundantCount; index++) {
      const place = this.redundant[index] as FramePlace;
      place.distance = reader.readUint8();
      place.length = reader.readUint16();
      place.offset = reader.bitPosition >>> 3;
      reader.skip(place.length * 8);
    }
    this.frame.offset = reader.bitPosition >>> 3;
    this.frame.length = end - this.frame.offset;
  }
}

/**
 * Writes what is behind the header, but for the frames: `writeRedundantFrame` follows.
 * @param speech of a sealed packet; null: it is not sealed
 */
export function writeVoiceHeader(
  writer: NetworkWriter,
  packet: Pick<VoicePacket, "sender" | "channelSession" | "packetCounter" | "frameCounter">,
  channels: readonly VoiceTarget[],
  redundantCount: number,
  speech: number | null = null,
): void {
  writer.writeUint16(packet.sender);
  writer.writeUint8(packet.channelSession | (speech === null ? 0 : SEALED));
  writer.writeUint16(packet.packetCounter);
  writer.writeUint16(packet.frameCounter);
  writer.writeUint8(channels.length | (redundantCount << 5));
  for (const channel of channels) {
    writer.writeUint16(channel.bits);
    writer.writeInt32(channel.target);
  }
  if (speech !== null) writer.writeUint32(speech);
}

/** Writes a frame of an earlier packet. */
export function writeRedundantFrame(writer: NetworkWriter, distance: number, frame: Uint8Array): void {
  writer.writeUint8(distance);
  writer.writeUint16(frame.length);
  writer.writeBytes(frame);
}

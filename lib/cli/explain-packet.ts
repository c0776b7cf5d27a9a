import { PacketReader } from "../peer/frames/packet-reader.js";
import {
  CONTROL_LANE,
  FINGERPRINT_BYTES,
  FrameKind,
  LANES,
  PATH_CHALLENGE_BYTES,
  PacketKind,
  ProfileKind,
  RESET_TOKEN_BYTES,
  STREAM_LANE,
  TAG_BYTES,
  USER_LANES,
} from "../peer/packet-format.js";
import { printable } from "../printable.js";
import { DisconnectCode } from "../socket/index.js";

/** A part of a packet. */
export interface PacketField {
  /** Where it begins. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly value: string;
}

/** The packet ends too early, or is none of ours. */
export class PacketError extends Error {}

const NONCE_BYTES = 8;
const COOKIE_BYTES = 9;
/** Names of the byte `security` of a ConnectRequest. */
const SECURITIES = ["plain", "Noise NN", "Noise NK"];

/**
 * The parts of a packet of the Peer, from the first byte to the last (docs/wire-format.md).
 *
 * @param isSealed whether Noise has encrypted its frames: a packet does not say that
 * @throws PacketError for what is no such packet; the fields before the mistake are in its `cause`
 */
export function explainPacket(packet: Uint8Array, isSealed = false): PacketField[] {
  const walk = new PacketWalk(packet);
  try {
    walk.packet(isSealed);
  } catch (error) {
    if (error instanceof PacketError) error.cause = walk.fields;
    throw error;
  }
  return walk.fields;
}

/** Walks over a packet, and notes each part. */
class PacketWalk {
  readonly fields: PacketField[] = [];
  readonly #reader = new PacketReader();

  constructor(packet: Uint8Array) {
    this.#reader.start(packet, 0, packet.length);
  }

  packet(isSealed: boolean): void {
    const kind = this.#u8("packet", (value) => PacketKind[value] ?? "unknown");
    if (kind >= PacketKind.Data) this.#framed(kind, isSealed);
    else this.#alone(kind, isSealed);
    const { remaining } = this.#reader;
    if (remaining > 0) throw new PacketError(`${remaining} bytes are too many at the end`);
  }

  /** A packet of the handshake, or one without a connection. */
  #alone(kind: number, isSealed: boolean): void {
    switch (kind) {
      case PacketKind.ConnectRequest:
        this.#connectRequest();
        break;
      case PacketKind.Challenge:
        this.#bytes("client nonce", NONCE_BYTES);
        this.#bytes("cookie", COOKIE_BYTES);
        break;
      case PacketKind.Accept:
        this.#bytes("client nonce", NONCE_BYTES);
        if (isSealed) this.#rest("Noise message 2");
        else this.#terms();
        break;
      case PacketKind.Reject:
        this.#bytes("client nonce", NONCE_BYTES);
        this.#reason();
        break;
      case PacketKind.Reset:
        this.#u32("session", hex32);
        this.#bytes("reset token", RESET_TOKEN_BYTES);
        break;
      case PacketKind.InfoRequest:
        this.#bytes("magic", 4);
        this.#bytes("client nonce", NONCE_BYTES);
        this.#rest("zeros");
        break;
      case PacketKind.InfoAnswer:
        this.#bytes("client nonce", NONCE_BYTES);
        this.#bytes("instance", 8);
        this.#bytes("fingerprint", FINGERPRINT_BYTES);
        this.#rest("what the server tells");
        break;
      default:
        throw new PacketError(`No packet begins with ${kind}`);
    }
  }

  /** A packet of a connection. */
  #framed(kind: number, isSealed: boolean): void {
    if (PacketKind[kind] === undefined) throw new PacketError(`No packet begins with ${kind}`);
    if (kind === PacketKind.Data) this.#u32("session", hex32);
    if (kind === PacketKind.Data || kind === PacketKind.Unreliable) this.#u32("packet number");
    if (isSealed) this.#sealed();
    while (this.#reader.remaining > 0) this.#frame();
  }

  #connectRequest(): void {
    this.#bytes("magic", 4);
    this.#bytes("client nonce", NONCE_BYTES);
    this.#u8("profile", (value) => ProfileKind[value] ?? "unknown");
    this.#u8("security", (value) => SECURITIES[value] ?? "unknown");
    this.#u16("largest packet");
    this.#u32("longest reliable message");
    this.#bytes("fingerprint", FINGERPRINT_BYTES);
    this.#bytes("cookie", this.#u8("cookie length"));
    // What is left out at the end is zeros.
    if (this.#reader.remaining >= 2) this.#bytes("Noise message 1", this.#u16("Noise length"));
    this.#rest("zeros");
  }

  #terms(): void {
    this.#u32("session", hex32);
    this.#u8("profile", (value) => ProfileKind[value] ?? "unknown");
    this.#u16("largest packet");
    this.#bytes("fingerprint", FINGERPRINT_BYTES);
    this.#bytes("reset token", this.#u8("reset token length"));
  }

  #sealed(): void {
    const { remaining } = this.#reader;
    if (remaining < TAG_BYTES) throw new PacketError(`A sealed packet has ${TAG_BYTES} bytes of tag at the end`);
    this.#bytes("sealed frames", remaining - TAG_BYTES);
    this.#bytes("tag", TAG_BYTES);
  }

  #frame(): void {
    const kind = this.#u8("frame", nameOfFrame);
    switch (kind) {
      case FrameKind.Padding:
        return;
      case FrameKind.Ping:
      case FrameKind.Pong:
        this.#u32("token");
        return;
      case FrameKind.Ack:
        this.#ack();
        return;
      case FrameKind.Close:
        this.#reason();
        return;
      case FrameKind.NotifyCount:
        this.#u32("handed over");
        return;
      case FrameKind.PathChallenge:
      case FrameKind.PathResponse:
        this.#bytes("token", PATH_CHALLENGE_BYTES);
        return;
    }
    if (kind >= FrameKind.Fragment && unreliableKind(kind - FrameKind.Fragment) !== null) this.#fragment();
    else if (unreliableKind(kind) !== null) this.#message();
    else if (kind < FrameKind.LaneBytes || kind >= FrameKind.Fragment || laneOf(kind) >= LANES) {
      throw new PacketError(`There is no frame of kind ${kind}`);
    } else {
      if (kind < FrameKind.Message) this.#u32("offset in the lane");
      this.#message();
    }
  }

  #message(): void {
    this.#bytes("bytes", this.#varint("length"));
  }

  #fragment(): void {
    const length = this.#varint("length of the rest");
    this.#u16("number of the message");
    this.#u8("index");
    this.#u8("of how many");
    if (length < 4) throw new PacketError("A fragment has at least 4 bytes");
    this.#bytes("bytes", length - 4);
  }

  #ack(): void {
    let largest = this.#u32("largest number");
    this.#varint("delay", (value) => `${value / 8} ms`);
    const further = this.#varint("further ranges");
    for (let range = 0; range <= further; range++) {
      if (range > 0) largest -= this.#varint("missing below it", (value) => `${value + 1}`) + 2;
      const length = this.#varint("range", (value) => `${largest - value} to ${largest}`);
      largest -= length;
    }
  }

  #reason(): void {
    this.#u16("code", (value) =>
      DisconnectCode[value] === undefined ? `${value}` : `${value} ${DisconnectCode[value]}`,
    );
    const length = this.#u8("text length");
    this.#note(
      "text",
      (reader) => reader.bytes(length),
      (text) => JSON.stringify(printable(new TextDecoder().decode(text))),
    );
  }

  #u8(name: string, show?: (value: number) => string): number {
    return this.#number(name, (reader) => reader.u8(), show);
  }

  #u16(name: string, show?: (value: number) => string): number {
    return this.#number(name, (reader) => reader.u16(), show);
  }

  #u32(name: string, show?: (value: number) => string): number {
    return this.#number(name, (reader) => reader.u32(), show);
  }

  #varint(name: string, show?: (value: number) => string): number {
    return this.#number(name, (reader) => reader.varint(), show);
  }

  #number(name: string, read: (reader: PacketReader) => number, show: (value: number) => string = String): number {
    return this.#note(name, read, show);
  }

  #bytes(name: string, size: number): void {
    if (size > 0)
      this.#note(
        name,
        (reader) => reader.bytes(size),
        () => `${size} bytes`,
      );
  }

  #rest(name: string): void {
    this.#bytes(name, this.#reader.remaining);
  }

  #note<T>(name: string, read: (reader: PacketReader) => T, show: (value: T) => string): T {
    const reader = this.#reader;
    const offset = reader.position;
    const value = read(reader);
    if (reader.failed) throw new PacketError(`It ends in the middle of "${name}", which begins at byte ${offset}`);
    this.fields.push({ offset, bytes: reader.buffer.slice(offset, reader.position), name, value: show(value) });
    return value;
  }
}

/** The lane of a frame whose kind ends with one. */
const laneOf = (kind: number): number => kind % 16;

/** The name of an unreliable kind of message; null for other frames. */
function unreliableKind(kind: number): string | null {
  if (kind === FrameKind.Unreliable || kind === FrameKind.Notify) return FrameKind[kind] as string;
  const lane = kind - FrameKind.Sequenced;
  return lane >= 0 && lane < USER_LANES ? `Sequenced on lane ${lane}` : null;
}

function nameOfFrame(kind: number): string {
  const unreliable = unreliableKind(kind % FrameKind.Fragment);
  if (unreliable !== null && kind < 2 * FrameKind.Fragment) {
    return kind < FrameKind.Fragment ? unreliable : `Fragment of ${unreliable}`;
  }
  const lane = laneOf(kind);
  if (kind < FrameKind.LaneBytes || kind >= FrameKind.Fragment || lane >= LANES) return FrameKind[kind] ?? "unknown";
  const what = lane === STREAM_LANE ? " (streams)" : lane === CONTROL_LANE ? " (control of streams)" : "";
  return `${FrameKind[kind - lane]} on lane ${lane}${what}`;
}

const hex32 = (value: number): string => `0x${value.toString(16).padStart(8, "0")}`;

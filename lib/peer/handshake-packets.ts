import { cloneBytes } from "../bytes.js";
import { MAX_REASON_BYTES } from "../socket/disconnect-reason.js";
import type { DisconnectReason } from "../socket/index.js";
import { COOKIE_BYTES } from "./cookies.js";
import { PacketKind, type ProfileKind } from "./packet-format.js";
import type { PacketReader } from "./packet-reader.js";
import { writeU16, writeU32 } from "./varint.js";

const MAGIC = 0x31325356;
export const NONCE_BYTES = 8;
export const FINGERPRINT_BYTES = 8;
/** No answer to a stranger is longer than its request. */
export const MIN_REQUEST_BYTES = 256;
/** Longest message of a Noise handshake. */
export const MAX_NOISE_BYTES = 256;
/** The longest packet of a handshake. */
export const MAX_HANDSHAKE_BYTES = 512;

/** What a client asks for to protect the connection. */
export enum SecurityPattern {
  Plain = 0,
  /** Noise NN: encrypted, nobody is authenticated. */
  NN = 1,
  /** Noise NK: the client knows the server's key. */
  NK = 2,
}

export interface ConnectRequest {
  nonce: Uint8Array;
  profile: ProfileKind;
  security: SecurityPattern;
  maxPacketSize: number;
  fingerprint: Uint8Array;
  cookie: Uint8Array;
  /** All before the Noise message: its prologue. */
  prologue: Uint8Array;
  noiseMessage: Uint8Array;
}

export interface Accept {
  nonce: Uint8Array;
  session: number;
  profile: ProfileKind;
  maxPacketSize: number;
  fingerprint: Uint8Array;
  noiseMessage: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/** Writes bytes one behind the other. */
class PacketWriter {
  readonly bytes = new Uint8Array(MAX_HANDSHAKE_BYTES);
  end = 0;

  u8(value: number): this {
    this.bytes[this.end++] = value;
    return this;
  }

  u16(value: number): this {
    this.end = writeU16(this.bytes, this.end, value);
    return this;
  }

  u32(value: number): this {
    this.end = writeU32(this.bytes, this.end, value);
    return this;
  }

  put(bytes: Uint8Array): this {
    this.bytes.set(bytes, this.end);
    this.end += bytes.length;
    return this;
  }

  finish(size = this.end): Uint8Array {
    return this.bytes.slice(0, size);
  }
}

/** Writes a request; `noise` gets the prologue and gives the Noise message that follows it. */
export function writeConnectRequest(
  request: Omit<ConnectRequest, "prologue" | "noiseMessage">,
  noise: ((prologue: Uint8Array) => Uint8Array) | null,
): Uint8Array {
  const writer = new PacketWriter();
  writer.u8(PacketKind.ConnectRequest).u32(MAGIC).put(request.nonce).u8(request.profile).u8(request.security);
  writer.u16(request.maxPacketSize).put(request.fingerprint).u8(request.cookie.length).put(request.cookie);
  const message = noise?.(writer.finish()) ?? NOTHING;
  writer.u16(message.length).put(message);
  return writer.finish(Math.max(writer.end, MIN_REQUEST_BYTES));
}

function readBytes(reader: PacketReader, size: number): Uint8Array {
  const at = reader.skip(size);
  return reader.failed ? NOTHING : cloneBytes(reader.buffer, at, at + size);
}

/** The nonce of a request of any version, null for what is not one. `reader` stands behind the packet's kind. */
export function readRequestNonce(reader: PacketReader): { nonce: Uint8Array; isOurVersion: boolean } | null {
  if (reader.remaining < MIN_REQUEST_BYTES - 1) return null;
  const isOurVersion = reader.u32() === MAGIC;
  return { nonce: readBytes(reader, NONCE_BYTES), isOurVersion };
}

/** What follows the nonce, null when it is malformed. */
export function readConnectRequest(reader: PacketReader, start: number, nonce: Uint8Array): ConnectRequest | null {
  const [profile, security, maxPacketSize] = [reader.u8(), reader.u8(), reader.u16()];
  const fingerprint = readBytes(reader, FINGERPRINT_BYTES);
  const cookieBytes = reader.u8();
  if (cookieBytes !== 0 && cookieBytes !== COOKIE_BYTES) return null;
  const cookie = readBytes(reader, cookieBytes);
  const prologue = cloneBytes(reader.buffer, start, reader.position);
  const noiseBytes = reader.u16();
  const noiseMessage = readBytes(reader, noiseBytes);
  if (reader.failed || security > SecurityPattern.NK || noiseBytes > MAX_NOISE_BYTES) return null;
  return { nonce, profile, security, maxPacketSize, fingerprint, cookie, prologue, noiseMessage };
}

export function writeChallenge(nonce: Uint8Array, cookie: Uint8Array): Uint8Array {
  return new PacketWriter().u8(PacketKind.Challenge).put(nonce).put(cookie).finish();
}

/** The cookie of a challenge, behind its nonce. */
export function readChallenge(reader: PacketReader): Uint8Array | null {
  const cookie = readBytes(reader, COOKIE_BYTES);
  return reader.failed ? null : cookie;
}

export function writeAccept(accept: Accept): Uint8Array {
  const writer = new PacketWriter().u8(PacketKind.Accept).put(accept.nonce).u32(accept.session).u8(accept.profile);
  writer.u16(accept.maxPacketSize).put(accept.fingerprint).u16(accept.noiseMessage.length).put(accept.noiseMessage);
  return writer.finish();
}

export function readAccept(reader: PacketReader, nonce: Uint8Array): Accept | null {
  const [session, profile, maxPacketSize] = [reader.u32(), reader.u8(), reader.u16()];
  const fingerprint = readBytes(reader, FINGERPRINT_BYTES);
  const noiseMessage = readBytes(reader, reader.u16());
  return reader.failed ? null : { nonce, session, profile, maxPacketSize, fingerprint, noiseMessage };
}

export function writeReject(nonce: Uint8Array, { code, text }: DisconnectReason): Uint8Array {
  const bytes = new TextEncoder().encode(text).subarray(0, MAX_REASON_BYTES);
  return new PacketWriter().u8(PacketKind.Reject).put(nonce).u16(code).u8(bytes.length).put(bytes).finish();
}

/** A reason as Reject and Close carry it: code u16, length u8, text. */
export function readReason(reader: PacketReader): DisconnectReason | null {
  const code = reader.u16();
  const text = readBytes(reader, reader.u8());
  if (reader.failed || text.length > MAX_REASON_BYTES) return null;
  return { code, text: new TextDecoder().decode(text) };
}

export function readNonce(reader: PacketReader): Uint8Array {
  return readBytes(reader, NONCE_BYTES);
}

export function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

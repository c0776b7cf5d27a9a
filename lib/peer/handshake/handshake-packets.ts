import { cloneBytes } from "../../bytes.js";
import type { DisconnectReason } from "../../socket/index.js";
import { readReason, writeReason } from "../frames/close-frame.js";
import { PacketReader } from "../frames/packet-reader.js";
import { PacketWriter } from "../frames/packet-writer.js";
import { FINGERPRINT_BYTES, PacketKind, type ProfileKind, RESET_TOKEN_BYTES } from "../packet-format.js";
import { COOKIE_BYTES } from "./cookies.js";

export const MAGIC = 0x33325356;
export const NONCE_BYTES = 8;
/** No answer to a client whose address is not proved is longer than its request. */
export const MIN_REQUEST_BYTES = 256;
/** The longest message of a Noise handshake. */
export const MAX_NOISE_BYTES = 256;

/** How a client wants the connection protected. */
export enum SecurityPattern {
  Plain = 0,
  /** Noise NN: encrypted, nobody is authenticated. */
  NN = 1,
  /** Noise NK: the client knows the server's key. */
  NK = 2,
}

// Each packet's writer and reader. Readers begin behind the kind, those of the server's answers behind the nonce.

export interface ConnectRequest {
  nonce: Uint8Array;
  profile: ProfileKind;
  security: SecurityPattern;
  maxPacketSize: number;
  maxReliableMessageSize: number;
  fingerprint: Uint8Array;
  cookie: Uint8Array;
  /** Everything before the Noise message: its prologue. */
  prologue: Uint8Array;
  noiseMessage: Uint8Array;
}

/** Writes a request of at least `minBytes`; `noise` gets the prologue and gives the Noise message that follows it. */
export function writeConnectRequest(
  request: Omit<ConnectRequest, "prologue" | "noiseMessage">,
  noise: ((prologue: Uint8Array) => Uint8Array) | null,
  minBytes = MIN_REQUEST_BYTES,
): Uint8Array {
  const writer = new PacketWriter();
  writer.u8(PacketKind.ConnectRequest).u32(MAGIC).bytes(request.nonce).u8(request.profile).u8(request.security);
  writer.u16(request.maxPacketSize).u32(request.maxReliableMessageSize).bytes(request.fingerprint);
  writer.u8(request.cookie.length).bytes(request.cookie);
  const message = noise?.(writer.finish()) ?? new Uint8Array(0);
  return writer.u16(message.length).bytes(message).finish(minBytes);
}

/** The nonce of a request of any version, null for what is not a request. */
export function readRequestNonce(reader: PacketReader): { nonce: Uint8Array; isOurVersion: boolean } | null {
  if (reader.remaining < MIN_REQUEST_BYTES - 1) return null;
  const isOurVersion = reader.u32() === MAGIC;
  return { nonce: readNonce(reader), isOurVersion };
}

/** What follows the nonce, null when it is malformed. `start`: where the packet begins. */
export function readConnectRequest(reader: PacketReader, start: number, nonce: Uint8Array): ConnectRequest | null {
  const [profile, security, maxPacketSize] = [reader.u8(), reader.u8(), reader.u16()];
  const maxReliableMessageSize = reader.u32();
  const fingerprint = reader.bytes(FINGERPRINT_BYTES);
  const cookieBytes = reader.u8();
  if (cookieBytes !== 0 && cookieBytes !== COOKIE_BYTES) return null;
  const cookie = reader.bytes(cookieBytes);
  const prologue = cloneBytes(reader.buffer, start, reader.position);
  const noiseBytes = reader.u16();
  const noiseMessage = reader.bytes(noiseBytes);
  if (reader.failed || security > SecurityPattern.NK || noiseBytes > MAX_NOISE_BYTES) return null;
  const sizes = { maxPacketSize, maxReliableMessageSize };
  return { nonce, profile, security, ...sizes, fingerprint, cookie, prologue, noiseMessage };
}

/** The nonce that every answer of the server repeats. */
export function readNonce(reader: PacketReader): Uint8Array {
  return reader.bytes(NONCE_BYTES);
}

export function writeChallenge(nonce: Uint8Array, cookie: Uint8Array): Uint8Array {
  return new PacketWriter().u8(PacketKind.Challenge).bytes(nonce).bytes(cookie).finish();
}

/** The cookie, null when the packet is malformed. */
export function readChallenge(reader: PacketReader): Uint8Array | null {
  const cookie = reader.bytes(COOKIE_BYTES);
  return reader.failed ? null : cookie;
}

/** What the server settles. */
export interface Terms {
  session: number;
  profile: ProfileKind;
  maxPacketSize: number;
  fingerprint: Uint8Array;
  /** What the server's Reset will hold if it has forgotten the connection. Null: it sends none. */
  resetToken: Uint8Array | null;
}

export function writeTerms({ session, profile, maxPacketSize, fingerprint, resetToken }: Terms): Uint8Array {
  const writer = new PacketWriter().u32(session).u8(profile).u16(maxPacketSize).bytes(fingerprint);
  const token = resetToken ?? new Uint8Array(0);
  return writer.u8(token.length).bytes(token).finish();
}

/** @returns null: malformed */
export function readTerms(bytes: Uint8Array): Terms | null {
  const reader = new PacketReader();
  reader.start(bytes, 0, bytes.length);
  const [session, profile, maxPacketSize] = [reader.u32(), reader.u8(), reader.u16()];
  const fingerprint = reader.bytes(FINGERPRINT_BYTES);
  const tokenBytes = reader.u8();
  if (tokenBytes !== 0 && tokenBytes !== RESET_TOKEN_BYTES) return null;
  const resetToken = tokenBytes === 0 ? null : reader.bytes(tokenBytes);
  return reader.failed || reader.remaining > 0 ? null : { session, profile, maxPacketSize, fingerprint, resetToken };
}

/** @param body the terms; with Noise the message whose payload they are, so that nobody can alter them */
export function writeAccept(nonce: Uint8Array, body: Uint8Array): Uint8Array {
  return new PacketWriter().u8(PacketKind.Accept).bytes(nonce).bytes(body).finish();
}

/** The body. */
export function readAccept(reader: PacketReader): Uint8Array {
  return reader.bytes(reader.remaining);
}

export function writeReject(nonce: Uint8Array, reason: DisconnectReason): Uint8Array {
  return writeReason(new PacketWriter().u8(PacketKind.Reject).bytes(nonce), reason).finish();
}

export const readReject = readReason;

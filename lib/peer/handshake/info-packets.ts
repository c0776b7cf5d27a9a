import type { PacketReader } from "../frames/packet-reader.js";
import { PacketWriter } from "../frames/packet-writer.js";
import { FINGERPRINT_BYTES, PacketKind } from "../packet-format.js";
import { MAGIC, MIN_REQUEST_BYTES, NONCE_BYTES, readNonce } from "./handshake-packets.js";

/** Stands for one server from its start on, whichever of its addresses was asked. */
export const INSTANCE_BYTES = 8;

/** No answer is longer than its question. */
export const MAX_INFO_BYTES = MIN_REQUEST_BYTES - 1 - NONCE_BYTES - INSTANCE_BYTES - FINGERPRINT_BYTES;

/** What a server answers to a question. */
export interface InfoAnswer {
  instance: Uint8Array;
  fingerprint: Uint8Array;
  info: Uint8Array;
}

// Each packet's writer and reader. Readers begin behind the kind.

export function writeInfoRequest(nonce: Uint8Array): Uint8Array {
  return new PacketWriter().u8(PacketKind.InfoRequest).u32(MAGIC).bytes(nonce).finish(MIN_REQUEST_BYTES);
}

/** The nonce, null for what is no question, or one of another version. */
export function readInfoRequest(reader: PacketReader): Uint8Array | null {
  if (reader.remaining < MIN_REQUEST_BYTES - 1 || reader.u32() !== MAGIC) return null;
  return readNonce(reader);
}

export function writeInfoAnswer(nonce: Uint8Array, { instance, fingerprint, info }: InfoAnswer): Uint8Array {
  const writer = new PacketWriter().u8(PacketKind.InfoAnswer).bytes(nonce);
  return writer.bytes(instance).bytes(fingerprint).bytes(info).finish();
}

/** @returns null: malformed */
export function readInfoAnswer(reader: PacketReader): (InfoAnswer & { nonce: Uint8Array }) | null {
  const nonce = readNonce(reader);
  const [instance, fingerprint] = [reader.bytes(INSTANCE_BYTES), reader.bytes(FINGERPRINT_BYTES)];
  if (reader.failed || reader.remaining > MAX_INFO_BYTES) return null;
  return { nonce, instance, fingerprint, info: reader.bytes(reader.remaining) };
}

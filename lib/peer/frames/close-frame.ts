import type { DisconnectReason } from "../../socket/index.js";
import { MAX_REASON_BYTES } from "../../verdict.js";
import { FrameKind } from "../packet-format.js";
import type { PacketReader } from "./packet-reader.js";
import { PacketWriter } from "./packet-writer.js";

/** Close: kind u8 and a reason. The reader has read the kind. */
export function encodeCloseFrame(reason: DisconnectReason): Uint8Array {
  return writeReason(new PacketWriter().u8(FrameKind.Close), reason).finish();
}

export const readCloseFrame = readReason;

/** A reason, as a Close frame and a Reject packet carry it: code u16, length u8, text. A text over 120 bytes is cut. */
export function writeReason(writer: PacketWriter, { code, text }: DisconnectReason): PacketWriter {
  const bytes = new TextEncoder().encode(text).subarray(0, MAX_REASON_BYTES);
  return writer.u16(code).u8(bytes.length).bytes(bytes);
}

/** @returns null: malformed */
export function readReason(reader: PacketReader): DisconnectReason | null {
  const code = reader.u16();
  const text = reader.bytes(reader.u8());
  if (reader.failed || text.length > MAX_REASON_BYTES) return null;
  return { code, text: new TextDecoder().decode(text) };
}

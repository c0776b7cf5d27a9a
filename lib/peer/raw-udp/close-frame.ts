import { type DisconnectReason, MAX_REASON_BYTES } from "../../socket/disconnect-reason.js";
import { FrameKind } from "../packet-format.js";
import type { PacketReader } from "../packet-reader.js";
import { writeU16 } from "../varint.js";

const HEADER_BYTES = 4;

/** The Close frame of a reason, whose text has at most `MAX_REASON_BYTES`. */
export function encodeCloseFrame({ code, text }: DisconnectReason): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  const frame = new Uint8Array(HEADER_BYTES + bytes.length);
  frame[0] = FrameKind.Close;
  frame[writeU16(frame, 1, code)] = bytes.length;
  frame.set(bytes, HEADER_BYTES);
  return frame;
}

/** Reads what follows the frame's kind; null: malformed. */
export function readCloseFrame(reader: PacketReader): DisconnectReason | null {
  const code = reader.u16();
  const length = reader.u8();
  const at = reader.skip(length);
  if (reader.failed || length > MAX_REASON_BYTES) return null;
  return { code, text: new TextDecoder().decode(reader.buffer.subarray(at, at + length)) };
}

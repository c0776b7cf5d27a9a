import type { DisconnectReason } from "../../socket/disconnect-reason.js";
import { FrameKind } from "../packet-format.js";
import { writeU16 } from "../varint.js";

const HEADER_BYTES = 4;

/** The Close frame of a reason, whose text has at most 120 bytes of UTF-8. */
export function encodeCloseFrame({ code, text }: DisconnectReason): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  const frame = new Uint8Array(HEADER_BYTES + bytes.length);
  frame[0] = FrameKind.Close;
  frame[writeU16(frame, 1, code)] = bytes.length;
  frame.set(bytes, HEADER_BYTES);
  return frame;
}

import { writeU32 } from "../integers.js";
import type { FrameKind } from "../packet-format.js";
import type { PacketReader } from "./packet-reader.js";

/** Ping and Pong with their token, and NotifyCount: kind u8, number u32. Gives the place behind it. */
export function writeNumberFrame(
  buffer: Uint8Array,
  at: number,
  kind: FrameKind.Ping | FrameKind.Pong | FrameKind.NotifyCount,
  value: number,
): number {
  buffer[at] = kind;
  return writeU32(buffer, at + 1, value);
}

/** Reads what follows the kind. */
export function readNumberFrame(reader: PacketReader): number {
  return reader.u32();
}

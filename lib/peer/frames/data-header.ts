import { readI32, writeU32 } from "../integers.js";
import { DATA_HEADER_BYTES, PacketKind } from "../packet-format.js";

// A Data packet begins with: kind u8, session u32, packet number u32 (its low bits).
const SESSION_AT = 1;
const NUMBER_AT = 5;

/** Writes what all packets of a session have in common. */
export function writeDataSession(packet: Uint8Array, session: number): void {
  packet[0] = PacketKind.Data;
  writeU32(packet, SESSION_AT, session);
}

export function writeDataNumber(packet: Uint8Array, number: number): void {
  writeU32(packet, NUMBER_AT, number);
}

export function isDataPacket(buffer: Uint8Array, offset: number, length: number): boolean {
  return length >= DATA_HEADER_BYTES && buffer[offset] === PacketKind.Data;
}

/** The session of a Data packet, signed: an unsigned number of 32 bits can be an object on the heap. */
export function readDataSession(buffer: Uint8Array, offset: number): number {
  return readI32(buffer, offset + SESSION_AT);
}

/** The low 32 bits of the number of a Data packet, signed. */
export function readDataNumber(buffer: Uint8Array, offset: number): number {
  return readI32(buffer, offset + NUMBER_AT);
}

import { isUint8Array } from "../brands.js";
import { cloneBytes } from "../bytes.js";
import { quoted } from "../printable.js";
import type { XcsProtocol } from "./network.js";
import { XcsError } from "./xcs-error.js";

export const MAX_PORT = 65_535;

/** The text of a value in a message, cut to a length that can be read. */
export function show(value: unknown): string {
  const text = quoted(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** @throws XcsError `ERR_XCS_BAD_PORT` */
export function checkPort(port: unknown): asserts port is number {
  if (Number.isInteger(port) && (port as number) >= 1 && (port as number) <= MAX_PORT) return;
  throw new XcsError("EBADPORT", `${show(port)} is no port: give a whole number from 1 to ${MAX_PORT}`);
}

/** @throws XcsError `ERR_XCS_PROTOCOL_UNSUPPORTED` */
export function checkProtocol(protocol: unknown, port: number): asserts protocol is XcsProtocol {
  if (protocol === "UDP" || protocol === "TCP") return;
  const details = typeof protocol === "string" ? { port, protocol } : { port };
  const text = `${show(protocol)} is no protocol: write UDP or TCP, in upper case`;
  throw new XcsError("EPROTONOSUPPORT", text, details);
}

/**
 * The bytes of what is written, as a copy; a text in UTF-8.
 *
 * @throws XcsError `ERR_XCS_BAD_DATA`
 */
export function bytesOf(data: unknown, port: number): Uint8Array {
  if (typeof data === "string") return new TextEncoder().encode(data);
  if (ArrayBuffer.isView(data) && isUint8Array(data)) return cloneBytes(data, 0, data.length);
  const kind = data === null ? "null" : typeof data;
  throw new XcsError("EINVAL", `Data for port ${port} is ${kind}: give a string or a Uint8Array`, { port });
}

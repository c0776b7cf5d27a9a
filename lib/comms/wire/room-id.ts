import { outOfRange, typeError } from "../../arguments.js";
import { NetworkError } from "../../network-error.js";
import { utf8Length } from "../../utf8.js";
import { MAX_NAME_BYTES } from "./packets.js";

const encoder = new TextEncoder();

/**
 * The number of a room on the wire: the 32-bit FNV-1a hash of its name in UTF-8. Here its bits are a signed number: V8
 * keeps those without an object for each.
 */
export function roomIdOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of encoder.encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash;
}

/**
 * The name of a room or a player as it travels: in Unicode's form NFC, so that what looks the same is the same.
 *
 * @throws TypeError for what is no text; RangeError unless it has 1 to 64 bytes of UTF-8
 */
export function checkName(what: string, name: string): string {
  if (typeof name !== "string") throw typeError(what, "a string");
  const normal = name.normalize("NFC");
  const fault = faultOf(what, normal);
  if (fault !== null) throw outOfRange(fault);
  return normal;
}

/**
 * The same for a name that a packet has brought: a wrong one is a fault of its sender, and not of this program.
 *
 * @throws NetworkError `ERR_BAD_VALUE` unless it has 1 to 64 bytes of UTF-8 in that form
 */
export function checkSentName(what: string, name: string): string {
  const normal = name.normalize("NFC");
  const fault = faultOf(what, normal);
  if (fault !== null) throw new NetworkError("ERR_BAD_VALUE", fault);
  return normal;
}

function faultOf(what: string, normal: string): string | null {
  const length = utf8Length(normal);
  return length < 1 || length > MAX_NAME_BYTES
    ? `${what} has 1 to ${MAX_NAME_BYTES} bytes of UTF-8, not ${length}`
    : null;
}

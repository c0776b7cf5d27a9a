import { checkInteger, checkText, rangeError } from "./arguments.js";
import { cutUtf8 } from "./string-builder.js";

/** Bytes of text that travel with a close. */
const MAX_DEBUG_BYTES = 127;

/**
 * GNS's number for a reason to close with: the seed's 0-999 become 1000 + reason, which the other side reads as
 * `ConnectionInfo.applicationReason`; 1000-2999 are GNS's own and stay.
 */
export function gnsCloseReason(reason: number): number {
  checkInteger("reason", reason, 0, 2999);
  return reason < 1000 ? 1000 + reason : reason;
}

/** The text as GNS takes it: cut to 127 bytes, never inside a character. */
export function gnsCloseDebug(debug: string): string {
  checkText("debug", debug);
  if (debug.length > 0x10000) throw rangeError("debug", "at most 65,536 characters long");
  return cutUtf8(debug, MAX_DEBUG_BYTES);
}

import { checkInteger, checkText, rangeError, typeError } from "../../arguments.js";
import { cutUtf8, utf8Length } from "../../utf8.js";
import { MAX_REASON_BYTES } from "../../verdict.js";

/** Why an `Endpoint`, a connection or a listener is closed, for the peer. */
export interface CloseReason {
  /**
   * 0 to 999, which the peer reads as `CloseInfo.code`.
   *
   * @defaultValue 0
   */
  readonly code?: number;
  /**
   * At most 120 bytes of UTF-8, without NUL.
   *
   * @defaultValue ""
   */
  readonly text?: string;
}

/** Bytes of text that travel with a close in GNS. */
const MAX_DEBUG_BYTES = 127;

/** @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE` */
export function checkCloseReason(reason: CloseReason): Required<CloseReason> {
  if (typeof reason !== "object" || reason === null) throw typeError("reason", "an object");
  const { code = 0, text = "" } = reason;
  checkInteger("code", code, 0, 999);
  checkText("text", text);
  if (utf8Length(text) > MAX_REASON_BYTES) throw rangeError("text", `at most ${MAX_REASON_BYTES} bytes of UTF-8`);
  return { code, text };
}

/**
 * GNS's number for a reason to close with. The seed's 0-999 become 1000 + reason, which the peer reads as
 * `ConnectionInfo.applicationReason`; 1000-2999 are GNS's numbers already.
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

import { DisconnectCode, type DisconnectReason } from "../disconnect-reason.js";

/** In GNS the numbers 1000 to 2999 belong to applications. */
const FIRST_NUMBER = 1000;
/** What peers see when a process ends, or closes without a reason. */
const CLOSED_WITHOUT_REASON = 2999;
const TIMEOUT_THERE = 4001;
const TIMEOUT_HERE = 5003;

/** GNS puts words of its own in place of an empty text. */
const NO_TEXT = "\u0001";

/** A reason with a code from 0 to 1998 as GNS takes it. */
export function gnsReasonOf({ code, text }: DisconnectReason): DisconnectReason {
  return { code: FIRST_NUMBER + code, text: text === "" ? NO_TEXT : text };
}

/** Whether the other side has ended a connection by a reason of its own. */
export function isRefusal(endReason: number): boolean {
  return endReason >= FIRST_NUMBER && endReason < CLOSED_WITHOUT_REASON;
}

/** The reason behind GNS's number (`ConnectionInfo.endReason`) and text. */
export function reasonOfGns(endReason: number, text: string): DisconnectReason {
  if (isRefusal(endReason)) {
    return { code: endReason - FIRST_NUMBER, text: text === NO_TEXT ? "" : text };
  }
  const isTimeout = endReason === TIMEOUT_THERE || endReason === TIMEOUT_HERE;
  return { code: isTimeout ? DisconnectCode.Timeout : DisconnectCode.ConnectionLost, text };
}

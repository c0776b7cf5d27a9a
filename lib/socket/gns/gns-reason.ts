import { DisconnectCode, type DisconnectReason } from "../disconnect-reason.js";

/** Where the numbers of applications begin in GNS: 1000 to 2999 are not its own. */
const firstNumber = 1000;
/** What GNS's peers are told when a process ends, or closes without a reason. */
const closedWithoutReason = 2999;
const timeoutThere = 4001;
const timeoutHere = 5003;

/** GNS's number for the code of a reason; codes from 0 to 1998. */
export function gnsNumberOf(code: number): number {
  return firstNumber + code;
}

/** GNS puts words of its own in the place of no text. */
const noText = "\u0001";

/** The text of a reason, as GNS takes it. */
export function gnsTextOf(text: string): string {
  return text === "" ? noText : text;
}

/** The reason behind GNS's number (`ConnectionInfo.endReason`) and text. */
export function reasonOfGns(endReason: number, text: string): DisconnectReason {
  if (endReason >= firstNumber && endReason < closedWithoutReason) {
    return { code: endReason - firstNumber, text: text === noText ? "" : text };
  }
  const isTimeout = endReason === timeoutThere || endReason === timeoutHere;
  return { code: isTimeout ? DisconnectCode.Timeout : DisconnectCode.ConnectionLost, text };
}

import { hexOf } from "../bytes.js";

/** What a terminal would take for a command, or nobody could see. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffd]/u;

/** Data as `let` would take it: `"text"`, or `0x00ff` if it is no plain text. */
export function showData(data: Uint8Array | null): string {
  if (data === null) return "null";
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(data);
  if (!INVISIBLE.test(text)) return JSON.stringify(text);
  return `0x${hexOf(data)}`;
}

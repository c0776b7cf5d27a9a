import { DisconnectCode, type DisconnectReason } from "../disconnect-reason.js";

/** Close codes of RFC 6455, 7.4.1, with which the other side complains about our bytes. */
const malformed = [1002, 1003, 1007, 1009];

/** The close code that carries a reason: from 4000 the application's, from 3000 the library's own. */
export function closeCodeOf({ code }: DisconnectReason): number {
  return code < 1000 ? 4000 + code : 3000 + (code - 1000);
}

/** What a close code means. */
export function reasonOfClose(closeCode: number, text: string): DisconnectReason {
  if (closeCode >= 4000 && closeCode <= 4999) return { code: closeCode - 4000, text };
  if (closeCode >= 3000 && closeCode <= 3999) return { code: closeCode - 2000, text };
  const code = malformed.includes(closeCode) ? DisconnectCode.InvalidPacket : DisconnectCode.ConnectionLost;
  return { code, text: text || `WebSocket close code ${closeCode}` };
}

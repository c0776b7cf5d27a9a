import { DisconnectCode, type DisconnectReason } from "../disconnect-reason.js";

/** Close codes that say that our bytes were malformed (RFC 6455, 7.4.1). */
const malformed = [1002, 1003, 1007, 1009];

/** The close code for a reason: from 4000 for the application's codes, from 3000 for the library's own. */
export function closeCodeOf({ code }: DisconnectReason): number {
  return code < 1000 ? 4000 + code : 3000 + (code - 1000);
}

/** The reason that a close code stands for. */
export function reasonOfClose(closeCode: number, text: string): DisconnectReason {
  if (closeCode >= 4000 && closeCode <= 4999) return { code: closeCode - 4000, text };
  if (closeCode >= 3000 && closeCode <= 3999) return { code: closeCode - 2000, text };
  const code = malformed.includes(closeCode) ? DisconnectCode.InvalidPacket : DisconnectCode.ConnectionLost;
  return {
    code,
    text: text || (closeCode === 1006 ? "The connection was broken off" : `WebSocket close code ${closeCode}`),
  };
}

import type { NetworkErrorCode } from "../error-codes.js";
import { NetworkError } from "../network-error.js";
import { DisconnectCode, type DisconnectReason } from "../socket/index.js";

/**
 * The error of a `connect` that ended with `reason`: `ERR_SERVER_FULL`, `ERR_PROTOCOL_MISMATCH`, … after the names of
 * {@link DisconnectCode}; `ERR_REFUSED` for a code of the application. `reason` is a field of it.
 */
export function connectError(reason: DisconnectReason): NetworkError {
  const name = DisconnectCode[reason.code];
  const code = name ? `ERR${name.replace(/[A-Z]/g, "_$&").toUpperCase()}` : "ERR_REFUSED";
  return new NetworkError(code as NetworkErrorCode, reason.text || `The other side refused with code ${reason.code}`, {
    reason,
  });
}

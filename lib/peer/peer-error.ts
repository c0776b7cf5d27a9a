import type { NetworkErrorCode } from "../error-codes.js";
import { NetworkError } from "../network-error.js";
import { formatHost } from "../socket/building/format-host.js";
import { DisconnectCode, type DisconnectReason, type IConnectEndPoint } from "../socket/index.js";

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

/**
 * The error of a `connect` that took too long: `ERR_CONNECT_FAILED` if nothing ever came from the server, otherwise
 * `ERR_HANDSHAKE_TIMEOUT`.
 *
 * @param server of {@link describeServer}
 */
export function connectTimeout(server: string, hasHeard: boolean, timeoutMs: number): NetworkError {
  if (hasHeard) {
    const text =
      `${server} answered, but has not finished the handshake within ${timeoutMs} ms: does the path lose packets, ` +
      "or does the port belong to another program?";
    return connectError({ code: DisconnectCode.HandshakeTimeout, text });
  }
  const advice = "is it running there, and does a firewall let it through?";
  return new NetworkError("ERR_CONNECT_FAILED", `${server} has not answered within ${timeoutMs} ms: ${advice}`);
}

/** The error of a `connect` over a path that drops packets of `sizeBytes`, and not smaller ones. */
export function pathTooSmallError(server: string, sizeBytes: number): NetworkError {
  const text =
    `${server} answers small packets, but none of ${sizeBytes} bytes: something on the path (a tunnel, a VPN) drops ` +
    "them. Raise its MTU to 1280 bytes or more";
  return new NetworkError("ERR_PATH_TOO_SMALL", text);
}

/**
 * `The server 192.0.2.1:7777 (UDP)`.
 *
 * @param transport the socket or its factory
 */
export function describeServer(transport: object, endPoint: IConnectEndPoint): string {
  const { host, port, url } = endPoint as { host?: string | null; port?: number; url?: string };
  const place = url ?? (port === undefined ? "" : formatHost(host ?? "localhost", port));
  // In a bundle the name of the class may be another.
  const [, name] = /(Udp|Gns|WebSocket|Memory)/.exec(transport.constructor.name) ?? [];
  const over = name && ` (${name === "WebSocket" || name === "Memory" ? name : name.toUpperCase()})`;
  return ["The server", place].filter(Boolean).join(" ") + (over ?? "");
}

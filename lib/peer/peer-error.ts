import type { NetworkErrorCode } from "../error-codes.js";
import { formatHost } from "../format-host.js";
import { NetworkError } from "../network-error.js";
import { printable } from "../printable.js";
import { AUTHENTICATOR_FAILED, serverFailed } from "../socket/building/socket-errors.js";
import { DisconnectCode, type DisconnectReason, type IConnectEndPoint } from "../socket/index.js";
import { INSECURE_TRANSPORT } from "./handshake/encryption.js";
import { Heard } from "./handshake/heard.js";

/** What to do about a reason of the library that a server gives. */
const STEPS: Partial<Record<DisconnectCode, string>> = {
  [DisconnectCode.HandshakeTimeout]: "Does its `beforeAccept` or authenticator take too long?",
  [DisconnectCode.ServerFull]: "Try again later, or give the server a higher `maxConnections`",
  [DisconnectCode.VersionMismatch]: "Install the same version of valve-sockets on both sides",
  [DisconnectCode.ProfileMismatch]: "Give both sides the same kind of socket factory",
  [DisconnectCode.OtherProtocol]: "Give both sides the same kind of socket factory, or check the port",
  [DisconnectCode.ProtocolMismatch]: "Deploy both sides from the same protocol",
  [DisconnectCode.EncryptionRequired]:
    "Give the client the server's key (`peer.encryption`); over WebSocket, connect with wss (`secure: true`)",
  [DisconnectCode.EncryptionUnsupported]: "Give the server its key, or leave `peer.encryption` of the client out",
  [DisconnectCode.ServerKeyMismatch]: "Has the server a new key? If not, somebody is in the middle",
  [DisconnectCode.ServerBusy]: "Try again in a few seconds",
  [DisconnectCode.AuthenticationFailed]: "Check the secret or token on both sides",
  [DisconnectCode.AuthenticationTimeout]: "Does the credential's `prove` take too long?",
  [DisconnectCode.ServerStopped]: "Connect again when it runs",
  [DisconnectCode.ServerClosed]: "Connect to another server, or later",
  [DisconnectCode.ProcessEnded]: "Connect again when it runs",
  [DisconnectCode.SessionUnknown]: "It was started again, or the session has ended: connect again, as a new player",
};

/**
 * The error of a `connect` that ended with `reason`: `ERR_SERVER_FULL`, `ERR_PROTOCOL_MISMATCH`, … after the names of
 * {@link DisconnectCode}; `ERR_REFUSED` for a code of the application. `reason` is a field of it.
 *
 * @param server of {@link describeServer}; without it the message is the reason's text alone, which names the server
 */
export function connectError(reason: DisconnectReason, server?: string): NetworkError {
  const name = DisconnectCode[reason.code];
  const code = name ? `ERR${name.replace(/[A-Z]/g, "_$&").toUpperCase()}` : "ERR_REFUSED";
  const text = printable(reason.text) || `The other side refused with code ${reason.code}`;
  if (reason === INSECURE_TRANSPORT && server !== undefined) {
    const advice = "Connect with wss (`secure: true`), or leave `peer.encryption` out";
    return new NetworkError(
      "ERR_ENCRYPTION_REQUIRED",
      `The client did not ask ${server.replace("The", "the")}: ${text}. ${advice}`,
      { reason },
    );
  }
  const message = server === undefined ? text : `${server} ${verb(reason)}: ${[text, nextStep(reason)].join(". ")}`;
  return new NetworkError(code as NetworkErrorCode, message.replace(/([.!?])\./, "$1").replace(/\. $/, ""), { reason });
}

function verb({ code }: DisconnectReason): string {
  if (code === DisconnectCode.OtherProtocol) return "speaks another protocol";
  return code < DisconnectCode.Timeout || code >= DisconnectCode.ServerFull ? "refused" : "ended the connection";
}

function nextStep({ code, text }: DisconnectReason): string {
  const hasFailed = code === serverFailed.code && text === serverFailed.text;
  if (hasFailed || text === AUTHENTICATOR_FAILED) return "Look at its log";
  if (code < DisconnectCode.Timeout) return `Its application decided so, with the code ${code}`;
  if (text.startsWith("maxReliableMessageSize")) return "Set it to one value in `peer` of both sides";
  return STEPS[code as DisconnectCode] ?? "";
}

/**
 * The error of a `connect` that took too long: `ERR_HANDSHAKE_TIMEOUT` if a server answered, `ERR_OTHER_PROTOCOL` if
 * something else did, otherwise `ERR_CONNECT_FAILED`.
 *
 * @param server of {@link describeServer}
 */
export function connectTimeout(server: string, heard: Heard, timeoutMs: number): NetworkError {
  if (heard === Heard.Stranger) {
    const text = `within ${timeoutMs} ms, only something else: does the port belong to another program?`;
    return new NetworkError("ERR_OTHER_PROTOCOL", `${server} has given no answer that a server gives ${text}`);
  }
  if (heard === Heard.Server) {
    const text =
      `${server} answered, but has not finished the handshake within ${timeoutMs} ms: does the path lose packets, ` +
      "or does the port belong to another program?";
    return connectError({ code: DisconnectCode.HandshakeTimeout, text });
  }
  const advice = "is it running there, with the same kind of socket factory, and does a firewall let it through?";
  return new NetworkError("ERR_CONNECT_FAILED", `${server} has not answered within ${timeoutMs} ms: ${advice}`);
}

/** The error of a `connect` over a path that drops packets of `sizeBytes`, and not smaller ones. */
export function pathTooSmallError(server: string, sizeBytes: number): NetworkError {
  const text =
    `${server} answers small packets, but none of ${sizeBytes} bytes: something on the path (a tunnel, a VPN) drops ` +
    "them. Raise its MTU to 1280 bytes or more";
  return new NetworkError("ERR_PATH_TOO_SMALL", text);
}

/** The socket has thrown, or rejected. */
export function socketFailed(cause: unknown): NetworkError {
  const text = cause instanceof Error ? cause.message : String(cause);
  return new NetworkError("ERR_FAILED", `The socket failed: ${text}`, { cause });
}

/**
 * `The server 192.0.2.1:7777 (UDP)`, or `The peer str:bob (GNS, by signaling)`.
 *
 * @param transport the socket or its factory
 */
export function describeServer(transport: object, endPoint: IConnectEndPoint): string {
  const { host, port, url, signaling, identity } = endPoint as DescribedEndPoint;
  if (signaling) return `The peer${identity ? ` ${identity}` : ""} (GNS, by signaling)`;
  const place = url ?? (port === undefined ? "" : formatHost(host ?? "localhost", port));
  // In a bundle the name of the class may be another.
  const [, name] = /(Udp|Gns|WebSocket|Memory)/.exec(transport.constructor.name) ?? [];
  const over = name && ` (${name === "WebSocket" || name === "Memory" ? name : name.toUpperCase()})`;
  return ["The server", place].filter(Boolean).join(" ") + (over ?? "");
}

/** What the end points of different sockets have. */
interface DescribedEndPoint {
  readonly host?: string | null;
  readonly port?: number;
  readonly url?: string;
  readonly signaling?: object;
  readonly identity?: { toString(): string } | null;
}

import type { NetworkError } from "../network-error.js";
import { connectError } from "../peer/peer-error.js";
import { DisconnectCode, type IConnectEndPoint, type SocketFactory } from "../socket/index.js";
import { HandshakeStep } from "./authentication/client-authentication.js";

/** Where a client's server is. */
export interface Target {
  readonly factory: SocketFactory;
  readonly endPoint: IConnectEndPoint;
}

/** What was tried, in `handshakeTimeoutMs`, and what to look at. */
const WAITS: Record<HandshakeStep | "connection", (server: string, time: string) => string> = {
  connection: (server, time) =>
    `${server} has not accepted the connection ${time}: is it running there, and does a firewall let it through?`,
  [HandshakeStep.Table]: (server, time) => `${server} has not answered with its protocol ${time}`,
  [HandshakeStep.Hello]: (server, time) => `${server} has not answered the hello ${time}`,
  [HandshakeStep.Proving]: (_server, time) => `The client's credential has made no proof ${time}`,
  [HandshakeStep.Proof]: (server, time) => `${server} has not judged the proof ${time}: does its authenticator answer?`,
  [HandshakeStep.Confirming]: (_server, time) => `The client's credential has not confirmed the server ${time}`,
  [HandshakeStep.Admitted]: (server, time) => `${server} has admitted the player after more than ${time}`,
};

/**
 * The error of a client that was not admitted in time.
 *
 * @param step the client's step of the handshake, null before there was a connection
 */
export function handshakeTimeout(target: Target | null, step: HandshakeStep | null, timeoutMs: number): NetworkError {
  const text = WAITS[step ?? "connection"](target ? describe(target) : "The server", `within ${timeoutMs} ms`);
  return connectError({ code: DisconnectCode.HandshakeTimeout, text });
}

/** `The server 192.0.2.1:7777 (UDP)`. */
function describe({ factory, endPoint }: Target): string {
  const { host, port, url } = endPoint as { host?: string | null; port?: number; url?: string };
  const place =
    url ?? (port === undefined ? "" : `${host?.includes(":") ? `[${host}]` : (host ?? "localhost")}:${port}`);
  // In a bundle the name of the class may be another.
  const [, transport] = /^(Udp|Gns|WebSocket|Memory)/.exec(factory.constructor.name) ?? [];
  const over = transport && ` (${transport === "WebSocket" ? transport : transport.toUpperCase()})`;
  return ["The server", place].filter(Boolean).join(" ") + (over ?? "");
}

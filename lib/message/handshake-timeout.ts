import type { NetworkError } from "../network-error.js";
import type { Heard } from "../peer/handshake/heard.js";
import { connectError, connectTimeout, describeServer } from "../peer/peer-error.js";
import { DisconnectCode, type DisconnectReason, type IConnectEndPoint, type SocketFactory } from "../socket/index.js";
import { HandshakeStep } from "./authentication/client-authentication.js";
import type { Ending } from "./players/connection-lost.js";

/** Where a client's server is. */
export interface Target {
  readonly factory: SocketFactory;
  readonly endPoint: IConnectEndPoint;
}

/** The server, for errors; in host mode there is no target. */
export function serverNameOf(target: Target | null): string {
  return target ? describeServer(target.factory, target.endPoint) : "The server";
}

/** How the connection to the server has ended, for the errors of what waited for it. */
export const endingOf = (target: Target | null, reason: DisconnectReason): Ending => ({
  place: serverNameOf(target).replace("The", "the"),
  reason,
});

/** What was tried, in `handshakeTimeoutMs`, and what to look at. */
const WAITS: Record<HandshakeStep, (server: string, time: string) => string> = {
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
 * @param server of `describeServer`
 * @param step the client's step of the handshake, null before there was a connection
 * @param heard who has answered
 */
export function handshakeTimeout(
  server: string,
  step: HandshakeStep | null,
  heard: Heard,
  timeoutMs: number,
): NetworkError {
  if (step === null) return connectTimeout(server, heard, timeoutMs);
  return connectError({ code: DisconnectCode.HandshakeTimeout, text: WAITS[step](server, `within ${timeoutMs} ms`) });
}

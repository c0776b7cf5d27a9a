import type { NetworkError } from "../network-error.js";
import type { Heard } from "../peer/handshake/heard.js";
import { connectError, connectTimeout } from "../peer/peer-error.js";
import { DisconnectCode } from "../socket/index.js";
import { HandshakeStep } from "./authentication/client-authentication.js";

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

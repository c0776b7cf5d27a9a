import type { NetworkErrorCode } from "../../error-codes.js";
import { NetworkError } from "../../network-error.js";
import { printable } from "../../printable.js";
import type { ConnectionInfo } from "../values/connection-info.js";
import { ConnectionState } from "../values/connection-state.js";

interface Meaning {
  readonly code: NetworkErrorCode;
  /** What happened, and what to look at. */
  readonly text: string;
}

const nobodyAnswered: Meaning = {
  code: "ERR_CONNECT_FAILED",
  text: "Nobody answered. Check that the server runs, its host and port, and that no firewall drops UDP",
};

/** GNS's numbers for ends whose cause has a code of its own. */
const meanings: Record<number, Meaning> = {
  // `DisconnectCode.OtherProtocol` of the layers above, whose servers over UDP tell clients of GNS so.
  2031: { code: "ERR_OTHER_PROTOCOL", text: "What answers there does not speak GNS. Check the port" },
  2999: { code: "ERR_CONNECT_FAILED", text: "The server has just ended" },
  4001: nobodyAnswered,
  4006: { code: "ERR_VERSION_MISMATCH", text: "The two ends run versions of GNS that do not understand each other" },
  5003: nobodyAnswered,
};

const badCertificate: Meaning = {
  code: "ERR_BAD_CERTIFICATE",
  text:
    "The server's certificate is missing or not trusted: somebody may be in the middle. Check both sides' " +
    "Library.addCertificateAuthority and setCertificate",
};

const BAD_CRYPT = 4002;
const BAD_CERTIFICATE = 4003;

function meaningOf({ endReason, endDebug, state }: ConnectionInfo): Meaning {
  if (endReason === BAD_CRYPT && /cipher/i.test(endDebug)) {
    const text = "The two ends have no cipher in common. Check ConfigValue.Unencrypted on both";
    return { code: "ERR_ENCRYPTION_UNSUPPORTED", text };
  }
  if (endReason === BAD_CRYPT) {
    return { code: "ERR_TAMPERED", text: "The keys do not fit together: somebody in the middle may have changed them" };
  }
  if (endReason === BAD_CERTIFICATE && state === ConnectionState.ClosedByPeer) {
    return { code: "ERR_AUTHENTICATION_FAILED", text: "The server does not trust our certificate, or asks for one" };
  }
  if (endReason === BAD_CERTIFICATE) return badCertificate;
  return meanings[endReason] ?? { code: "ERR_CONNECT_FAILED", text: "Check host and port" };
}

/**
 * The error of a connection that ended before it was up: what was tried, for how long, what came of it, and what to
 * look at. Its code says what happened, as on the other transports.
 *
 * @param refusal the code for a server that gives a reason of its own
 */
export function connectFailure(
  info: ConnectionInfo,
  tookMs: number,
  refusal: NetworkErrorCode = "ERR_REFUSED",
): NetworkError {
  const { endReason, endDebug, applicationReason } = info;
  const failed = failedAt(info, tookMs);
  const said = printable(endDebug);
  if (applicationReason !== null) {
    const reason = { code: applicationReason, text: endDebug };
    return new NetworkError(refusal, `${failed}: the server refused: ${said}`, { endReason, endDebug, reason });
  }
  const { code, text } = meaningOf(info);
  return new NetworkError(code, `${failed}: ${text} (GNS says ${endReason}: ${said})`, { endReason, endDebug });
}

/** The error of a connection to a peer that should have a certificate, and has none that this process trusts. */
export function certificateFailure(info: ConnectionInfo, tookMs: number): NetworkError {
  return new NetworkError(badCertificate.code, `${failedAt(info, tookMs)}: ${badCertificate.text}`);
}

function failedAt({ address, identity }: ConnectionInfo, tookMs: number): string {
  const place = address.port === 0 ? identity : address;
  return `GNS: connecting to ${place} failed after ${Math.round(tookMs)} ms`;
}

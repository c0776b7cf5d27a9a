import type { NetworkErrorCode } from "./error-codes.js";
import { formatHost } from "./format-host.js";
import { NetworkError } from "./network-error.js";
import { printable } from "./printable.js";

/** What a socket tries: who, what, and where. */
export interface Trial {
  /** `UDP`, `WebSocket`, … */
  readonly transport: string;
  readonly action: "listening on" | "connecting to";
  readonly host: string;
  readonly port: number;
  /** How long it has taken. Absent if it fails at once. */
  readonly tookMs?: number;
}

interface Meaning {
  readonly code?: NetworkErrorCode;
  /** What it means, and what to look at. */
  readonly text: string;
}

const noName: Meaning = {
  code: "ERR_NAME_NOT_FOUND",
  text: "The name has no address. Check its spelling and the DNS server",
};
const noAccess: Meaning = {
  code: "ERR_ACCESS",
  text: "The system does not permit it. Ports below 1024 need rights; look at the rules of a firewall too",
};
const noRoute: Meaning = { text: "No route leads there. Check the address and the network" };
const noFiles: Meaning = { text: "Too many files and sockets are open. Raise the limit (ulimit -n)" };
const noAddress: Meaning = {
  text: "This machine has no such address. Check `bindHost` (of an Endpoint: `host`); without it, it is any address",
};
const noHttp: Meaning = {
  code: "ERR_OTHER_PROTOCOL",
  text: "What answers there is no WebSocket server. Check host, port, and the kind of socket factory",
};
const badCertificate: Meaning = {
  code: "ERR_BAD_CERTIFICATE",
  text: "The server's certificate is not one that this client trusts. Check `tls.ca`; somebody may be in the middle",
};

/** System errors by name, on every transport. */
const meanings: Record<string, Meaning> = {
  EADDRINUSE: {
    code: "ERR_ADDRESS_IN_USE",
    text: "Another socket uses this address and port. Take another port, or 0 for a free one",
  },
  EADDRNOTAVAIL: { text: "This machine has no such address, or the port is none to connect to. Check host and port" },
  EAFNOSUPPORT: { text: "This machine has no addresses of this family. Check whether it has IPv6" },
  EINVAL: { text: "The system does not take this address. A link-local one needs its zone (fe80::1%eth0)" },
  EACCES: noAccess,
  EPERM: noAccess,
  ECONNREFUSED: { text: "Nobody listens there. Check that the server runs, and its host and port" },
  ECONNRESET: {
    text: "The connection was broken off. Check that the server speaks this transport; over TLS, give `secure: true`",
  },
  EPROTO: {
    code: "ERR_OTHER_PROTOCOL",
    text: "What answers there speaks no TLS. Use ws:// (leave `secure` out), or check the port",
  },
  ETIMEDOUT: { text: "Nobody answered. Check host, port, and that no firewall drops the packets" },
  ENETUNREACH: noRoute,
  EHOSTUNREACH: noRoute,
  ENOTFOUND: noName,
  EAI_AGAIN: noName,
  EMFILE: noFiles,
  ENFILE: noFiles,
};

/** An error of the system, of which the name is known. */
export function systemError(name: string): Error & { code: string } {
  return Object.assign(new Error(`The system says ${name}`), { code: name });
}

const certificates = /CERT|LEAF_SIGNATURE/;

/** A `bind` or `connect` that failed for the reason that `why` says. */
export function trialError(
  { transport, action, host, port, tookMs }: Trial,
  why: string,
  { code, cause }: { code?: NetworkErrorCode | undefined; cause?: unknown } = {},
): NetworkError {
  const after = tookMs === undefined ? "" : ` after ${Math.round(tookMs)} ms`;
  const fallback = action === "connecting to" ? "ERR_CONNECT_FAILED" : "ERR_FAILED";
  const message = `${transport}: ${action} ${formatHost(host, port)} failed${after}: ${why}`;
  return new NetworkError(code ?? fallback, message, cause === undefined ? {} : { cause });
}

/** Translates an error of the system in a `bind` or `connect`: the same happening has the same code everywhere. */
export function translateError(trial: Trial, cause: unknown): unknown {
  const isOurs = cause instanceof NetworkError || cause instanceof RangeError || cause instanceof TypeError;
  if (isOurs || !(cause instanceof Error)) return cause;
  const { code: name = "", message } = cause as Error & { code?: string };
  const isForeign = name === "EADDRNOTAVAIL" && trial.action === "listening on";
  const known = isForeign ? noAddress : name.startsWith("HPE_") ? noHttp : meanings[name];
  const meaning = known ?? (certificates.test(name) ? badCertificate : { text: printable(message) });
  return trialError(trial, `${meaning.text}${name && ` (${name})`}`, { code: meaning.code, cause });
}

/** Says in an error of GNS what was tried, in the words of all transports; wrong arguments stay what they are. */
export function explainError(trial: Trial, error: unknown): unknown {
  if (!(error instanceof NetworkError)) return translateError(trial, error);
  const { code: name = "" } = (error.cause ?? {}) as { code?: string };
  if (name in meanings) return translateError(trial, error.cause);
  return trialError(trial, error.message, { code: error.code, cause: error });
}

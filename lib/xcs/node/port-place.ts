import { formatHost } from "../../format-host.js";
import { printable } from "../../printable.js";
import type { XcsProtocol } from "../network.js";
import { XcsError, type XcsErrorName } from "../xcs-error.js";

/** Where a port of XCS is in the system. */
export interface PortPlace {
  readonly port: number;
  readonly protocol: XcsProtocol;
  /** With the offset. */
  readonly systemPort: number;
  readonly host: string;
}

/** Whom something is sent to. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

export const textOf = ({ host, port }: Target): string => printable(formatHost(host, port));

/** What the system calls it, in XCS's words. Everything else is `EIO`. */
const names: Readonly<Record<string, XcsErrorName>> = {
  EADDRINUSE: "EADDRINUSE",
  EACCES: "EACCES",
  EPERM: "EACCES",
  EMSGSIZE: "EMSGSIZE",
  ECONNREFUSED: "ENOTCONN",
  ECONNRESET: "ENOTCONN",
  EPIPE: "ENOTCONN",
  EHOSTUNREACH: "ENOTCONN",
  ENETUNREACH: "ENOTCONN",
  ETIMEDOUT: "ENOTCONN",
  ENOTFOUND: "ENOTCONN",
  EAI_AGAIN: "ENOTCONN",
};

/** What to do about it. */
const advice: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program has it open; take another port, or a portOffset",
  EACCES: "the system does not permit it; a portOffset of 8000 makes port 80 the port 8080, which needs no rights",
  EADDRNOTAVAIL: "this computer does not have that address; leave out host, or give one of its addresses",
  EINVAL: "addresses of IPv6 are reached from a host of IPv6 only, such as ::, and those of IPv4 from one of IPv4",
  EMFILE: "the process has too many files open",
  ENOTFOUND: "that name has no address of the same family as host; check its spelling",
  ECONNREFUSED: "nobody listens there; open the port there first, without connect",
};

/** Opening a port, or sending to `target`, has failed. */
export function systemError(cause: unknown, place: PortPlace, target?: Target): XcsError {
  const { code = "", message } = cause as NodeJS.ErrnoException;
  const { port, protocol, systemPort, host } = place;
  const where = target
    ? `${textOf(target)} from port ${port}`
    : `port ${port} at ${textOf({ host, port: systemPort })}`;
  const what = target ? "Cannot reach" : "Cannot open";
  const text = `${what} ${where} (${protocol}): ${advice[code] ?? printable(message)}`;
  return new XcsError(names[code] ?? "EIO", text, { port, protocol, cause });
}

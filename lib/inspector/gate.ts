import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { formatHost, parseHost } from "../format-host.js";
import { groupsOf, isLoopback } from "../guard/address.js";

/** What a request is refused with. */
export interface Refusal {
  readonly status: number;
  readonly text: string;
}

/**
 * Lets requests through that come from the inspector's own page, or from a program that has the token. A page of
 * another site can reach a port of this computer, also under a name of its own that leads here: hence the checks of
 * Host and Origin.
 */
export class Gate {
  readonly #isHere: (host: string) => boolean;
  readonly #scheme: string;
  readonly #token: Buffer;

  /**
   * @param host where the inspector listens. At `0.0.0.0` or `::` it is at every address of the computer, and behind
   *   other ports: whatever is written in digits leads here by nobody's trick. By a name only a certificate tells.
   */
  constructor(host: string, port: number, scheme: "http" | "https", token: string) {
    const names = isThisComputer(host) ? ["127.0.0.1", "localhost", "::1", host] : [host];
    // A browser leaves the port of its scheme away, and writes an address in one way. It has no zones.
    const hosts = names.map((name) => new URL(`${scheme}://${formatHost(name.replace(/%.*/, ""), port)}`).host);
    this.#isHere = isEverywhere(host)
      ? (name) => scheme === "https" || isInDigits(name)
      : (name) => hosts.includes(name);
    this.#scheme = scheme;
    this.#token = digest(token);
  }

  /** Of every request. */
  checkSource({ headers: { host = "", origin } }: IncomingMessage): Refusal | null {
    if (!this.#isHere(host.toLowerCase())) return { status: 403, text: "The inspector is not at that host" };
    if (origin !== undefined && origin !== `${this.#scheme}://${host}`.toLowerCase()) {
      return { status: 403, text: "A page of another origin asks" };
    }
    return null;
  }

  /** Of everything but the page's own files. */
  checkToken({ headers: { authorization = "" } }: IncomingMessage): Refusal | null {
    const [, token = ""] = /^Bearer (.+)$/.exec(authorization) ?? [];
    // Digests have one length, whatever a stranger sends.
    if (timingSafeEqual(digest(token), this.#token)) return null;
    return { status: 401, text: "The token is missing or wrong: use the whole address that the inspector has printed" };
  }
}

/** Whether only programs of this computer reach it. */
export function isThisComputer(host: string): boolean {
  if (host === "localhost") return true;
  const groups = groupsOf(host);
  return groups !== null && isLoopback(groups);
}

/** Whether it stands for all addresses of a computer. */
export const isEverywhere = (host: string): boolean => host === "0.0.0.0" || host === "::";

/** Whether a Host is an address, or this computer's name for itself. */
function isInDigits(host: string): boolean {
  const name = parseHost(host)?.host;
  return name === "localhost" || (name !== undefined && groupsOf(name) !== null);
}

const digest = (text: string) => createHash("sha256").update(text).digest();

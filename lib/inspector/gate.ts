import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

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
  readonly #hosts: ReadonlySet<string>;
  readonly #scheme: string;
  readonly #token: Buffer;

  /** @param hosts what the address line of a browser may have, with the port */
  constructor(hosts: readonly string[], scheme: "http" | "https", token: string) {
    this.#hosts = new Set(hosts);
    this.#scheme = scheme;
    this.#token = digest(token);
  }

  /** Of every request. */
  checkSource({ headers: { host = "", origin } }: IncomingMessage): Refusal | null {
    if (!this.#hosts.has(host.toLowerCase())) return { status: 403, text: "The inspector is not at that host" };
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

const digest = (text: string) => createHash("sha256").update(text).digest();

import { connectError } from "../peer/peer-error.js";
import { DisconnectCode, type DisconnectReason } from "../socket/index.js";
import type { ClientLink } from "./client-link.js";
import type { NetworkPlayer } from "./players/network-player.js";
import type { Target } from "./target.js";

/** How often a client is redirected before it is admitted. */
const MAX_HOPS = 4;

/** What an attempt is for: the first connection, the session after a loss, or to follow a server's redirect. */
export type Purpose = "connect" | "resume" | "redirect";

/** A client's attempt to be admitted: by one server, and where that one redirects it, by another one. */
export class ConnectAttempt {
  readonly purpose: Purpose;
  /** Where it begins; null while that is not known. */
  readonly target: Target | null;
  /** Each was redirected to the next one; what happens to the last one counts. */
  readonly #links: ClientLink[];

  constructor(purpose: Purpose, target: Target | null, first: ClientLink) {
    this.purpose = purpose;
    this.target = target;
    this.#links = [first];
  }

  get links(): readonly ClientLink[] {
    return this.#links;
  }

  get last(): ClientLink {
    return this.#links.at(-1) as ClientLink;
  }

  /** @throws NetworkError `ERR_REDIRECT_LOOP` */
  redirect(from: ClientLink, to: ClientLink): void {
    const at = this.#links.indexOf(from) + 1;
    const hops = this.purpose === "redirect" ? at + 1 : at;
    if (hops > MAX_HOPS) throw redirectLoop(`The client was redirected more than ${MAX_HOPS} times`);
    for (const replaced of this.#links.splice(at)) replaced.drop();
    this.#links.push(to);
  }

  /** Gives up all its links but for one. */
  drop(except: ClientLink | null = null, reason?: DisconnectReason): void {
    for (const link of this.#links) if (link !== except) link.drop(reason);
  }
}

/** The attempts that a client makes at this moment. */
export class ConnectAttempts {
  readonly #all = new Set<ConnectAttempt>();

  get size(): number {
    return this.#all.size;
  }

  get links(): ClientLink[] {
    return [...this.#all].flatMap(({ links }) => links);
  }

  add(purpose: Purpose, target: Target | null, first: ClientLink): void {
    this.#all.add(new ConnectAttempt(purpose, target, first));
  }

  of(link: ClientLink): ConnectAttempt | undefined {
    return [...this.#all].find(({ links }) => links.includes(link));
  }

  linkOf(player: NetworkPlayer): ClientLink | undefined {
    return this.links.find((link) => link.player === player);
  }

  /** One has failed. */
  end(attempt: ConnectAttempt): void {
    this.#all.delete(attempt);
    attempt.drop();
  }

  /** No attempt is needed any more. @param success what has made them needless */
  clear(success: ClientLink | null = null, reason?: DisconnectReason): void {
    for (const attempt of this.#all) attempt.drop(success, attempt.last === success ? reason : undefined);
    this.#all.clear();
  }
}

export const redirectLoop = (text: string) => connectError({ code: DisconnectCode.RedirectLoop, text });

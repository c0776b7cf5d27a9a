import { unixTimeMs } from "../../clock.js";
import { NetworkError } from "../../network-error.js";
import { type RandomBytes, secureRandomBytes } from "../../random.js";
import { bytes, decode, encode, string, struct, u32, u53 } from "../../serialization/index.js";
import type { FleetKeys } from "./fleet-keys.js";

/** How long a ticket is valid. */
export const TICKET_MS = 30_000;
/** By how much the calendars of two hosts may differ. */
const SKEW_MS = 5_000;
/** How many used tickets a host remembers: its own fleet made each of them. */
const MAX_USED = 20_000;
const ID_BYTES = 12;

/** What a redirect, or a seat that was reserved, lets its bearer do: enter a room on a host, once. */
export interface Ticket {
  /** The session that is resumed there, 16 bytes; empty for a player who is new. */
  readonly session: Uint8Array;
  readonly room: string;
  /** The only host that takes it. */
  readonly host: string;
  /** The `moves` that the session has there. */
  readonly moves: number;
  /** Whom the seat was reserved for; "" for whoever proves the session. */
  readonly identity: string;
}

const ticketCodec = struct({
  id: bytes(ID_BYTES),
  session: bytes(16),
  moves: u32,
  room: string(64),
  host: string(64),
  identity: string(255),
  expiresMs: u53,
});

/** Makes tickets for other hosts, and takes those that other hosts have made for this one. */
export class TicketBook {
  readonly #keys: FleetKeys;
  readonly #host: string;
  readonly #unixTimeMs: () => number;
  readonly #randomBytes: RandomBytes;
  /** Until when a ticket that was used would be valid. */
  readonly #used = new Map<string, number>();

  /** @param host the id of this host */
  constructor(keys: FleetKeys, host: string, now: () => number = unixTimeMs, randomBytes = secureRandomBytes) {
    this.#keys = keys;
    this.#host = host;
    this.#unixTimeMs = now;
    this.#randomBytes = randomBytes;
  }

  /** Seals a ticket, at most 500 bytes, that is valid for 30 s. */
  issue(ticket: Ticket): Uint8Array {
    const id = this.#randomBytes(ID_BYTES);
    return this.#keys.seal(encode(ticketCodec, { ...ticket, id, expiresMs: this.#unixTimeMs() + TICKET_MS }));
  }

  /**
   * Takes a ticket, which is worth nothing afterwards.
   *
   * @throws NetworkError `ERR_AUTHENTICATION_FAILED`: it is forged, for another host, too old, or was used;
   *   `ERR_SERVER_BUSY`: 20,000 tickets came within half a minute
   */
  redeem(sealed: Uint8Array): Ticket {
    const opened = this.#keys.open(sealed);
    if (!opened) throw refused("is not from this fleet");
    const { id, expiresMs, ...ticket } = decode(ticketCodec, opened);
    const nowMs = this.#unixTimeMs();
    if (ticket.host !== this.#host) throw refused(`is for the host ${ticket.host}`);
    if (expiresMs + SKEW_MS <= nowMs) throw refused("is too old");
    // Its maker's calendar is ahead: it could not be forgotten in time.
    if (expiresMs > nowMs + TICKET_MS + SKEW_MS) throw refused("is from the future");
    this.#forget(nowMs);
    const key = String.fromCharCode(...id);
    if (this.#used.has(key)) throw refused("was used before");
    if (this.#used.size >= MAX_USED) throw new NetworkError("ERR_SERVER_BUSY", "Too many tickets at a time");
    this.#used.set(key, expiresMs + SKEW_MS);
    return ticket;
  }

  /** Forgets those that are too old by now; of some only later, since they stand in the order of their use. */
  #forget(nowMs: number): void {
    for (const [key, forgetMs] of this.#used) {
      if (forgetMs > nowMs) return;
      this.#used.delete(key);
    }
  }
}

const refused = (text: string) => new NetworkError("ERR_AUTHENTICATION_FAILED", `The ticket ${text}`);

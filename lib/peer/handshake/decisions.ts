import { equalBytes } from "../../bytes.js";
import type { Pass } from "../../guard/connection-guard.js";
import { Places } from "../../guard/places.js";
import { sourceOf } from "../../guard/source.js";
import type { Verdict } from "../../verdict.js";
import type { PeerConfig } from "../peer-config.js";

/** What was decided about a client, which repeats its request until it hears of it. */
export interface Decision {
  readonly address: string;
  readonly nonce: Uint8Array;
  /** From then on it does not count any more. */
  readonly endMs: number;
  /** Null while the application is asked. */
  verdict: Verdict | null;
  /** What the guard has given, until a connection has it. */
  pass: Pass | null;
}

/**
 * The decisions about clients without a connection of the transport, one for each address, so that the application is
 * asked once about each. It has `handshakeTimeoutMs`; the answer is remembered for as long again at least, if nobody
 * else needs the place.
 */
export class Decisions {
  readonly #config: PeerConfig;
  readonly #places: Places<Decision>;
  /** By address; the oldest first. */
  readonly #decisions = new Map<string, Decision>();

  constructor(config: PeerConfig) {
    this.#config = config;
    this.#places = new Places({ maxCount: config.maxPendingConnections, clock: config.clock });
  }

  find(address: string, nonce: Uint8Array): Decision | null {
    this.#forgetOld();
    const decision = this.#decisions.get(address);
    return decision && equalBytes(decision.nonce, nonce) ? decision : null;
  }

  /** A new one, which replaces that of the same address. @returns null: there is no place for it */
  begin(address: string, nonce: Uint8Array): Decision | null {
    const { clock, handshakeTimeoutMs } = this.#config;
    const earlier = this.#decisions.get(address);
    if (earlier) this.#forget(earlier);
    const decision: Decision = {
      address,
      nonce,
      endMs: clock.now() + 2 * handshakeTimeoutMs,
      verdict: null,
      pass: null,
    };
    const taken = this.#places.take(decision, sourceOf(address));
    if (taken === "full") return null;
    if (taken !== "free") this.#forget(taken.evicted);
    this.#decisions.set(address, decision);
    return decision;
  }

  #forgetOld(): void {
    const now = this.#config.clock.now();
    for (const decision of this.#decisions.values()) {
      if (decision.endMs > now) return;
      this.#forget(decision);
    }
  }

  #forget(decision: Decision): void {
    decision.pass?.ended();
    this.#decisions.delete(decision.address);
    this.#places.release(decision);
  }
}

import { isThenable } from "../brands.js";
import type { ConnectionGuard } from "../guard/connection-guard.js";
import { NetworkError } from "../network-error.js";
import { reportUncaught } from "../report-uncaught.js";
import { guardRefusal, serverFailed, serverStopped } from "../socket/building/socket-errors.js";
import {
  DisconnectCode,
  type DisconnectReason,
  type IConnectionHandle,
  type IncomingConnection,
} from "../socket/index.js";
import { type Court, judge, type Verdict } from "../verdict.js";
import type { PeerConfig } from "./peer-config.js";
import type { PeerHandler } from "./peer-handler.js";

/** The reason for those about whom the application has not decided within `handshakeTimeoutMs`. */
const undecided = { code: DisconnectCode.HandshakeTimeout, text: "The server has not decided in time" };

/** What the application says about newcomers, in time. */
export class Verdicts {
  readonly #config: PeerConfig;
  readonly #handler: Pick<PeerHandler, "beforeAccept" | "onError">;
  readonly #court: Court;
  /** What ends the wait for a verdict. */
  readonly #undecided = new Set<(verdict: Verdict) => void>();

  /** @param maxReasonCode of `beforeAccept` */
  constructor(config: PeerConfig, handler: Pick<PeerHandler, "beforeAccept" | "onError">, maxReasonCode: number) {
    this.#config = config;
    this.#handler = handler;
    const report = (error: unknown) => this.#report(error);
    this.#court = { callback: "beforeAccept", maxCode: maxReasonCode, failed: serverFailed, report };
  }

  ask(incoming: IncomingConnection): Verdict | Promise<Verdict> {
    const handler = this.#handler;
    if (!handler.beforeAccept) return true;
    const verdict = judge(this.#court, () => handler.beforeAccept?.(incoming));
    return isThenable(verdict) ? this.#inTime(verdict, incoming.address) : verdict;
  }

  /** The Peer closes: nobody waits for a verdict any more. */
  close(): void {
    for (const settle of this.#undecided) settle(serverStopped);
  }

  /** The verdict, or a refusal after `handshakeTimeoutMs`, or when the Peer closes. */
  #inTime(verdict: Promise<Verdict>, address: string): Promise<Verdict> {
    const { clock, handshakeTimeoutMs } = this.#config;
    return new Promise((resolve) => {
      const settle = (answer: Verdict) => {
        clock.clearTimeout(timer);
        this.#undecided.delete(settle);
        resolve(answer);
      };
      const timer = clock.setTimeout(() => {
        const text = `beforeAccept has not decided about ${address} within ${handshakeTimeoutMs} ms, who was refused`;
        this.#report(new NetworkError("ERR_HANDSHAKE_TIMEOUT", text));
        settle(undecided);
      }, handshakeTimeoutMs);
      this.#undecided.add(settle);
      void verdict.then(settle);
    });
  }

  #report(error: unknown): void {
    const handler = this.#handler;
    if (!handler.onError) {
      console.warn("valve-sockets: beforeAccept failed:", error);
      return;
    }
    try {
      handler.onError(error);
    } catch (thrown) {
      reportUncaught(thrown);
    }
  }
}

/**
 * Asks the guard about a connection once: the transport may have asked before.
 *
 * @returns why it is refused, null if it is not
 */
export function guardVerdict(guard: ConnectionGuard | null, handle: IConnectionHandle): DisconnectReason | null {
  if (!guard || handle.pass) return null;
  const pass = guard.accept(handle.address);
  if (pass.refused) return guardRefusal(pass);
  handle.pass = pass;
  return null;
}

/** Has the guard count a banned source. It is asked about others when they have connected. */
export function bannedVerdict(guard: ConnectionGuard | null, { address }: IncomingConnection): DisconnectReason | null {
  const verdict = guard?.isBanned(address) ? guard.accept(address) : null;
  return verdict?.refused ? guardRefusal(verdict) : null;
}

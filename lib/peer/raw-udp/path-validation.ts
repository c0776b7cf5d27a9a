import { equalBytes } from "../../bytes.js";
import type { RandomBytes } from "../../random.js";
import type { IConnectionHandle } from "../../socket/index.js";
import { PATH_CHALLENGE_BYTES } from "../packet-format.js";
import type { PathHost } from "../profile.js";

/**
 * An address that has been asked has so long to answer, and the time of a round trip, before another one is asked: few
 * addresses a second are.
 */
const CANDIDATE_INTERVAL_MS = 250;
/** A later answer counts for nothing: by then the address may be somebody else's. The next packet asks again. */
const CANDIDATE_LIFETIME_MS = 3000;

/** An address that is asked. */
interface Candidate {
  readonly handle: IConnectionHandle;
  readonly token: Uint8Array;
  readonly sinceMs: number;
  nextChallengeMs: number;
}

/**
 * Whether the other side can be reached at the address that its newest packets come from (RFC 9000, sections 8.2 and
 * 9). It hears of packets from other addresses than the one in use only, and needs no timer: a challenge answers such a
 * packet, and is not larger than three of the smallest ones, so that no address gets more than three times its bytes.
 */
export class PathValidation {
  readonly host: PathHost;
  readonly #randomBytes: RandomBytes;
  #candidate: Candidate | null = null;
  #nextCandidateMs = Number.NEGATIVE_INFINITY;

  constructor(host: PathHost, randomBytes: RandomBytes) {
    this.host = host;
    this.#randomBytes = randomBytes;
  }

  /**
   * An authenticated packet has come from elsewhere. An address that is asked stays so whatever else comes: somebody
   * who has taken the connection, and overtakes some packets of the true client, cannot keep it from being heard.
   *
   * @param largest the largest number received before it
   * @param timeoutMs how long an answer may take
   */
  onPacket(handle: IConnectionHandle, number: number, largest: number, nowMs: number, timeoutMs: number): void {
    if (this.#candidate && nowMs >= this.#candidate.sinceMs + CANDIDATE_LIFETIME_MS) this.#candidate = null;
    if (this.#candidate?.handle.equals(handle) || number <= largest || nowMs < this.#nextCandidateMs) return;
    const token = this.#randomBytes(PATH_CHALLENGE_BYTES);
    this.#candidate = { handle: handle.copy(), token, sinceMs: nowMs, nextChallengeMs: nowMs };
    this.#nextCandidateMs = nowMs + Math.max(CANDIDATE_INTERVAL_MS, timeoutMs);
  }

  /**
   * The token of a challenge for the sender of the packet, null when none is due.
   *
   * @param timeoutMs how long the answer may take before the challenge is repeated
   */
  takeChallenge(handle: IConnectionHandle, nowMs: number, timeoutMs: number): Uint8Array | null {
    const candidate = this.#candidate;
    if (!candidate?.handle.equals(handle) || nowMs < candidate.nextChallengeMs) return null;
    candidate.nextChallengeMs = nowMs + timeoutMs;
    return candidate.token;
  }

  /** An answer has come. @returns the address to use from now on, and since when it was asked; null: no valid answer */
  takeAnswered(handle: IConnectionHandle, token: Uint8Array): Readonly<Candidate> | null {
    const candidate = this.#candidate;
    if (!candidate?.handle.equals(handle) || !equalBytes(token, candidate.token)) return null;
    this.#candidate = null;
    return candidate;
  }
}

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

/** A challenge is not repeated sooner: the last byte of its token tells all of a lifetime apart. */
const MIN_CHALLENGE_INTERVAL_MS = 20;

/** An address that is asked. */
class Candidate {
  readonly #token: Uint8Array;
  /** When each challenge was sent. The time of an answer to a repeated one says nothing if it is not known to which. */
  readonly #sentMs: number[] = [];

  constructor(
    readonly handle: IConnectionHandle,
    randomBytes: RandomBytes,
    readonly sinceMs: number,
  ) {
    this.#token = randomBytes(PATH_CHALLENGE_BYTES);
  }

  /** As `PathValidation.takeChallenge`. */
  takeChallenge(nowMs: number, timeoutMs: number): Uint8Array | null {
    const lastMs = this.#sentMs.at(-1) ?? Number.NEGATIVE_INFINITY;
    if (nowMs < lastMs + Math.max(timeoutMs, MIN_CHALLENGE_INTERVAL_MS)) return null;
    return this.#tokenOf(this.#sentMs.push(nowMs) - 1);
  }

  /** How long the answer with this token took, NaN: it is no answer. */
  roundTripMs(token: Uint8Array, nowMs: number): number {
    const last = PATH_CHALLENGE_BYTES - 1;
    const index = ((token[last] as number) - (this.#token[last] as number)) & 0xff;
    const sentMs = this.#sentMs[index] ?? Number.NaN;
    return equalBytes(token, this.#tokenOf(index)) ? nowMs - sentMs : Number.NaN;
  }

  #tokenOf(index: number): Uint8Array {
    const token = this.#token.slice();
    token[PATH_CHALLENGE_BYTES - 1] = (token[PATH_CHALLENGE_BYTES - 1] as number) + index;
    return token;
  }
}

/**
 * Whether the other side can be reached at the address that its newest packets come from (RFC 9000, sections 8.2 and
 * 9). It hears of packets from other addresses than the one in use only, and needs no timer: a challenge answers such a
 * packet, and is not larger than three of the smallest ones, so that no address gets more than three times its bytes.
 *
 * The address that a client has left is asked once without a packet (9.3.3): a client that is still there has not
 * moved, and somebody else has been quicker with copies of its packets.
 */
export class PathValidation {
  readonly host: PathHost;
  readonly #randomBytes: RandomBytes;
  /** An address from which a newer packet has come than all before. */
  #candidate: Candidate | null = null;
  /** The one that has been left. */
  #former: Candidate | null = null;
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
    this.#candidate = whileAlive(this.#candidate, nowMs);
    this.#former = whileAlive(this.#former, nowMs);
    if (this.#find(handle) || number <= largest || nowMs < this.#nextCandidateMs) return;
    this.#candidate = new Candidate(handle.copy(), this.#randomBytes, nowMs);
    this.#nextCandidateMs = nowMs + Math.max(CANDIDATE_INTERVAL_MS, timeoutMs);
  }

  /**
   * The token of a challenge for the sender of the packet, null when none is due.
   *
   * @param timeoutMs how long the answer may take before the challenge is repeated
   */
  takeChallenge(handle: IConnectionHandle, nowMs: number, timeoutMs: number): Uint8Array | null {
    return this.#find(handle)?.takeChallenge(nowMs, timeoutMs) ?? null;
  }

  /**
   * An answer has come: if it is valid, `handle` is the address to use from now on. The one that is left is asked as
   * well, but not by a client that has come back to where it was.
   *
   * @returns how long the answer took, NaN: it is no valid one
   */
  takeAnswered(handle: IConnectionHandle, token: Uint8Array, nowMs: number): number {
    const answered = this.#find(handle);
    const roundTripMs = answered?.roundTripMs(token, nowMs) ?? Number.NaN;
    if (Number.isNaN(roundTripMs)) return roundTripMs;
    const isReturn = answered === this.#former;
    this.#candidate = null;
    this.#former = isReturn ? null : new Candidate(this.host.handle, this.#randomBytes, nowMs);
    return roundTripMs;
  }

  #find(handle: IConnectionHandle): Candidate | null {
    const candidates = [this.#candidate, this.#former];
    return candidates.find((candidate) => candidate?.handle.equals(handle)) ?? null;
  }
}

function whileAlive(candidate: Candidate | null, nowMs: number): Candidate | null {
  return candidate && nowMs < candidate.sinceMs + CANDIDATE_LIFETIME_MS ? candidate : null;
}

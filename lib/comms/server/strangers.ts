import type { Clock } from "../../clock.js";
import { Places } from "../../guard/places.js";
import { sourceOf } from "../../guard/source.js";
import type { DisconnectReason } from "../../socket/index.js";
import type { PeerKey } from "../values/peer-key.js";

/** A peer that is connected says hello within this time. */
export const HELLO_TIMEOUT_MS = 5000;
/** So many peers may be connected without a client: fewer than any transport has connections. */
export const MAX_STRANGERS = 256;

const NO_HELLO: DisconnectReason = { code: 0, text: "No hello of a voice session" };
const CROWDED: DisconnectReason = { code: 0, text: "Too many connections without a voice client" };

interface Stranger<TPeer> {
  readonly peer: TPeer;
  readonly address: string;
  /** `Infinity` while it has a client. */
  untilMs: number;
}

/**
 * The peers that are connected, as far as the transport tells. Those without a client have a deadline, and a place
 * among all of them: where there are too many, the oldest of the most crowded address leaves.
 */
export class Strangers<TPeer> {
  readonly #clock: Clock;
  readonly #disconnect: (peer: TPeer, reason: DisconnectReason) => void;
  readonly #connected = new Map<PeerKey, Stranger<TPeer>>();
  /** Those without a client, the earliest deadline first. */
  readonly #waiting = new Set<Stranger<TPeer>>();
  readonly #places: Places<Stranger<TPeer>>;
  /** The earliest deadline, or one that was; `Infinity`: nobody waits. */
  deadlineMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, disconnect: (peer: TPeer, reason: DisconnectReason) => void) {
    this.#clock = clock;
    this.#disconnect = disconnect;
    this.#places = new Places({ maxCount: MAX_STRANGERS, clock });
  }

  /** How many have no client. */
  get count(): number {
    return this.#waiting.size;
  }

  /** @param address `host:port`, for the shares */
  connected(key: PeerKey, peer: TPeer, address: string): void {
    this.gone(key);
    const stranger = { peer, address: sourceOf(address), untilMs: Number.POSITIVE_INFINITY };
    this.#connected.set(key, stranger);
    this.#wait(stranger);
  }

  /** It has a client. */
  joined(key: PeerKey): void {
    const stranger = this.#connected.get(key);
    if (!stranger) return;
    stranger.untilMs = Number.POSITIVE_INFINITY;
    this.#waiting.delete(stranger);
    this.#places.release(stranger);
  }

  /** It has none any more, and is connected still. */
  left(key: PeerKey): void {
    const stranger = this.#connected.get(key);
    if (stranger && !this.#waiting.has(stranger)) this.#wait(stranger);
  }

  /** It is not connected any more. */
  gone(key: PeerKey): void {
    this.joined(key);
    this.#connected.delete(key);
  }

  /** Disconnects those that have said no hello in time. */
  update(nowMs: number): void {
    if (nowMs < this.deadlineMs) return;
    this.deadlineMs = Number.POSITIVE_INFINITY;
    for (const stranger of this.#waiting) {
      if (stranger.untilMs > nowMs) {
        this.deadlineMs = stranger.untilMs;
        return;
      }
      this.#expel(stranger, NO_HELLO);
    }
  }

  #wait(stranger: Stranger<TPeer>): void {
    stranger.untilMs = this.#clock.now() + HELLO_TIMEOUT_MS;
    this.#waiting.add(stranger);
    this.deadlineMs = Math.min(this.deadlineMs, stranger.untilMs);
    const taken = this.#places.take(stranger, stranger.address);
    if (taken !== "free") this.#expel(taken === "full" ? stranger : taken.evicted, CROWDED);
  }

  #expel(stranger: Stranger<TPeer>, reason: DisconnectReason): void {
    this.#waiting.delete(stranger);
    this.#places.release(stranger);
    this.#disconnect(stranger.peer, reason);
  }
}

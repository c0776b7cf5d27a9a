import type { Clock } from "../../clock.js";
import type { RandomBytes } from "../../random.js";
import type { NetworkPlayer } from "../players/network-player.js";
import { SESSION_ID_BYTES } from "./session-proof.js";

export interface SessionOptions {
  /** How long a lost player may come back. Default 30,000. */
  resumeWindowMs: number;
  /** Lost players that are waited for; above that the one lost first ends. Default 100. */
  maxSuspended: number;
}

export interface Session {
  readonly player: NetworkPlayer;
  readonly id: Uint8Array;
  readonly secret: Uint8Array;
}

const SESSION_SECRET_BYTES = 32;

/** The sessions of a server's players: who can come back, and until when. */
export class SessionTable {
  readonly options: SessionOptions;
  readonly #clock: Clock;
  readonly #randomBytes: RandomBytes;
  readonly #expire: (player: NetworkPlayer) => void;
  readonly #byId = new Map<string, Session>();
  readonly #byPlayer = new Map<NetworkPlayer, Session>();
  /** The one lost first comes first. */
  readonly #timers = new Map<NetworkPlayer, unknown>();

  /** @param expire ends a player who has not come back */
  constructor(
    options: Partial<SessionOptions>,
    clock: Clock,
    randomBytes: RandomBytes,
    expire: (player: NetworkPlayer) => void,
  ) {
    this.options = { resumeWindowMs: 30_000, maxSuspended: 100, ...options };
    this.#clock = clock;
    this.#randomBytes = randomBytes;
    this.#expire = expire;
  }

  create(player: NetworkPlayer): Session {
    const session = {
      player,
      id: this.#randomBytes(SESSION_ID_BYTES),
      secret: this.#randomBytes(SESSION_SECRET_BYTES),
    };
    this.#byId.set(hex(session.id), session);
    this.#byPlayer.set(player, session);
    return session;
  }

  has(player: NetworkPlayer): boolean {
    return this.#byPlayer.has(player);
  }

  of(player: NetworkPlayer): Session | undefined {
    return this.#byPlayer.get(player);
  }

  find(id: Uint8Array): Session | null {
    return this.#byId.get(hex(id)) ?? null;
  }

  /** The player's connection was lost. */
  suspend(player: NetworkPlayer): void {
    const timer = this.#clock.setTimeout(() => this.#expire(player), this.options.resumeWindowMs);
    this.#timers.set(player, timer);
    if (this.#timers.size <= this.options.maxSuspended) return;
    const [first] = this.#timers.keys();
    this.#expire(first as NetworkPlayer);
  }

  resume(player: NetworkPlayer): void {
    this.#clock.clearTimeout(this.#timers.get(player));
    this.#timers.delete(player);
  }

  /** The player has left. */
  remove(player: NetworkPlayer): void {
    this.resume(player);
    const session = this.#byPlayer.get(player);
    if (!session) return;
    this.#byPlayer.delete(player);
    this.#byId.delete(hex(session.id));
  }
}

const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

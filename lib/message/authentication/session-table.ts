import { hexOf } from "../../bytes.js";
import type { Clock } from "../../clock.js";
import { follow } from "../../follow.js";
import type { PlacesMetrics } from "../../guard/places.js";
import { RankedPlaces } from "../../guard/ranked-places.js";
import { SoftShares } from "../../guard/soft-shares.js";
import { sourceOf } from "../../guard/source.js";
import { checkOptions, durationOption, integerOption, type OptionRules, thingOption } from "../../options.js";
import type { RandomBytes } from "../../random.js";
import { DisconnectCode } from "../../socket/index.js";
import type { NetworkPlayer } from "../players/network-player.js";
import type { PlayerAuthentication } from "../players/player.js";
import { LOSSES } from "./ends.js";
import { type ClientSession, SESSION_ID_BYTES } from "./session-proof.js";
import {
  checkSecret,
  checkStored,
  SESSION_SECRET_BYTES,
  type SessionStore,
  type StoredSession,
} from "./session-store.js";

/** Reasons after which a player may come back: a newer connection of its client may have replaced this one. */
export const SERVER_LOSSES = new Set<number>([...LOSSES, DisconnectCode.Replaced]);

/** So many sessions may be looked for in the store at a time, before anybody has proved anything. */
const MAX_FINDING = 1024;

/** Settings of sessions: how players come back whose connection was lost. */
export interface SessionOptions {
  /** How long a player whose connection was lost may come back, 0 or more. @defaultValue 30,000 ms */
  resumeWindowMs: number;
  /**
   * How many players may be suspended at a time, 0 to 100,000. When one more is lost, the server gives up the one who
   * was connected for the shortest time; the second of one source (an IPv4 address, an IPv6 /64) counts half of its
   * time, the third a third, and so on.
   *
   * @defaultValue 1000
   */
  maxSuspended: number;
  /** Keeps sessions for other servers too. @defaultValue none: they are this server's, and end with it */
  store?: SessionStore;
}

/** Known to the server and the player's client; whoever has the secret can resume the session. */
export interface Session extends Readonly<ClientSession> {
  readonly player: NetworkPlayer;
  /** How long the player was connected in all, but for the time since `connectedMs`. */
  playedMs: number;
  /** When the player connected last, by the clock. */
  connectedMs: number;
}

const SESSION_OPTIONS: OptionRules<Partial<SessionOptions>> = {
  resumeWindowMs: durationOption(),
  maxSuspended: integerOption(0, 100_000),
  store: thingOption("a session store", "create", "find", "remove"),
};

/** Which players can come back, and until when. It knows no server: several may share one, and it may outlive them. */
export class SessionTable {
  readonly options: SessionOptions;
  readonly #clock: Clock;
  readonly #randomBytes: RandomBytes;
  readonly #byId = new Map<string, Session>();
  readonly #byPlayer = new Map<NetworkPlayer, Session>();
  readonly #suspended = new Map<NetworkPlayer, { timer: unknown; expire(): void }>();
  readonly #places: RankedPlaces<NetworkPlayer>;
  readonly #report: (error: unknown) => void;
  readonly #finding = new SoftShares(MAX_FINDING);

  /** @param report gets what the store throws while nobody waits for it */
  constructor(
    options: Partial<SessionOptions>,
    clock: Clock,
    randomBytes: RandomBytes,
    report: (error: unknown) => void,
  ) {
    checkOptions("sessions", options, SESSION_OPTIONS);
    this.options = { resumeWindowMs: 30_000, maxSuspended: 1000, ...options };
    this.#places = new RankedPlaces(this.options.maxSuspended);
    this.#clock = clock;
    this.#randomBytes = randomBytes;
    this.#report = report;
  }

  /** How full the table of suspended players is. */
  get metrics(): PlacesMetrics {
    return this.#places.metrics;
  }

  /** A player was admitted. @throws TypeError for a store that gives no secret; what the store throws */
  create(player: NetworkPlayer): Session {
    const { store } = this.options;
    const id = store?.newId?.() ?? this.#randomBytes(SESSION_ID_BYTES);
    const secret = store
      ? store.create(id, player.authentication as PlayerAuthentication)
      : this.#randomBytes(SESSION_SECRET_BYTES);
    follow(secret, this.#report);
    checkSecret(secret);
    return this.adopt(player, id, secret);
  }

  /** A player was admitted whose session is from elsewhere. */
  adopt(player: NetworkPlayer, id: Uint8Array, secret: Uint8Array): Session {
    const session = {
      player,
      id,
      secret,
      resumeWindowMs: this.options.resumeWindowMs,
      playedMs: 0,
      connectedMs: this.#clock.now(),
    };
    this.#byId.set(hexOf(session.id), session);
    this.#byPlayer.set(player, session);
    return session;
  }

  of(player: NetworkPlayer): Session | undefined {
    return this.#byPlayer.get(player);
  }

  find(id: Uint8Array): Session | null {
    return this.#byId.get(hexOf(id)) ?? null;
  }

  /**
   * A session that is not known here, from the store.
   *
   * @param source who asks for it
   * @returns `"busy"`: the store is being asked for as many as it may be, by clients that may have left since
   * @throws (rejects) TypeError; what the store throws
   */
  async findStored(id: Uint8Array, source: string): Promise<StoredSession | null | "busy"> {
    const { store } = this.options;
    if (!store) return null;
    if (!this.#finding.tryTake(source)) return "busy";
    try {
      const found = (await store.find(id)) ?? null;
      checkStored(found);
      return found;
    } finally {
      this.#finding.release(source);
    }
  }

  /** The player's connection was lost. @param expire is called when the player has not come back in time */
  suspend(player: NetworkPlayer, expire: () => void): void {
    const session = this.#byPlayer.get(player) as Session;
    session.playedMs += this.#clock.now() - session.connectedMs;
    const taken = this.#places.take(player, sourceOf(player.address), session.playedMs);
    if (taken === "full") {
      expire();
      return;
    }
    this.#suspended.set(player, { timer: this.#clock.setTimeout(expire, this.options.resumeWindowMs), expire });
    if (taken !== "free") this.#suspended.get(taken.evicted)?.expire();
  }

  /** The player has come back, if it was suspended. */
  resume(player: NetworkPlayer): void {
    const session = this.#byPlayer.get(player);
    if (session && this.#release(player)) session.connectedMs = this.#clock.now();
  }

  /** The player has left. @param goesOn its session is at another server, and stays in the store */
  remove(player: NetworkPlayer, goesOn = false): void {
    this.#release(player);
    const session = this.#byPlayer.get(player);
    if (!session) return;
    this.#byPlayer.delete(player);
    this.#byId.delete(hexOf(session.id));
    const { store } = this.options;
    try {
      follow(goesOn ? store?.leave?.(session.id) : store?.remove(session.id), this.#report);
    } catch (error) {
      this.#report(error);
    }
  }

  #release(player: NetworkPlayer): boolean {
    this.#clock.clearTimeout(this.#suspended.get(player)?.timer);
    this.#suspended.delete(player);
    return this.#places.release(player);
  }
}

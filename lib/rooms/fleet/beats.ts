import type { Clock } from "../../clock.js";
import type { Door } from "../../message/index.js";
import {
  array,
  bool,
  bytes,
  decode,
  encode,
  float32,
  type Infer,
  string,
  struct,
  u32,
} from "../../serialization/index.js";
import type { Engine } from "../engine/engine.js";

/** How long no beat has to come until a host counts as dead. */
export const DEAD_MS = 1500;
export const BEAT_MS = 500;
/** How many hosts are remembered. */
const MAX_HOSTS = 10_000;
/** A new host hears the others so soon. */
const NEWS_MS = 10;

const beatCodec = struct({
  id: string(64),
  /** Of its protocol. */
  fingerprint: bytes(8),
  /** What its fleet keys are called. */
  keyTags: array(bytes(8), 2),
  /** Where clients reach it, for each kind of socket, as that kind's text. */
  addresses: array(struct({ kind: string(32), address: string(255) }), 8),
  /** Its public key; empty without one. */
  serverKey: string(64),
  rooms: u32,
  players: u32,
  /** How many players it takes. */
  capacity: u32,
  /** How busy it is: 0 to 1. */
  load: float32,
  isDraining: bool,
  /** Its last beat: it ends. */
  isLast: bool,
});

const subjectOf = (app: string) => `vs.${app}.beats`;

/**
 * Listens to hosts without being one.
 *
 * @param on gets what a host says of itself; null: it has ended
 * @returns ends it
 */
export function hearHosts(engine: Engine, app: string, on: (id: string, state: HostState | null) => void): () => void {
  return engine.subscribe(subjectOf(app), (data) => {
    const beat = tryDecode(data);
    if (!beat) return;
    const { isLast, ...state } = beat;
    on(state.id, isLast ? null : state);
  });
}

/** Listens to the hosts of all fleets. @param on gets the name of a fleet with each beat @returns ends it */
export function hearApps(engine: Engine, on: (app: string) => void): () => void {
  return engine.subscribe(subjectOf("*"), (_data, subject) => on(subject.split(".")[1] ?? ""));
}

/** What a host says of itself with every beat. */
export type HostState = Omit<Infer<typeof beatCodec>, "isLast">;

/** Where clients reach a host, by the kinds of sockets. */
export const addressesOf = ({ addresses }: HostState): Record<string, string> =>
  Object.fromEntries(addresses.map(({ kind, address }) => [kind, address]));

/** The same with its key, for clients. */
export const doorOf = (state: HostState): Door => ({
  addresses: addressesOf(state),
  ...(state.serverKey && { serverKey: state.serverKey }),
});

/** The settings of beats. */
export interface BeatOptions {
  engine: Engine;
  /** A name as of a bucket: what distinguishes this fleet from others on the same engine. */
  app: string;
  clock: Clock;
  /** Of this host. */
  id: string;
  /** What this host says of itself. */
  state(): HostState;
  /** A host has come, is gone, or takes no players any more, or again. */
  changed?(): void;
  /** @defaultValue 500 ms */
  beatMs?: number;
  /** @defaultValue 1500 ms */
  deadMs?: number;
}

/**
 * The beats of this host, and the hosts whose beats it hears. A host is dead when no beat of it has come for `deadMs`;
 * but nobody is declared dead while this host's own beats do not come back to it, nor for `deadMs` after that: then the
 * link, the engine, or this process itself stood still.
 *
 * All hosts beat at the same time: who hears a beat when half of its own interval is over beats as well. An idle
 * process then wakes for all beats of a fleet at once, and not for each, which costs far more than what it hears. Who
 * hears a new host beats soon: it is to know the others before it takes their players.
 */
export class Beats {
  readonly #options: Required<BeatOptions>;
  readonly #subject: string;
  readonly #heard = new Map<string, { state: HostState; atMs: number }>();
  readonly #ends: (() => void)[] = [];
  #timer: unknown;
  #dueMs = Number.POSITIVE_INFINITY;
  /** When this host has beaten last. */
  #beatenMs = Number.NEGATIVE_INFINITY;
  /** When this host's own beat came last, and since when they come without a gap. */
  #ownMs = Number.NEGATIVE_INFINITY;
  #steadySinceMs = Number.POSITIVE_INFINITY;

  constructor(options: BeatOptions) {
    this.#options = { beatMs: BEAT_MS, deadMs: DEAD_MS, changed: () => {}, ...options };
    this.#subject = subjectOf(options.app);
  }

  start(): void {
    const { engine } = this.#options;
    this.#ends.push(
      engine.subscribe(this.#subject, (data) => this.#hear(data)),
      engine.on("lost", () => this.#interrupt()),
    );
    this.#beat();
  }

  /** Tells the others that this host ends. */
  stop(): void {
    this.#options.clock.clearTimeout(this.#timer);
    for (const end of this.#ends.splice(0)) end();
    this.#publish(true);
    this.#interrupt();
  }

  /** The hosts that are alive, this one included, as they were with their last beats. */
  hosts(): HostState[] {
    this.#forgetDead();
    return [...this.#heard.values()].map(({ state }) => state);
  }

  /** A host that is alive. */
  find(id: string): HostState | undefined {
    return this.isDead(id) ? undefined : this.#heard.get(id)?.state;
  }

  /** Whether a host is known to be dead. One that was never heard of is as well, when it would have been heard. */
  isDead(id: string): boolean {
    const { clock, deadMs } = this.#options;
    const nowMs = clock.now();
    const isSteady = nowMs - this.#ownMs < deadMs && nowMs - this.#steadySinceMs >= deadMs;
    return isSteady && nowMs - (this.#heard.get(id)?.atMs ?? Number.NEGATIVE_INFINITY) >= deadMs;
  }

  #beat(): void {
    const { clock, beatMs } = this.#options;
    this.#beatenMs = clock.now();
    this.#publish(false);
    this.#forgetDead();
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#beatIn(beatMs);
  }

  /** Beats after this time, unless it does so earlier. */
  #beatIn(ms: number): void {
    const { clock } = this.#options;
    const dueMs = clock.now() + ms;
    if (dueMs >= this.#dueMs) return;
    clock.clearTimeout(this.#timer);
    this.#dueMs = dueMs;
    this.#timer = clock.setTimeout(() => this.#beat(), ms);
  }

  #publish(isLast: boolean): void {
    const { engine, state } = this.#options;
    engine.publish(this.#subject, encode(beatCodec, { ...state(), isLast }));
  }

  #hear(data: Uint8Array): void {
    const beat = tryDecode(data);
    if (!beat) return; // Of another version, or of no host.
    const { isLast, ...state } = beat;
    const nowMs = this.#options.clock.now();
    if (state.id === this.#options.id) {
      if (nowMs - this.#ownMs >= this.#options.deadMs) this.#steadySinceMs = nowMs;
      this.#ownMs = nowMs;
    }
    const before = this.#heard.get(state.id)?.state;
    if (isLast) this.#heard.delete(state.id);
    else if (before || this.#heard.size < MAX_HOSTS) this.#heard.set(state.id, { state, atMs: nowMs });
    if (isLast || before?.isDraining !== state.isDraining) this.#options.changed();
    if (nowMs - this.#beatenMs >= this.#options.beatMs / 2) this.#beat();
    else if (!before && !isLast) this.#beatIn(NEWS_MS);
  }

  #interrupt(): void {
    this.#ownMs = Number.NEGATIVE_INFINITY;
    this.#steadySinceMs = Number.POSITIVE_INFINITY;
  }

  #forgetDead(): void {
    const { size } = this.#heard;
    for (const id of this.#heard.keys()) if (this.isDead(id)) this.#heard.delete(id);
    if (this.#heard.size < size) this.#options.changed();
  }
}

function tryDecode(data: Uint8Array): Infer<typeof beatCodec> | null {
  try {
    return decode(beatCodec, data);
  } catch {
    return null;
  }
}

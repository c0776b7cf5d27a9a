import type { Clock } from "../clock.js";
import { type ConnectionRecorder, recorderOf } from "../message/players/connection-recorder.js";
import type { NetworkPlayer } from "../message/players/network-player.js";
import type { RecordedEvent, TimelineChunk } from "./snapshot.js";

/** Events that are kept of a connection until the page asks for them: a second at 5000 packets a second. */
const MAX_EVENTS = 5000;
/** A connection that nobody has asked for so long is not recorded any more. */
const FORGET_MS = 5000;

interface Watch {
  readonly recorder: ConnectionRecorder;
  readonly end: () => void;
  readonly events: RecordedEvent[];
  /** How many events have left `events`. */
  dropped: number;
  askedMs: number;
}

/** Records the connections that pages look at, and no others. */
export class Watches {
  readonly #clock: Clock;
  readonly #watches = new Map<NetworkPlayer, Watch>();
  #timer: unknown = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What has happened to a player's connection since the first `after` events. The first call begins to record. */
  ask(player: NetworkPlayer, after: number): Omit<TimelineChunk, "player"> {
    const watch = this.#watchOf(player);
    watch.askedMs = this.#clock.now();
    this.#timer ??= this.#clock.setTimeout(() => this.#onTimer(), FORGET_MS);
    const first = Math.max(after, watch.dropped);
    const { address, transport } = player;
    const events = watch.events.slice(first - watch.dropped);
    return { address, transport, next: watch.dropped + watch.events.length, first, events };
  }

  close(): void {
    for (const { end } of this.#watches.values()) end();
    this.#watches.clear();
    this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  #watchOf(player: NetworkPlayer): Watch {
    const recorder = recorderOf(player, this.#clock);
    const known = this.#watches.get(player);
    // A player that has come back has another connection.
    if (known?.recorder === recorder) return known;
    known?.end();
    const events: RecordedEvent[] = known?.events ?? [];
    const end = recorder.add((name, data) => {
      events.push([Math.round(this.#clock.now() * 1000) / 1000, name, data]);
      if (events.length > MAX_EVENTS) watch.dropped += events.splice(0, MAX_EVENTS / 10).length;
    });
    const watch: Watch = { recorder, end, events, dropped: known?.dropped ?? 0, askedMs: 0 };
    this.#watches.set(player, watch);
    return watch;
  }

  #onTimer(): void {
    this.#timer = null;
    for (const [player, { askedMs, end }] of this.#watches) {
      if (this.#clock.now() - askedMs < FORGET_MS) continue;
      end();
      this.#watches.delete(player);
    }
    if (this.#watches.size > 0) this.#timer = this.#clock.setTimeout(() => this.#onTimer(), FORGET_MS);
  }
}

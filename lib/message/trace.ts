import { type Clock, unixTimeMs } from "../clock.js";
import type { EventHub } from "../event-hub.js";
import { follow } from "../follow.js";
import type { IConnection } from "../peer/index.js";
import { printableJson } from "../printable.js";
import type { DisconnectReason } from "../socket/index.js";
import type { Logger } from "./logger.js";
import type { NetworkClientEvents, NetworkServerEvents } from "./network-events.js";
import { type RecordSink, recorderOf } from "./players/connection-recorder.js";
import type { NetworkPlayer } from "./players/network-player.js";
import type { INetworkPlayer } from "./players/player.js";

/** Takes a trace line by line: each is a JSON object without its line break. */
export type TraceSink = (line: string) => void;

/** What a trace has: the life and counters of connections, or their messages and packets too. */
export type TraceDetail = "connections" | "packets";

const METRICS_INTERVAL_MS = 1000;

/** How many traces this process has begun. */
let lastTrace = 0;

interface Traced {
  readonly id: number;
  readonly startedMs: number;
  /** The counters of the connection as they were written last. */
  last: string;
  lost: number;
  /** No events of its packets and messages any more. */
  readonly end: () => void;
}

/**
 * Writes what happens to connections as lines of JSON, with the event names of qlog where it has them: their life,
 * handshakes, losses, and every second the counters of those whose counters have changed.
 */
export class Trace {
  readonly #sink: TraceSink;
  readonly #detail: TraceDetail;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** Of every line: the side, and a number that no other server or client of this process has. */
  readonly #source: string;
  readonly #connections = new Map<IConnection, Traced>();
  #lastId = 0;
  #hasFailed = false;
  #timer: unknown = null;

  constructor(sink: TraceSink, side: "server" | "client", detail: TraceDetail, clock: Clock, logger: Logger) {
    this.#sink = sink;
    this.#detail = detail;
    this.#clock = clock;
    this.#logger = logger;
    this.#source = `${side}-${++lastTrace}`;
    const origin = {
      source: this.#source,
      title: "valve-sockets",
      vantage_point: { type: side },
      reference_time: unixTimeMs() - clock.now(),
    };
    this.#write(origin);
  }

  event(name: string, data: object = {}): void {
    this.#write({ time: Math.round(this.#clock.now() * 1000) / 1000, source: this.#source, name, data });
  }

  connectionStarted(player: NetworkPlayer): void {
    const connection = player.lastConnection;
    const id = ++this.#lastId;
    const { address, transport } = connection.handle;
    this.event("connectivity:connection_started", { id, address, transport, security: connection.security });
    if (this.#hasFailed) return;
    const sink: RecordSink = (name, data) => this.event(name, { id, ...data });
    const end = this.#detail === "packets" ? recorderOf(player, this.#clock).add(sink) : () => {};
    this.#connections.set(connection, { id, startedMs: this.#clock.now(), last: "", lost: 0, end });
    this.#timer ??= this.#clock.setTimeout(() => this.#onTimer(), METRICS_INTERVAL_MS);
  }

  connectionClosed(connection: IConnection, { code, text }: DisconnectReason): void {
    const traced = this.#connections.get(connection);
    if (!traced) return;
    this.#writeMetrics(connection, traced);
    this.#connections.delete(connection);
    traced.end();
    const durationMs = Math.round(this.#clock.now() - traced.startedMs);
    this.event("connectivity:connection_closed", { id: traced.id, code, reason: text, duration_ms: durationMs });
  }

  /** Writes how players come and go. */
  watch(events: Pick<EventHub<NetworkClientEvents>, "on">): void {
    for (const name of ["connected", "authenticated", "suspended", "resumed"] as const) {
      events.on(name, (...[player]) => this.#ofPlayer("connection_state_updated", player, { new: name }));
    }
  }

  /** Writes to which addresses players move, too. */
  watchServer(events: Pick<EventHub<NetworkServerEvents>, "on">): void {
    this.watch(events as Pick<EventHub<NetworkClientEvents>, "on">);
    events.on("moved", (player, from) => this.#ofPlayer("moved", player, { from, to: player.address }));
  }

  #ofPlayer(name: string, player: INetworkPlayer, data: object): void {
    const id = player.connection ? this.#connections.get(player.connection)?.id : undefined;
    this.event(`connectivity:${name}`, { id, player: player.id, ...data });
  }

  #onTimer(): void {
    this.#timer = null;
    for (const [connection, traced] of this.#connections) this.#writeMetrics(connection, traced);
    if (this.#connections.size === 0 || this.#hasFailed) return;
    this.#timer = this.#clock.setTimeout(() => this.#onTimer(), METRICS_INTERVAL_MS);
  }

  #writeMetrics(connection: IConnection, traced: Traced): void {
    const metrics = { smoothed_rtt: connection.roundTripTimeMs, ...connection.metrics };
    const text = JSON.stringify(metrics);
    if (text === traced.last) return;
    traced.last = text;
    const { packetsLost } = metrics;
    if (packetsLost > traced.lost) {
      this.event("recovery:packet_lost", { id: traced.id, packets: packetsLost - traced.lost });
    }
    traced.lost = packetsLost;
    this.event("recovery:metrics_updated", { id: traced.id, ...metrics });
  }

  #write(record: object): void {
    if (this.#hasFailed) return;
    try {
      follow(this.#sink(printableJson(JSON.stringify(record))), (error) => this.#failed(error));
    } catch (error) {
      this.#failed(error);
    }
  }

  /** A trace is never worth a connection. */
  #failed(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    for (const { end } of this.#connections.values()) end();
    this.#connections.clear();
    this.#clock.clearTimeout(this.#timer);
    this.#logger.warn("valve-sockets: the trace cannot be written, and ends", error);
  }
}

import type { ConnectionRow, InspectorSnapshot, MessageRow, ObjectRow, Rates } from "../snapshot.js";

/** A minute at four snapshots a second. */
const KEPT = 240;

/** A series for a plot: times in seconds, and values. */
export interface Series {
  readonly times: number[];
  readonly values: number[][];
}

/** Connections of GNS alone are counted by nobody. */
const slowestOf = ({ kind, figures, connections }: InspectorSnapshot): number | undefined =>
  kind === "sockets"
    ? connections.reduce((most, { roundTripTimeMs }) => Math.max(most, roundTripTimeMs), 0)
    : figures["connections.roundTripTimeMs"];

/** The last minute of snapshots, and what can be computed from two of them. */
export class History {
  #snapshots: InspectorSnapshot[] = [];
  #rows: Map<number, ConnectionRow>[] = [];

  add(snapshot: InspectorSnapshot): void {
    // The server was started again, with the same token: its clock and its counters are others.
    if (this.last && snapshot.timeMs < this.last.timeMs) [this.#snapshots, this.#rows] = [[], []];
    this.#snapshots.push(snapshot);
    this.#rows.push(new Map(snapshot.connections.map((row) => [row.id, row])));
    if (this.#snapshots.length <= KEPT) return;
    this.#snapshots.shift();
    this.#rows.shift();
  }

  get last(): InspectorSnapshot | null {
    return this.#snapshots.at(-1) ?? null;
  }

  /** The snapshot about a second ago, and the seconds since then. */
  #before(): { index: number; seconds: number } | null {
    const { last } = this;
    if (!last) return null;
    for (let index = this.#snapshots.length - 2; index >= 0; index--) {
      const seconds = (last.timeMs - (this.#snapshots[index] as InspectorSnapshot).timeMs) / 1000;
      if (seconds >= 0.9 || index === 0) return seconds > 0 ? { index, seconds } : null;
    }
    return null;
  }

  ratesOf(row: ConnectionRow): Rates {
    if (row.rates) return row.rates;
    const before = this.#before();
    const old = before && this.#rows[before.index]?.get(row.id);
    const oldest = this.#rows[Math.max(0, this.#rows.length - 40)]?.get(row.id);
    const packets = row.packetsSent - (oldest?.packetsSent ?? 0);
    return {
      sentBytes: old ? (row.bytesSent - old.bytesSent) / before.seconds : 0,
      receivedBytes: old ? (row.bytesReceived - old.bytesReceived) / before.seconds : 0,
      loss: packets > 0 ? (row.packetsLost - (oldest?.packetsLost ?? 0)) / packets : 0,
      jitterMs: this.#jitterOf(row.id),
    };
  }

  #jitterOf(id: number): number {
    const times = this.#rows.slice(-20).flatMap((rows) => rows.get(id)?.roundTripTimeMs ?? []);
    const differences = times.slice(1).map((time, index) => Math.abs(time - (times[index] as number)));
    return differences.reduce((sum, one) => sum + one, 0) / Math.max(1, differences.length);
  }

  /** Bytes a second of a kind of message. */
  rateOf(row: MessageRow): { sent: number; received: number } {
    const before = this.#before();
    if (!before) return { sent: 0, received: 0 };
    const then = this.#snapshots[before.index];
    const old = then?.messages.find(({ name }) => name === row.name);
    if (!old || then?.messagesOf !== this.last?.messagesOf) return { sent: 0, received: 0 };
    return {
      sent: (row.bytesSent - old.bytesSent) / before.seconds,
      received: (row.bytesReceived - old.bytesReceived) / before.seconds,
    };
  }

  /** Bytes a second of an object; null of a client's. */
  objectRateOf({ netId, sentBytes }: ObjectRow): number | null {
    if (sentBytes === null) return null;
    const before = this.#before();
    const old = before && this.#snapshots[before.index]?.objects?.objects.find((row) => row.netId === netId);
    return old ? Math.max(sentBytes - (old.sentBytes ?? 0), 0) / before.seconds : 0;
  }

  /** The growth of figures, a second and divided by `unit`, over the last minute. */
  growth(unit: number, ...names: string[]): Series {
    const series: Series = { times: [], values: names.map(() => []) };
    for (let index = 1; index < this.#snapshots.length; index++) {
      const [one, next] = [
        this.#snapshots[index - 1] as InspectorSnapshot,
        this.#snapshots[index] as InspectorSnapshot,
      ];
      const seconds = (next.timeMs - one.timeMs) / 1000;
      series.times.push(next.timeMs / 1000);
      for (const [at, name] of names.entries()) {
        series.values[at]?.push(((next.figures[name] ?? 0) - (one.figures[name] ?? 0)) / seconds / unit);
      }
    }
    return series;
  }

  /** Figures as they were, over the last minute. */
  levels(of: (snapshot: InspectorSnapshot) => readonly number[] | null): Series {
    const series: Series = { times: [], values: [] };
    for (const snapshot of this.#snapshots) {
      const values = of(snapshot);
      if (!values) continue;
      series.times.push(snapshot.timeMs / 1000);
      for (const [at, value] of values.entries()) {
        series.values[at] ??= [];
        series.values[at].push(value);
      }
    }
    return series;
  }

  /** The round trip of a connection, or of the slowest one (id null), over the last minute. */
  roundTrips(id: number | null): Series {
    const series: Series = { times: [], values: [[]] };
    for (const [index, snapshot] of this.#snapshots.entries()) {
      const rows = this.#rows[index];
      const value = id === null ? slowestOf(snapshot) : rows?.get(id)?.roundTripTimeMs;
      if (value === undefined) continue;
      series.times.push(snapshot.timeMs / 1000);
      series.values[0]?.push(value);
    }
    return series;
  }
}

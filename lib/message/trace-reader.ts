import { DisconnectCode } from "../socket/disconnect-reason.js";

/** One event of a trace. */
export interface TraceRecord {
  /** Since the first event. */
  readonly seconds: number;
  /** The source and number of the connection, such as `server-1/7`; the source alone for events of no connection. */
  readonly connection: string;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What a trace tells about a connection. */
export interface TracedConnection {
  readonly name: string;
  readonly address: string;
  player: number | null;
  /** Since the first event, in milliseconds. */
  readonly startMs: number;
  endMs: number | null;
  lastRoundTripMs: number;
  longestRoundTripMs: number;
  packetsSent: number;
  packetsLost: number;
  messagesRefused: number;
  /** Why it ended: the name of the code, or the code, and the text of the reason. */
  end: string | null;
}

/** What a trace of the largest size has at most, and as much again. */
const MAX_CONNECTIONS = 200_000;
/** No event of a trace or recording is nested so deep, and none has a name or address so long. */
const MAX_DEPTH = 20;
const MAX_TEXT_LENGTH = 500;

/** Reads the lines of a trace, one after the other. What is none is counted, so that a cut file is of use. */
export class TraceReader {
  readonly #maxConnections: number;
  readonly #connections = new Map<string, TracedConnection>();
  #firstMs: number | null = null;
  #unread = 0;
  #leftOut = 0;

  constructor(maxConnections = MAX_CONNECTIONS) {
    this.#maxConnections = maxConnections;
  }

  get connections(): TracedConnection[] {
    return [...this.#connections.values()];
  }

  get unread(): number {
    return this.#unread;
  }

  /** How many connections are in the trace and not in `connections`: there are too many. */
  get leftOut(): number {
    return this.#leftOut;
  }

  get isEmpty(): boolean {
    return this.#firstMs === null;
  }

  /** @returns null for a line that is no event */
  read(line: string): TraceRecord | null {
    const record = parse(line);
    if (!record) {
      // The first line of a source says when it began.
      if (line !== "" && !line.includes('"vantage_point"')) this.#unread++;
      return null;
    }
    const { time, source, name, data } = record;
    this.#firstMs ??= time;
    const sinceMs = time - this.#firstMs;
    const connection = data.id === undefined ? source : `${source}/${textOf(data.id)}`;
    this.#note(connection, name, data, sinceMs);
    return { seconds: sinceMs / 1000, connection, event: name, data };
  }

  #note(name: string, event: string, data: Record<string, unknown>, sinceMs: number): void {
    const number = (value: unknown) => (isNumber(value) ? value : 0);
    if (event === "connectivity:connection_started") {
      if (this.#connections.size >= this.#maxConnections && !this.#connections.has(name)) this.#leftOut++;
      else
        this.#connections.set(name, {
          ...{ name, address: textOf(data.address), player: null, startMs: sinceMs, endMs: null, end: null },
          ...{ lastRoundTripMs: 0, longestRoundTripMs: 0, packetsSent: 0, packetsLost: 0, messagesRefused: 0 },
        });
    }
    const connection = this.#connections.get(name);
    if (!connection) return;
    if (isNumber(data.player) && data.player > 0) connection.player = data.player;
    if (event === "recovery:metrics_updated") {
      connection.lastRoundTripMs = number(data.smoothed_rtt);
      connection.longestRoundTripMs = Math.max(connection.longestRoundTripMs, connection.lastRoundTripMs);
      connection.packetsSent = number(data.packetsSent);
      connection.packetsLost = number(data.packetsLost);
      connection.messagesRefused = number(data.messagesRefused);
    }
    if (event === "connectivity:connection_closed") {
      connection.endMs = sinceMs;
      const code = (isNumber(data.code) && DisconnectCode[data.code]) || textOf(data.code);
      connection.end = `${code} ${textOf(data.reason)}`.trimEnd();
    }
  }
}

/** A number that is one: JSON reads 1e999 as Infinity. */
const isNumber = (value: unknown): value is number => Number.isFinite(value);

/** A value of JSON as it is shown. A part of a text that is too long would keep all of it in memory. */
function textOf(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return text.length > MAX_TEXT_LENGTH ? `(${text.length} characters)` : text;
}

const isWithin = (value: unknown, depth: number): boolean =>
  typeof value !== "object" ||
  value === null ||
  (depth > 0 && Object.values(value).every((part) => isWithin(part, depth - 1)));

interface Event {
  readonly time: number;
  readonly source: string;
  readonly name: string;
  readonly data: Record<string, unknown>;
}

function parse(line: string): Event | null {
  try {
    const { time, source, name, data } = JSON.parse(line);
    const isEvent = isNumber(time) && typeof source === "string" && typeof name === "string";
    const hasData = typeof data === "object" && data !== null && isWithin(data, MAX_DEPTH);
    return isEvent && hasData ? { time, source: textOf(source), name, data } : null;
  } catch {
    return null;
  }
}

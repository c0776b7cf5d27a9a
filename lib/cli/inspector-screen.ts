import type { ConnectionRow, InspectorSnapshot } from "../inspector/index.js";
import { printable } from "../printable.js";

/** A column of the table. The one with the highest `leaves` is left out first where not all have room; 0: never. */
interface Column {
  readonly title: string;
  readonly width: number;
  readonly leaves: number;
  cell(row: ConnectionRow, rates: ShownRates): string;
}

/** A second; null: not known before the second snapshot. */
interface ShownRates {
  readonly sent: number | null;
  readonly received: number | null;
}

const kilobytes = (bytes: number | null) => (bytes === null ? "-" : `${(bytes / 1000).toFixed(1)} kB`);

const COLUMNS: readonly Column[] = [
  { title: "player", width: 12, leaves: 0, cell: ({ id }) => `${id}` },
  { title: "address", width: 24, leaves: 0, cell: ({ address }) => address },
  { title: "transport", width: 11, leaves: 5, cell: ({ transport }) => transport },
  { title: "state", width: 15, leaves: 6, cell: ({ state }) => state },
  { title: "round trip", width: 12, leaves: 0, cell: ({ roundTripTimeMs }) => `${roundTripTimeMs.toFixed(1)} ms` },
  { title: "lost", width: 8, leaves: 2, cell: (row) => lostOf(row) },
  { title: "sent/s", width: 12, leaves: 1, cell: (_, { sent }) => kilobytes(sent) },
  { title: "received/s", width: 12, leaves: 4, cell: (_, { received }) => kilobytes(received) },
  { title: "queued", width: 12, leaves: 3, cell: ({ bufferedBytes }) => `${bufferedBytes} B` },
];

/** GNS counts none, and says which share is lost. */
const lostOf = ({ packetsLost, rates }: ConnectionRow) =>
  rates ? `${(100 * rates.loss).toFixed(1)} %` : `${packetsLost}`;

/** The size of what it is shown in, in characters; `isTerminal` false: as wide as it is, and without plots. */
export interface ScreenSize {
  readonly isTerminal: boolean;
  readonly columns: number;
  readonly rows: number;
}

/** Snapshots that are kept: wider than terminals are. */
const KEPT = 500;
const BLOCKS = "▁▂▃▄▅▆▇█";
const LABEL_WIDTH = 34;
/** The title, the heads of the columns, and the last line of a terminal. */
const OTHER_LINES = 3;

/** What `valve-sockets inspect` shows: a table of the connections, and plots over the snapshots that it was given. */
export class InspectorScreen {
  #before: InspectorSnapshot | null = null;
  readonly #plots = {
    slowest: [] as number[],
    sent: [] as number[],
    received: [] as number[],
  };

  /** The text after another snapshot. */
  show(snapshot: InspectorSnapshot, size: ScreenSize): string {
    const rates = this.#ratesOf(snapshot);
    this.#note(snapshot, rates);
    this.#before = snapshot;
    const { name, version, connections } = snapshot;
    const width = size.isTerminal ? size.columns : Number.POSITIVE_INFINITY;
    const plots = size.isTerminal ? this.#plotLines(width) : [];
    const columns = columnsWithin(width);
    const line = (cells: readonly string[]) =>
      cells
        .map((cell, at) => cellOf(printable(cell), (columns[at] as Column).width, size.isTerminal))
        .join("")
        .trimEnd();
    const room = Math.max(1, size.rows - OTHER_LINES - plots.length);
    // The slowest first: those are looked for.
    const sorted = connections.toSorted((one, other) => other.roundTripTimeMs - one.roundTripTimeMs);
    const shown = sorted.length > room ? sorted.slice(0, Math.max(1, room - 1)) : sorted;
    const lines = [
      `${printable(name)} ${version}: ${connections.length} connection${connections.length === 1 ? "" : "s"}`,
      ...plots,
      line(columns.map(({ title }) => title)),
      ...shown.map((row) => line(columns.map(({ cell }) => cell(row, rates.get(row) as ShownRates)))),
      ...(shown.length < sorted.length ? [`and ${sorted.length - shown.length} more, which are faster`] : []),
    ];
    return lines.map((one) => `${one.slice(0, width)}\n`).join("");
  }

  #ratesOf({ connections, timeMs }: InspectorSnapshot): Map<ConnectionRow, ShownRates> {
    const olds = new Map(this.#before?.connections.map((row) => [row.id, row]));
    const seconds = this.#before ? (timeMs - this.#before.timeMs) / 1000 : 0;
    const ratesOf = (row: ConnectionRow): ShownRates => {
      if (row.rates) return { sent: row.rates.sentBytes, received: row.rates.receivedBytes };
      const old = olds.get(row.id);
      if (!old || seconds <= 0) return { sent: null, received: null };
      return {
        sent: (row.bytesSent - old.bytesSent) / seconds,
        received: (row.bytesReceived - old.bytesReceived) / seconds,
      };
    };
    return new Map(connections.map((row) => [row, ratesOf(row)]));
  }

  #note({ connections }: InspectorSnapshot, rates: ReadonlyMap<ConnectionRow, ShownRates>): void {
    const sum = (name: keyof ShownRates) => [...rates.values()].reduce((all, one) => all + (one[name] ?? 0), 0);
    const values = {
      slowest: connections.reduce((most, { roundTripTimeMs }) => Math.max(most, roundTripTimeMs), 0),
      sent: sum("sent") / 1000,
      received: sum("received") / 1000,
    };
    for (const [name, value] of Object.entries(values)) {
      const plot = this.#plots[name as keyof typeof values];
      plot.push(value);
      if (plot.length > KEPT) plot.shift();
    }
  }

  #plotLines(width: number): string[] {
    const { slowest, sent, received } = this.#plots;
    if (slowest.length < 2) return [];
    return [
      plotLine("slowest round trip", "ms", slowest, width),
      // Before the second snapshot there is no rate.
      plotLine("sent/s", "kB", sent.slice(1), width),
      plotLine("received/s", "kB", received.slice(1), width),
    ];
  }
}

/** In a terminal a text that is too long is cut, elsewhere it takes the room that it needs. */
const cellOf = (text: string, width: number, isTerminal: boolean) =>
  (isTerminal && text.length >= width ? `${text.slice(0, width - 2)}… ` : `${text} `).padEnd(width);

function columnsWithin(width: number): readonly Column[] {
  let columns = COLUMNS;
  const widthOf = () => columns.reduce((sum, one) => sum + one.width, 0);
  for (let leaves = COLUMNS.length; leaves > 0 && widthOf() > width; leaves--)
    columns = columns.filter((one) => one.leaves !== leaves);
  return columns;
}

/** The last value, and blocks for all: the highest of those that have room is a whole one. */
function plotLine(label: string, unit: string, values: readonly number[], width: number): string {
  const shown = values.slice(-Math.max(1, width - LABEL_WIDTH));
  const most = Math.max(...shown, 1e-9);
  const blocks = shown.map((value) => BLOCKS[Math.round((BLOCKS.length - 1) * Math.max(0, value / most))]);
  return `${label.padEnd(20)}${`${(shown.at(-1) ?? 0).toFixed(1)} ${unit}`.padEnd(LABEL_WIDTH - 20)}${blocks.join("")}`;
}

import { createReadStream } from "node:fs";
import { type TracedConnection, TraceReader, type TraceRecord } from "../message/trace-reader.js";
import { printable } from "../printable.js";
import { defineCommand, UsageError } from "./command.js";
import { jsonLine } from "./json-line.js";
import { linesOf } from "./lines.js";

const USAGE = `Usage: valve-sockets trace FILE [OPTIONS]

Tells what is in a trace (VALVE_SOCKETS_TRACE, docs/message.md): a line for each connection, the worst first.

  valve-sockets trace trace.jsonl
  valve-sockets trace trace.jsonl --events --connection server-1/7

  --events           prints every event in place of the table
  --connection NAME  only one connection, such as server-1/7
  --json             prints one JSON object a connection, or an event
  --help             prints this

Exit codes: 0 done, 1 the file cannot be read or is no trace, 2 wrong arguments.
`;

export const traceCommand = defineCommand({
  summary: "tells what is in a trace",
  usage: USAGE,
  options: {
    events: { type: "boolean", default: false },
    connection: { type: "string" },
    json: { type: "boolean", default: false },
  },
  async run({ events, connection, json }, [path, ...others]) {
    if (path === undefined || others.length > 0) throw new UsageError("It takes one FILE");
    const reader = new TraceReader();
    const isWanted = (name: string) => connection === undefined || connection === name;
    try {
      for await (const line of linesOf(createReadStream(path))) {
        const record = reader.read(line);
        if (!events || !record || !isWanted(record.connection)) continue;
        process.stdout.write(json ? jsonLine(record) : lineOf(record));
      }
    } catch (error) {
      process.stderr.write(`${printable((error as Error).message)}\n`);
      return 1;
    }
    if (reader.isEmpty) {
      process.stderr.write("No line of it is one of a trace\n");
      return 1;
    }
    if (events) return 0;
    const rows = reader.connections.filter(({ name }) => isWanted(name)).toSorted(byWorst);
    process.stdout.write(json ? rows.map(jsonLine).join("") : table(rows));
    if (rows.length === 0) process.stderr.write(`It tells of no connection ${connection ?? "(--events lists all)"}\n`);
    if (reader.leftOut > 0) process.stderr.write(`${reader.leftOut} connections more are left out\n`);
    if (reader.unread > 0) process.stderr.write(`${reader.unread} lines are none of a trace\n`);
    return 0;
  },
});

const byWorst = (one: TracedConnection, other: TracedConnection) =>
  other.packetsLost - one.packetsLost || other.longestRoundTripMs - one.longestRoundTripMs;

const COLUMNS = ["connection", "address", "player", "from", "for", "round trip", "lost", "refused", "end"];
const WIDTHS = [14, 24, 8, 10, 10, 16, 14, 9, 0];

function table(rows: readonly TracedConnection[]): string {
  const line = (cells: readonly string[]) => {
    const padded = cells.map((cell, at) => `${printable(cell)} `.padEnd(WIDTHS[at] as number));
    return `${padded.join("").trimEnd()}\n`;
  };
  return line(COLUMNS) + rows.map((row) => line(cellsOf(row))).join("");
}

function cellsOf(row: TracedConnection): string[] {
  const { name, address, player, startMs, endMs, packetsLost, packetsSent, messagesRefused, end } = row;
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const share = packetsSent > 0 ? ` (${((100 * packetsLost) / packetsSent).toFixed(1)} %)` : "";
  return [
    ...[name, address, player === null ? "-" : `${player}`],
    ...[seconds(startMs), endMs === null ? "still on" : seconds(endMs - startMs)],
    `${row.lastRoundTripMs.toFixed(0)}, max ${row.longestRoundTripMs.toFixed(0)} ms`,
    ...[`${packetsLost}${share}`, `${messagesRefused}`, end ?? ""],
  ];
}

function lineOf({ seconds, connection, event, data }: TraceRecord): string {
  const values = Object.entries(data).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  const where = `${printable(connection).padEnd(14)}${printable(event)}`;
  return `${seconds.toFixed(3).padStart(10)}  ${where}  ${printable(values.join(", "))}\n`;
}

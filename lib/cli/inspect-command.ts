import { pause, systemClock } from "../clock.js";
import type { InspectorSnapshot } from "../inspector/index.js";
import { printable } from "../printable.js";
import { defineCommand, UsageError, wholeNumber } from "./command.js";
import { jsonLine } from "./json-line.js";
import { textWithin } from "./text-within.js";

const USAGE = `Usage: valve-sockets inspect HOST:PORT#TOKEN [OPTIONS]

Shows the connections of a server that has an inspector (docs/inspector.md) in the terminal, until Ctrl-C. The address
is what the inspector has printed, with or without http:// in front.

  valve-sockets inspect 127.0.0.1:9464#bKZa-x517Ub0bKwIK1TXKjiW
  valve-sockets inspect 127.0.0.1:9464#bKZa-x517Ub0bKwIK1TXKjiW --once --json

  --interval MS  how often (1000)
  --timeout MS   how long to wait for an answer (10000)
  --once         once only
  --json         prints the snapshots as JSON, one a line
  --help         prints this

Exit codes: 0 ended, 1 the inspector does not answer, 2 wrong arguments.
`;

/** The longest snapshot: 10,000 connections are 4 MB. */
const MAX_BYTES = 2 ** 24;
/** Without a terminal's height. */
const ROWS = 20;

export const inspectCommand = defineCommand({
  summary: "shows the connections of a server that has an inspector",
  usage: USAGE,
  options: {
    interval: { type: "string", default: "1000" },
    timeout: { type: "string", default: "10000" },
    once: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
  async run({ interval, timeout, once, json }, positionals) {
    const { url, token } = parseAddress(positionals);
    const intervalMs = wholeNumber("--interval", interval, 50, 3_600_000);
    const timeoutMs = wholeNumber("--timeout", timeout, 1, 600_000);
    let before: InspectorSnapshot | null = null;
    for (;;) {
      const snapshot = await fetchSnapshot(url, token, timeoutMs);
      if (typeof snapshot === "string") {
        process.stderr.write(`${snapshot}\n`);
        return 1;
      }
      if (json) process.stdout.write(jsonLine(snapshot));
      else show(tableOf(snapshot, before));
      if (once) return 0;
      before = snapshot;
      await pause(systemClock, intervalMs);
    }
  },
});

function parseAddress(positionals: readonly string[]): { url: string; token: string } {
  const [text = "", ...others] = positionals;
  const [, scheme = "http://", host, token] = /^(https?:\/\/)?([^\s/#]+)\/?#([\w.~-]+)$/.exec(text) ?? [];
  if (host === undefined || token === undefined || others.length > 0 || !URL.canParse(scheme + host)) {
    throw new UsageError("It takes the address that the inspector has printed, HOST:PORT#TOKEN");
  }
  return { url: `${scheme}${host}/snapshot?views=connections`, token };
}

/** A snapshot, or why there is none. Whoever is at the address may answer anything. */
async function fetchSnapshot(url: string, token: string, timeoutMs: number): Promise<InspectorSnapshot | string> {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` }, redirect: "error", signal });
    const text = await textWithin((response.body ?? []) as AsyncIterable<Uint8Array>, MAX_BYTES);
    if (!response.ok) return printable(text.trim());
    const snapshot: unknown = JSON.parse(text);
    return isSnapshot(snapshot) ? snapshot : "What answers is no inspector of this version";
  } catch (error) {
    const { cause, message } = error as Error;
    return `The inspector does not answer: ${printable((cause as Error | undefined)?.message ?? message)}`;
  }
}

const NUMBERS = ["id", "roundTripTimeMs", "packetsLost", "bytesSent", "bytesReceived", "bufferedBytes"] as const;
const TEXTS = ["address", "transport", "state"] as const;

/** Whether it has what is shown. */
function isSnapshot(value: unknown): value is InspectorSnapshot {
  const { name, version, timeMs, connections } = (value ?? {}) as Partial<InspectorSnapshot>;
  if (typeof name !== "string" || typeof version !== "number" || typeof timeMs !== "number") return false;
  return (
    Array.isArray(connections) &&
    connections.every(
      (row) =>
        NUMBERS.every((one) => typeof row?.[one] === "number") && TEXTS.every((one) => typeof row[one] === "string"),
    )
  );
}

/** In place of what was shown before, in a terminal. */
function show(text: string): void {
  process.stdout.write(process.stdout.isTTY ? `\u001b[H\u001b[2J${text}` : text);
}

const COLUMNS = ["player", "address", "transport", "state", "round trip", "lost", "sent/s", "received/s", "queued"];
const WIDTHS = [8, 24, 11, 15, 12, 8, 12, 12, 12];

function tableOf({ name, version, connections, timeMs }: InspectorSnapshot, before: InspectorSnapshot | null): string {
  const olds = new Map(before?.connections.map((row) => [row.id, row]));
  const seconds = before ? (timeMs - before.timeMs) / 1000 : 0;
  const rate = (now: number, old: number | undefined) =>
    old === undefined || seconds === 0 ? "-" : `${((now - old) / seconds / 1000).toFixed(1)} kB`;
  // The slowest first: those are looked for.
  const rows = connections
    .toSorted((one, other) => other.roundTripTimeMs - one.roundTripTimeMs)
    .slice(0, (process.stdout.isTTY ? process.stdout.rows : ROWS) - 3)
    .map(({ id, address, transport, state, roundTripTimeMs, packetsLost, bytesSent, bytesReceived, bufferedBytes }) => {
      const old = olds.get(id);
      const rates = [rate(bytesSent, old?.bytesSent), rate(bytesReceived, old?.bytesReceived)];
      return [
        `${id}`,
        address,
        transport,
        state,
        `${roundTripTimeMs.toFixed(1)} ms`,
        `${packetsLost}`,
        ...rates,
        `${bufferedBytes} B`,
      ];
    });
  const line = (cells: readonly string[]) =>
    `${cells
      .map((cell, at) => printable(cell).padEnd(WIDTHS[at] ?? 0))
      .join("")
      .trimEnd()}\n`;
  return `${printable(name)} ${version}: ${connections.length} connections\n${line(COLUMNS)}${rows.map(line).join("")}`;
}

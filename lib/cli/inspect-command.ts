import { pause, systemClock } from "../clock.js";
import type { InspectorSnapshot } from "../inspector/index.js";
import { printable } from "../printable.js";
import { defineCommand, UsageError, wholeNumber } from "./command.js";
import { InspectorScreen, type ScreenSize } from "./inspector-screen.js";
import { jsonLine } from "./json-line.js";
import { textWithin } from "./text-within.js";

const USAGE = `Usage: valve-sockets inspect HOST:PORT#TOKEN [OPTIONS]

Shows the connections of a server that has an inspector (docs/inspector.md) in the terminal, with plots of the slowest
round trip and of the traffic, until Ctrl-C. A narrow terminal gets fewer columns. The address is what the inspector has
printed, with or without http:// in front.

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
/** Without a terminal, as many lines. */
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
    const screen = new InspectorScreen();
    for (;;) {
      const snapshot = await fetchSnapshot(url, token, timeoutMs);
      if (typeof snapshot === "string") {
        process.stderr.write(`${snapshot}\n`);
        return 1;
      }
      if (json) process.stdout.write(jsonLine(snapshot));
      else show(screen.show(snapshot, sizeOf(process.stdout)));
      if (once) return 0;
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
const RATES = ["sentBytes", "receivedBytes", "loss"] as const;
const TEXTS = ["address", "transport", "state"] as const;

/** Whether it has what is shown. */
function isSnapshot(value: unknown): value is InspectorSnapshot {
  const { name, version, timeMs, connections } = (value ?? {}) as Partial<InspectorSnapshot>;
  if (typeof name !== "string" || typeof version !== "number" || typeof timeMs !== "number") return false;
  return (
    Array.isArray(connections) &&
    connections.every(
      (row) =>
        NUMBERS.every((one) => typeof row?.[one] === "number") &&
        TEXTS.every((one) => typeof row[one] === "string") &&
        (!row.rates || RATES.every((one) => typeof row.rates[one] === "number")),
    )
  );
}

/** In place of what was shown before, in a terminal. */
function show(text: string): void {
  const { stdout } = process;
  // Line by line over the old ones: a screen that is emptied first would flicker.
  stdout.write(stdout.isTTY ? `\u001b[H${text.replaceAll("\n", "\u001b[K\n")}\u001b[J` : text);
}

const sizeOf = ({ isTTY, columns, rows }: NodeJS.WriteStream): ScreenSize =>
  isTTY && columns > 0 ? { isTerminal: true, columns, rows } : { isTerminal: false, columns: 0, rows: ROWS };

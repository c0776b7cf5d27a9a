import { pause, systemClock } from "../clock.js";
import { askServer, type ServerInfo } from "../message/index.js";
import { NetworkError } from "../network-error.js";
import { gnsIsThere } from "../peer/handshake/gns-packets.js";
import { Heard } from "../peer/handshake/heard.js";
import { connectError, connectTimeout } from "../peer/peer-error.js";
import { printable } from "../printable.js";
import { defineCommand, wholeNumber } from "./command.js";
import { jsonLine } from "./json-line.js";
import { createSocketFactory, parseTarget, type Target } from "./transports.js";
import { examineUdpPort } from "./udp-port.js";

const USAGE = `Usage: valve-sockets ping HOST:PORT [OPTIONS]

Asks a server what it is, again and again, and tells how long the answers take. It does not join.

  valve-sockets ping 127.0.0.1:7777
  valve-sockets ping game.example.com:7777 --transport gns --count 20
  valve-sockets ping wss://game.example.com/play --json

  --transport NAME  udp, gns or websocket (udp; websocket for a ws: or wss: address)
  --count N         how many questions (5)
  --interval MS     from one question to the next (500)
  --timeout MS      how long to wait for each answer (490; over UDP a question is sent again every 500 ms, so a longer
                    wait hides losses)
  --json            prints one JSON object at the end, and nothing else
  --help            prints this

Exit codes: 0 the server has answered, 1 it has not, 2 wrong arguments.
`;

/** What is known of the port: `open` if anything there speaks our protocol, whether it tells about itself or not. */
type PortState = "open" | "closed" | "other protocol" | "no answer";

interface PingReport {
  server: string;
  transport: string;
  state: PortState;
  name: string | null;
  version: string | null;
  players: number | null;
  places: number | null;
  sent: number;
  received: number;
  lostPercent: number;
  /** Milliseconds; null without an answer. Jitter: the mean difference between an answer's time and that before it. */
  roundTripMs: { min: number; median: number; max: number; jitter: number } | null;
  /** Why there was no answer. */
  error: { code: string; message: string } | null;
}

export const pingCommand = defineCommand({
  summary: "asks a server what it is, and how long the answers take",
  usage: USAGE,
  options: {
    transport: { type: "string" },
    count: { type: "string", default: "5" },
    interval: { type: "string", default: "500" },
    timeout: { type: "string", default: "490" },
    json: { type: "boolean", default: false },
  },
  async run({ transport, count, interval, timeout, json }, positionals) {
    const target = parseTarget(positionals, transport);
    const schedule = {
      count: wholeNumber("--count", count, 1, 1_000_000),
      intervalMs: wholeNumber("--interval", interval, 1, 3_600_000),
      timeoutMs: wholeNumber("--timeout", timeout, 1, 600_000),
    };
    const report = await ping(target, schedule, json ? () => {} : (line) => process.stdout.write(`${line}\n`));
    process.stdout.write(json ? jsonLine(report) : `${describe(report, schedule.timeoutMs)}\n`);
    return report.state === "open" ? 0 : 1;
  },
});

interface Schedule {
  readonly count: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

async function ping(target: Target, schedule: Schedule, tell: (line: string) => void): Promise<PingReport> {
  const { host, port, transport, text } = target;
  const socketFactory = createSocketFactory(transport, port);
  const times: number[] = [];
  let info: ServerInfo | null = null;
  let failure: NetworkError | null = null;
  let sent = 0;
  while (sent < schedule.count) {
    const next = pause(systemClock, schedule.intervalMs);
    sent++;
    try {
      info = await askServer({ socketFactory, host, port, timeoutMs: schedule.timeoutMs });
      times.push(info.roundTripMs);
      tell(`${text}: ${info.roundTripMs.toFixed(1)} ms`);
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      failure = error;
      if (isFinal(error)) break;
      tell(`${text}: no answer`);
    }
    if (sent < schedule.count) await next;
  }
  const received = times.length;
  let state: PortState = received > 0 || failure?.code === "ERR_REFUSED" ? "open" : "no answer";
  if (state !== "open") {
    const found = await findOut(target, failure);
    const server = `The server ${text} (UDP)`;
    if (found === "gns") failure = connectError(gnsIsThere, server);
    else if (found === "stranger") failure = connectTimeout(server, Heard.Stranger, schedule.timeoutMs);
    if (found === "nobody") state = "closed";
    else if (failure?.code === "ERR_OTHER_PROTOCOL") state = "other protocol";
  }
  return {
    server: text,
    transport,
    state,
    name: info?.name ?? null,
    version: info?.version ?? null,
    players: info?.players ?? null,
    places: info?.places ?? null,
    sent,
    received,
    lostPercent: Math.round((1000 * (sent - received)) / sent) / 10,
    roundTripMs: received === 0 ? null : statisticsOf(times),
    error: received > 0 || !failure ? null : { code: failure.code, message: failure.message },
  };
}

/** Why nothing can be asked, whether a server is there or not. */
const UNREACHABLE = ["ERR_NAME_NOT_FOUND", "ERR_BAD_CERTIFICATE"];

/** Asking again would give the same answer. */
const isFinal = ({ code }: NetworkError) => ["ERR_REFUSED", "ERR_OTHER_PROTOCOL", ...UNREACHABLE].includes(code);

/** Who has the port of a server that has not answered; null where that cannot be known. */
async function findOut({ host, port, transport }: Target, failure: NetworkError | null) {
  if (failure && isFinal(failure)) return null;
  if (transport === "websocket") return failure?.message.includes("ECONNREFUSED") ? "nobody" : null;
  return examineUdpPort(host, port);
}

function statisticsOf(times: readonly number[]) {
  const sorted = times.toSorted((a, b) => a - b);
  const differences = times.slice(1).map((time, index) => Math.abs(time - (times[index] as number)));
  const rounded = (value: number | undefined) => Math.round((value ?? 0) * 100) / 100;
  return {
    min: rounded(sorted[0]),
    median: rounded(sorted[sorted.length >> 1]),
    max: rounded(sorted.at(-1)),
    jitter: rounded(differences.reduce((sum, one) => sum + one, 0) / Math.max(1, differences.length)),
  };
}

function describe(report: PingReport, timeoutMs: number): string {
  const { server, transport, state, sent, received, lostPercent, roundTripMs, error } = report;
  if (roundTripMs) {
    const { min, median, max, jitter } = roundTripMs;
    const whatItIs = `${printable(report.name ?? "")}, version ${printable(report.version ?? "")}`;
    return `${whatItIs}: ${report.players} of ${report.places} players
${received} of ${sent} answers, ${lostPercent} % lost
round trip ${min} / ${median} / ${max} ms (min / median / max), jitter ${jitter} ms`;
  }
  if (state === "open") return `${server} is a server over ${transport}, which tells nothing about itself`;
  if (state === "closed") {
    return `${server} is closed: nothing listens there over ${transport}. Is the server running, and is this its port?`;
  }
  if (error && (UNREACHABLE.includes(error.code) || state === "other protocol"))
    return `${error.code}: ${error.message}`;
  return `${server} gave no answer over ${transport} within ${timeoutMs} ms, ${sent} times. Check:
  1. Does the server run, and is this its port?
  2. Does a firewall on the way let ${transport === "websocket" ? "TCP" : "UDP"} through to it?
  3. Does the server use ${transport}? --transport tries another. With info: null a server over UDP does not answer.`;
}

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { checkFunction } from "../arguments.js";
import { pause, systemClock } from "../clock.js";
import type { Logger, Protocol } from "../message/index.js";
import { printable } from "../printable.js";
import { chatProtocol, Echo } from "./chat-protocol.js";
import { encryptionFor } from "./client-encryption.js";
import { defineCommand, UsageError, wholeNumber } from "./command.js";
import { jsonLine } from "./json-line.js";
import { type Bot, type LoadFigures, LoadRun, type Prepare } from "./load-run.js";
import { StatusLine } from "./status-line.js";
import { createSocketFactory, parseTarget } from "./transports.js";

const USAGE = `Usage: valve-sockets load HOST:PORT [OPTIONS]

Connects bots to a server, and tells how long its answers take. Without a script they send requests to
"valve-sockets serve". Use it against servers of your own only.

  valve-sockets load 127.0.0.1:7777 --bots 200 --rate 20 --seconds 30
  valve-sockets load 127.0.0.1:7777 --script bot.mjs --json

  --transport NAME   udp, gns or websocket (udp; websocket for a ws: or wss: address)
  --bots N           how many (10), 10000 at most
  --rate N           requests a second of each bot (10), 1000 at most
  --size N           bytes of a request (64), 60000 at most
  --seconds N        how long (10)
  --server-key TEXT  the server's public key
  --script FILE      a module with the game's protocol and a bot:
                       export const protocol = defineProtocol(...);
                       export async function bot({ client, index, signal, measure, prepared }) { ... }
                     bot plays until it returns; measure(promise) counts how long the promise takes. A game with
                     objects or rooms makes their managers before the client connects:
                       export const prepare = (client) => new ClientObjectManager(client, { prefabs });
  --json             prints one JSON object at the end, and nothing else
  --help             prints this

Exit codes: 0 every bot played to the end without an error, 1 not so, 2 wrong arguments.
`;

/** What a script exports. */
interface Script {
  readonly protocol: Protocol;
  readonly prepare?: Prepare | undefined;
  readonly bot: Bot;
}

/** Tells each warning of all bots once. */
class OnceLogger implements Logger {
  readonly #told = new Set<string>();

  warn(text: string, ...details: unknown[]): void {
    if (this.#told.has(text) || this.#told.size === MAX_WARNINGS) return;
    this.#told.add(text);
    console.warn(text, ...details);
  }
}

const MAX_WARNINGS = 50;
/** How often the figures are shown. */
const SHOW_MS = 500;

export const loadCommand = defineCommand({
  summary: "connects bots to a server, and tells how long its answers take",
  usage: USAGE,
  options: {
    transport: { type: "string" },
    bots: { type: "string", default: "10" },
    rate: { type: "string", default: "10" },
    size: { type: "string", default: "64" },
    seconds: { type: "string", default: "10" },
    "server-key": { type: "string" },
    script: { type: "string" },
    json: { type: "boolean", default: false },
  },
  async run({ transport, json, script, "server-key": serverKey, ...numbers }, positionals) {
    const { host, port, ...target } = parseTarget(positionals, transport);
    const bots = wholeNumber("--bots", numbers.bots, 1, 10_000);
    const seconds = wholeNumber("--seconds", numbers.seconds, 1, 86_400);
    const rate = wholeNumber("--rate", numbers.rate, 1, 1000);
    const size = wholeNumber("--size", numbers.size, 0, 60_000);
    const { protocol, prepare, bot }: Script =
      script === undefined ? { protocol: chatProtocol, bot: echoBot(rate, size) } : await load(script);
    const socketFactory = createSocketFactory(target.transport, port);
    const client = { protocol, socketFactory, peer: encryptionFor(serverKey), logger: new OnceLogger() };
    const run = new LoadRun({ bots, seconds, client, server: { host, port }, prepare, bot });

    const stop = () => run.stop();
    process.once("SIGINT", stop);
    const line = json ? null : new StatusLine(process.stdout);
    let timer: unknown;
    const show = () => {
      line?.show(describe(run.figures, bots, seconds));
      timer = systemClock.setTimeout(show, SHOW_MS);
    };
    show();
    const figures = await run.run().finally(() => {
      systemClock.clearTimeout(timer);
      process.off("SIGINT", stop);
    });
    if (json) process.stdout.write(jsonLine({ server: target.text, transport: target.transport, bots, ...figures }));
    else line?.end(`${describe(figures, bots, seconds)}${describeErrors(figures, run.firstTexts)}`);
    return figures.connected === bots && figures.lost + figures.failures === 0 ? 0 : 1;
  },
});

/** Sends requests at equal distances, each after the answer to the one before. */
function echoBot(rate: number, size: number): Bot {
  const data = new Uint8Array(size);
  return async ({ client, signal, measure }) => {
    let nextMs = systemClock.now();
    while (!signal.aborted && client.isConnected) {
      const player = client.player;
      if (player) await measure(player.request(Echo, { data }, { signal }));
      // A server that is slower than that is not asked twice as often afterwards.
      nextMs = Math.max(nextMs + 1000 / rate, systemClock.now());
      await pause(systemClock, nextMs - systemClock.now());
    }
  };
}

async function load(path: string): Promise<Script> {
  let module: Partial<Script>;
  try {
    module = await import(pathToFileURL(resolve(path)).href);
  } catch (error) {
    throw new UsageError(`--script cannot be loaded: ${error instanceof Error ? error.message : error}`);
  }
  const { protocol, prepare, bot } = module;
  if (!protocol || typeof bot !== "function")
    throw new UsageError(`--script ${path} exports no protocol, or no function bot`);
  if (prepare !== undefined) checkFunction("prepare", prepare);
  return { protocol, prepare, bot };
}

function describe(figures: LoadFigures, bots: number, seconds: number): string {
  const { connected, lost, answers, failures, roundTripMs } = figures;
  const left = Math.max(0, Math.ceil(seconds - figures.seconds));
  const perSecond = Math.round(answers / Math.max(0.1, figures.seconds));
  const times = roundTripMs.p50 === null ? "" : `, p50 ${roundTripMs.p50} ms, p99 ${roundTripMs.p99} ms`;
  const faults = lost + failures === 0 ? "" : `, ${lost} lost, ${failures} failed`;
  const rest = left > 0 ? `, ${left} s left` : "";
  return `${connected} of ${bots} bots, ${answers} answers (${perSecond}/s)${times}${faults}${rest}`;
}

const describeErrors = ({ errors }: LoadFigures, firstTexts: ReadonlyMap<string, string>) =>
  Object.entries(errors)
    .map(([code, count]) => `\n  ${count} times: ${printable([code, firstTexts.get(code)].filter(Boolean).join(": "))}`)
    .join("");

import { once } from "node:events";
import { createReadStream } from "node:fs";
import { systemClock } from "../clock.js";
import { TokenBucket } from "../guard/token-bucket.js";
import { NetworkServer, PlayerSlot } from "../message/index.js";
import { nodePrimitives } from "../noise/node-primitives.js";
import { printable } from "../printable.js";
import { chatProtocol, Echo, Said, Say } from "./chat-protocol.js";
import { defineCommand, UsageError, wholeNumber } from "./command.js";
import { jsonLine } from "./json-line.js";
import { textWithin } from "./text-within.js";
import { createSocketFactory, parseTransport } from "./transports.js";

const USAGE = `Usage: valve-sockets serve [OPTIONS]

A server to try a network with: a chat for "valve-sockets connect", and the other end of "valve-sockets load". Ctrl-C
stops it.

  valve-sockets serve
  valve-sockets serve --transport websocket --port 8080
  valve-sockets keygen --out server.key && valve-sockets serve --key server.key

  --transport NAME  udp, gns or websocket (udp)
  --port N          the port, 0 to 65535; 0 takes a free one (7777)
  --name TEXT       what it tells those who ask (valve-sockets chat)
  --key FILE        the private key of "valve-sockets keygen": it encrypts (udp and gns)
  --json            prints one JSON object a line: listening, joined, said, left
  --help            prints this

Exit codes: 0 stopped, 1 it cannot listen, 2 wrong arguments.
`;

/** So many lines a player may say at once, and so many a second: each goes to everybody. */
const LINES = 20;
const LINES_PER_SECOND = 2;

/** A key has about 60 characters. */
const MAX_KEY_BYTES = 1000;

export const serveCommand = defineCommand({
  summary: "a server to try a network with: chat and echo",
  usage: USAGE,
  options: {
    transport: { type: "string", default: "udp" },
    port: { type: "string", default: "7777" },
    name: { type: "string", default: chatProtocol.name },
    key: { type: "string" },
    json: { type: "boolean", default: false },
  },
  async run({ transport: transportName, port, name, key, json }, positionals) {
    if (positionals.length > 0) throw new UsageError(`It takes no ${positionals.join(" ")}`);
    const transport = parseTransport(transportName);
    const socketFactory = createSocketFactory(transport, wholeNumber("--port", port, 0, 65_535));
    const peer =
      key === undefined ? {} : { encryption: { primitives: nodePrimitives(), serverKeys: [await readKey(key)] } };
    const server = new NetworkServer({ protocol: chatProtocol, socketFactory, info: { name }, peer });
    const tell = (event: string, fields: Record<string, string | number | null>, text: string) =>
      process.stdout.write(json ? jsonLine({ event, ...fields }) : `${text}\n`);

    server.on("authenticated", ({ id, address }) =>
      tell("joined", { id, address }, `Player ${id} joined (${address})`),
    );
    server.on("disconnected", ({ id }, { text }) =>
      tell("left", { id, reason: text }, `Player ${id} left: ${printable(text)}`),
    );
    const budgets = new PlayerSlot(() => new TokenBucket(systemClock, LINES, LINES_PER_SECOND));
    server.messageHandler.register(Say, ({ name: speaker, text }, player) => {
      const { id } = player;
      if (!budgets.of(player).tryTake(1)) {
        player.disconnect({ code: 1, text: `More than ${LINES} lines at once` });
        return;
      }
      const line = `${speaker || `Player ${id}`}: ${text}`;
      tell("said", { id, text: line }, printable(line));
      server.sendToAll(Said, { text: line });
    });
    server.messageHandler.registerRequest(Echo, (request) => request);
    await server.start();
    tell("listening", { transport, port: server.boundPort }, `Listening on port ${server.boundPort} (${transport})`);
    await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
    await server.stop();
    return 0;
  },
});

async function readKey(path: string): Promise<string> {
  try {
    return (await textWithin(createReadStream(path), MAX_KEY_BYTES)).trim();
  } catch (error) {
    throw new UsageError(`--key cannot be read: ${(error as Error).message}`);
  }
}

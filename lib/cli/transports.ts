import { parseHost } from "../format-host.js";
import { quoted } from "../printable.js";
import { GnsSocketFactory } from "../socket/gns.js";
import type { SocketFactory } from "../socket/index.js";
import { UdpSocketFactory } from "../socket/udp.js";
import { WebSocketFactory } from "../socket/websocket-server.js";
import { UsageError } from "./command.js";

/** The names that `--transport` takes. */
export const transports = ["udp", "gns", "websocket"] as const;
export type Transport = (typeof transports)[number];

/** @throws UsageError if `name` is none of them */
export function parseTransport(name: string): Transport {
  const found = transports.find((one) => one === name);
  if (found === undefined) throw new UsageError(`--transport is ${transports.join(", ")}, not ${quoted(name)}`);
  return found;
}

/** A factory for the clients or servers of a command. */
export function createSocketFactory(transport: Transport, port: number): SocketFactory {
  switch (transport) {
    case "udp":
      return new UdpSocketFactory({ port });
    case "gns":
      return new GnsSocketFactory({ port });
    case "websocket":
      return new WebSocketFactory({ port });
  }
}

/** A server as it was typed. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly transport: Transport;
  /** As it was typed. */
  readonly text: string;
}

/**
 * Where a server is: `host:port`, `[::1]:7777`, `host` (port 7777), or a whole `ws:` or `wss:` URL.
 *
 * @throws UsageError
 */
export function parseTarget(positionals: readonly string[], transportName: string | undefined): Target {
  const [text, ...others] = positionals;
  if (text === undefined || others.length > 0) throw new UsageError("It takes one server, as HOST:PORT");
  const isUrl = /^wss?:\/\//.test(text) && URL.canParse(text);
  const transport = parseTransport(transportName ?? (isUrl ? "websocket" : "udp"));
  if (isUrl && transport === "websocket") return { host: text, port: 7777, transport, text };
  const parsed = parseHost(text);
  const port = parsed?.port ?? 7777;
  if (!parsed || parsed.host.includes("/") || port < 1 || port > 65_535) {
    const examples = "game.example.com:7777, [::1]:7777 or wss://game.example.com/play";
    throw new UsageError(`A server is HOST:PORT, such as ${examples}, not ${quoted(text)}`);
  }
  return { host: parsed.host, port, transport, text };
}

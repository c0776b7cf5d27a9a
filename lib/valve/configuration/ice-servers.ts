import { lookup } from "node:dns/promises";
import { isIP, isIPv6 } from "node:net";
import { checkText, rangeError, typeError } from "../../arguments.js";
import { checkOptions, integerOption, type OptionRule, type OptionRules, required, textOption } from "../../options.js";
import { translateError } from "../../trial-errors.js";
import { type ConfigOption, ConfigValue } from "./config-value.js";

/** Bits of `IceSettings.candidates`: the routes that a P2P connection may take (GNS). */
export enum IceCandidates {
  /** No route. */
  None = 0,
  /** Through a TURN server. */
  Relay = 1,
  /** Between addresses of a local network. The peer learns those of this machine. */
  Private = 2,
  /** Between public addresses, found with a STUN server. */
  Public = 4,
  /** All three. */
  All = 7,
}

/** A TURN server and how to log in to it. */
export interface TurnServer {
  /** Name or address, with a port unless it is 3478: `turn.example.org`, `192.0.2.1:3479`, `[2001:db8::1]:3478`. */
  host: string;
  /** Without NUL and comma, which GNS uses to separate servers. Empty for a server that does not ask for one. */
  username?: string;
  /** Likewise. */
  password?: string;
}

/** The servers and the kinds of routes that a P2P connection may use. */
export interface IceSettings {
  /**
   * STUN servers, each a name or an address, with a port unless it is 3478. They are tried in this order.
   *
   * @defaultValue none
   */
  stunServers?: readonly string[];
  /** TURN servers, tried in this order. @defaultValue none */
  turnServers?: readonly TurnServer[];
  /**
   * The routes that may be tried.
   *
   * @defaultValue `IceCandidates.All`
   */
  candidates?: IceCandidates;
}

const DEFAULT_PORT = 3478;

const listRule: OptionRule = (name, value) => {
  if (!Array.isArray(value)) throw typeError(name, "an array");
};

const settingsRules: OptionRules<IceSettings> = {
  stunServers: listRule,
  turnServers: listRule,
  candidates: integerOption(IceCandidates.None, IceCandidates.All),
};

const turnRules: OptionRules<TurnServer> = {
  host: required(textOption),
  username: (name, value) => checkListed(name, value as string),
  password: (name, value) => checkListed(name, value as string),
};

/**
 * Makes the options of a P2P connection or listen socket from servers by name. It resolves the names itself, because
 * GNS would block the event loop while it does.
 *
 * @throws (rejects) TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE`: not an address, a comma in a
 *   user name or password; NetworkError `ERR_NAME_NOT_FOUND`
 */
export async function iceOptions(settings: IceSettings): Promise<ConfigOption[]> {
  checkOptions("iceOptions", settings, settingsRules);
  const { stunServers = [], turnServers = [], candidates } = settings;
  for (const server of turnServers) checkOptions("A TURN server", server, turnRules);
  const stun = (await Promise.all(stunServers.map((name) => resolveServer("stunServers", name)))).flat();
  const turn = await Promise.all(
    turnServers.map(async ({ host, username = "", password = "" }) =>
      (await resolveServer("turnServers", host)).map((resolved) => ({ resolved, username, password })),
    ),
  );
  const options: ConfigOption[] = [{ value: ConfigValue.P2PSTUNServerList, data: stun.join(",") }];
  const all = turn.flat();
  const list = (value: ConfigValue, key: "resolved" | "username" | "password") =>
    options.push({ value, data: all.map((server) => server[key]).join(",") });
  list(ConfigValue.P2PTURNServerList, "resolved");
  // GNS uses no credentials at all unless there are as many user names and passwords as servers.
  if (all.some(({ username }) => username !== "")) {
    list(ConfigValue.P2PTURNUserList, "username");
    list(ConfigValue.P2PTURNPassList, "password");
  }
  if (candidates !== undefined) options.push({ value: ConfigValue.P2PTransportICEEnable, data: candidates });
  return options;
}

/** @internal Throws for a list of servers that contains a name: GNS would look it up on this thread. */
export function checkServerList(value: ConfigValue, data: unknown): void {
  if (value !== ConfigValue.P2PSTUNServerList && value !== ConfigValue.P2PTURNServerList) return;
  if (typeof data !== "string" || data === "") return;
  for (const server of data.split(",")) {
    const { host } = splitServer("servers", server.replace(/^(stun|turn):/i, ""));
    if (isIP(host) === 0) throw rangeError("servers", `numeric addresses, as iceOptions makes them, not ${host}`);
  }
}

function checkListed(name: string, text: string): void {
  checkText(name, text);
  if (text.includes(",")) throw rangeError(name, "a string without commas");
}

async function resolveServer(name: string, server: string): Promise<string[]> {
  checkText(name, server);
  const { host, port } = splitServer(name, server);
  if (isIP(host) !== 0) return [joinServer(host, port)];
  const found = await lookup(host, { all: true, verbatim: true }).catch((error: unknown) => {
    throw translateError({ transport: "GNS", action: "connecting to", host, port }, error);
  });
  return found.map(({ address }) => joinServer(address, port));
}

function joinServer(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

function splitServer(name: string, server: string): { host: string; port: number } {
  if (isIPv6(server)) return { host: server, port: DEFAULT_PORT };
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\],\s]+))(?::(\d{1,5}))?$/i.exec(server);
  const port = Number(match?.[3] ?? DEFAULT_PORT);
  if (match === null || port < 1 || port > 65_535) {
    throw rangeError(name, `a host with an optional port, not "${server}"`);
  }
  return { host: match[1] ?? match[2] ?? "", port };
}

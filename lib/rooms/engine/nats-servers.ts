import { rangeError, typeError } from "../../arguments.js";
import { printable } from "../../printable.js";

/** What the addresses of servers say: where they are, and how to connect to them. */
export interface NatsServers {
  /** Without what is secret. */
  readonly servers: string[];
  /** Options of the `connect` of NATS. */
  readonly connection: { user?: string; pass?: string; token?: string; tls?: object };
}

/**
 * Reads addresses as `nats` commands take them: `host:port`, `nats://user:password@host:port`, `nats://token@host`, and
 * `tls://` for servers that have to encrypt. User, password and token may be percent-encoded. No error shows them.
 *
 * @throws TypeError, RangeError for wrong addresses, and for two that say different things
 */
export function readServers(name: string, given: unknown): NatsServers {
  if (!Array.isArray(given) || given.some((one) => typeof one !== "string"))
    throw typeError(name, "an array of strings");
  if (given.length === 0) throw rangeError(name, "at least one server");
  const read = given.map((one: string) => readServer(name, one));
  const credentials = read.flatMap(({ credential }) => (credential === undefined ? [] : [credential]));
  if (new Set(credentials).size > 1) throw rangeError(name, "servers with the same user and password");
  const servers = read.map(({ address }) => address);
  const tls = read.some(({ isSecure }) => isSecure) ? { tls: {} } : {};
  return { servers, connection: { ...readCredential(name, credentials[0]), ...tls } };
}

function readServer(
  name: string,
  text: string,
): { address: string; credential: string | undefined; isSecure: boolean } {
  const [, scheme = "nats", rest = ""] = /^(?:([a-z][-+.\w]*):\/\/)?(.*)$/is.exec(text.trim()) ?? [];
  const kind = scheme.toLowerCase();
  if (rest.includes("://") || /@.*,|,[^@]*$/.test(rest)) throw rangeError(name, "one server in each string");
  if (kind !== "nats" && kind !== "tls") throw rangeError(name, `nats:// or tls://, not ${printable(scheme)}://`);
  const at = rest.lastIndexOf("@");
  const address = rest.slice(at + 1).replace(/\/$/, "");
  if (address === "" || /[/?#\s]/.test(address)) throw rangeError(name, "servers as host:port");
  return { address, credential: at === -1 ? undefined : rest.slice(0, at), isSecure: kind === "tls" };
}

function readCredential(name: string, text: string | undefined): NatsServers["connection"] {
  if (text === undefined) return {};
  const colon = text.indexOf(":");
  try {
    if (colon === -1) return { token: decodeURIComponent(text) };
    return { user: decodeURIComponent(text.slice(0, colon)), pass: decodeURIComponent(text.slice(colon + 1)) };
  } catch {
    throw rangeError(name, "a user and a password whose percent signs are written %25");
  }
}

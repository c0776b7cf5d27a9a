import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";
import { rangeError, typeError } from "../../arguments.js";
import { withoutMapping } from "../../format-host.js";
import type { OptionRule } from "../../options.js";
import { quoted } from "../../printable.js";

/** The header in which proxies name the client. */
type ForwardedHeader = "x-forwarded-for" | "forwarded";

/** Where a connection comes from. */
export interface Hop {
  readonly host: string;
  readonly port: number | null;
}

/** A list of addresses and CIDR blocks. */
export const proxiesOption: OptionRule = (name, value) => {
  if (!Array.isArray(value)) throw typeError(name, "a list of addresses and CIDR blocks");
  new TrustedProxies(value as string[], { name });
};

/** The proxies whose word counts for where a client is. */
export class TrustedProxies {
  readonly #blocks = new BlockList();
  readonly #isEmpty: boolean;
  readonly #header: ForwardedHeader;

  /** @param blocks such as `10.0.0.0/8`, `2001:db8::/32`, `127.0.0.1` */
  constructor(
    blocks: readonly string[],
    {
      header = "x-forwarded-for",
      name = "trustedProxies",
    }: { header?: ForwardedHeader | undefined; name?: string } = {},
  ) {
    this.#isEmpty = blocks.length === 0;
    this.#header = header;
    for (const block of blocks) {
      const [host = "", bits, ...rest] = String(block).split("/");
      const most = isIP(host) === 6 ? 128 : 32;
      const prefix = bits === undefined ? most : /^\d+$/.test(bits) ? Number(bits) : most + 1;
      const isBlock = isIP(host) !== 0 && prefix <= most && rest.length === 0;
      if (!isBlock) throw rangeError(name, `addresses and CIDR blocks such as 10.0.0.0/8, not ${quoted(block)}`);
      this.#blocks.addSubnet(host, prefix, familyOf(host));
    }
  }

  /** Whether an address is that of a proxy. Undefined is a Unix socket, on which only this machine's proxy connects. */
  has(host: string | undefined): boolean {
    if (this.#isEmpty) return false;
    return host === undefined || (isIP(host) !== 0 && this.#blocks.check(host, familyOf(host)));
  }

  /**
   * Whom the proxies name as the client: of the addresses in their header, to which each proxy adds the one that it
   * sees, the last that is no proxy. The other header is ignored: a proxy that does not write it passes on a client's.
   *
   * @returns null for a malformed Forwarded: a client may make it so, to be nobody or the proxy
   */
  clientOf({ headers, socket }: Pick<IncomingMessage, "headers" | "socket">): Hop | null {
    const nearest = { host: withoutMapping(socket.remoteAddress ?? "unix"), port: socket.remotePort ?? null };
    if (!this.has(socket.remoteAddress)) return nearest;
    const hops = hopsOf(headers[this.#header], this.#header);
    if (!hops) return null;
    const client = this.#last(hops);
    return client ? { host: client.host, port: client.port ?? nearest.port } : nearest;
  }

  /** The last hop that is no proxy, or the first one if all are; null if there is none, or it cannot be read. */
  #last(hops: readonly (Hop | null)[]): Hop | null {
    for (const hop of hops.toReversed()) if (!hop || !this.has(hop.host)) return hop;
    return hops[0] ?? null;
  }
}

const familyOf = (host: string) => (isIP(host) === 6 ? "ipv6" : "ipv4");

/** The hops of a header, from the client on, each null if it is hidden or makes no sense; null for a malformed one. */
function hopsOf(header: string | string[] | undefined, kind: ForwardedHeader): (Hop | null)[] | null {
  if (header === undefined) return [];
  return kind === "forwarded" ? forwardedHops(String(header)) : String(header).split(",").map(parseHop);
}

/** A pair of Forwarded, which may be left out, and what ends it: `for="[2001:db8::1]:567";` */
const PAIR = /[ \t]*(?:([!#$%&'*+.^_`|~\w-]+)=(?:([^\s",;=]*)|"((?:[^"\\]|\\.)*)")[ \t]*)?([,;]|$)/y;

/** The hops of a Forwarded (RFC 7239), whose quoted strings may hold what separates hops. Null if it is malformed. */
function forwardedHops(header: string): (Hop | null)[] | null {
  const hops: (Hop | null)[] = [];
  let names = new Map<string, string>();
  PAIR.lastIndex = 0;
  for (;;) {
    const [, name, token, quoted, end] = PAIR.exec(header) ?? [];
    if (end === undefined) return null;
    if (name !== undefined) {
      const key = name.toLowerCase();
      if (names.has(key)) return null;
      names.set(key, token ?? (quoted as string).replace(/\\(.)/g, "$1"));
    }
    if (end === ";") continue;
    if (names.size > 0) hops.push(parseHop(names.get("for") ?? ""));
    names = new Map();
    if (end === "") return hops;
  }
}

/** `1.2.3.4`, `1.2.3.4:567`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:567`. A port over 65535 is none. */
function parseHop(text: string): Hop | null {
  const plain = text.trim();
  if (isIP(plain)) return { host: withoutMapping(plain), port: null };
  const [, inside, dotted, port] = /^(?:\[([^\]]+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(plain) ?? [];
  const host = inside ?? dotted ?? "";
  if (!isIP(host)) return null;
  return { host: withoutMapping(host), port: Number(port) <= 65_535 ? Number(port) : null };
}

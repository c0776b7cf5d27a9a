import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";
import { rangeError, typeError } from "../../arguments.js";
import type { OptionRule } from "../../options.js";
import { withoutMapping } from "../building/format-host.js";

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
      if (!isBlock)
        throw rangeError(name, `addresses and CIDR blocks such as 10.0.0.0/8, not ${JSON.stringify(block)}`);
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
   */
  clientOf({ headers, socket }: Pick<IncomingMessage, "headers" | "socket">): Hop {
    const nearest = { host: withoutMapping(socket.remoteAddress ?? "unix"), port: socket.remotePort ?? null };
    if (!this.has(socket.remoteAddress)) return nearest;
    const client = this.#last(hopsOf(headers[this.#header], HOP_KEYS[this.#header]));
    return client ? { host: client.host, port: client.port ?? nearest.port } : nearest;
  }

  /** The last hop that is no proxy, or the first one if all are; null if there is none, or it cannot be read. */
  #last(hops: readonly (Hop | null)[]): Hop | null {
    for (const hop of hops.toReversed()) if (!hop || !this.has(hop.host)) return hop;
    return hops[0] ?? null;
  }
}

/** What precedes the address in an element of the header. */
const HOP_KEYS: Record<ForwardedHeader, RegExp> = { "x-forwarded-for": /^/, forwarded: /(?:^|;)\s*for=/i };

const familyOf = (host: string) => (isIP(host) === 6 ? "ipv6" : "ipv4");

/** The hops of a header, from the client on; null for one that is hidden or makes no sense. `key` precedes each. */
function hopsOf(header: string | string[] | undefined, key: RegExp): (Hop | null)[] {
  if (header === undefined) return [];
  return String(header)
    .split(",")
    .map((element) => {
      const [before, text] = element.trim().split(key);
      return parseHop((text ?? before ?? "").split(";")[0] ?? "");
    });
}

/** `1.2.3.4`, `1.2.3.4:567`, `2001:db8::1`, `[2001:db8::1]`, `"[2001:db8::1]:567"`. A port over 65535 is none. */
function parseHop(text: string): Hop | null {
  const plain = text.trim().replace(/^"(.*)"$/, "$1");
  if (isIP(plain)) return { host: withoutMapping(plain), port: null };
  const [, inside, dotted, port] = /^(?:\[([^\]]+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(plain) ?? [];
  const host = inside ?? dotted ?? "";
  if (!isIP(host)) return null;
  return { host: withoutMapping(host), port: Number(port) <= 65_535 ? Number(port) : null };
}

import { checkInteger, rangeError } from "../arguments.js";

/** The table that `valve-sockets guard nft` prints. */
export const DEFAULT_TABLE = "valve_sockets";

/** What the rules are for. */
export interface NftRulesOptions {
  /** The ports of the server, at least one. */
  readonly ports: readonly number[];
  /** @defaultValue "valve_sockets" */
  readonly table?: string;
  /** How many new TCP connections a second sources that are not known may open, all together. @defaultValue 1500 */
  readonly perSecond?: number;
}

/** Sources that the kernel remembers in each set, and for how long without a time of their own. */
const MAX_SOURCES = 65_536;
const DEFAULT_TIME = "10m";

/** @throws RangeError `ERR_OUT_OF_RANGE` */
export function checkTable(table: string): string {
  if (!/^[a-z]\w{0,30}$/i.test(table)) throw rangeError("The name of the table", "1 to 31 letters, digits and _");
  return table;
}

/**
 * The rules for `nft -f` about new TCP connections: banned sources are dropped, known ones pass, all others share a
 * rate. Loading them again empties the sets. What an administrator has of his own in a table of that name stays.
 *
 * @throws RangeError `ERR_OUT_OF_RANGE`
 */
export function nftRules({ ports, table = DEFAULT_TABLE, perSecond = 1500 }: NftRulesOptions): string {
  checkTable(table);
  checkInteger("The rate", perSecond, 1, 1_000_000);
  checkInteger("The number of ports", ports.length, 1, 100);
  for (const port of ports) checkInteger("A port", port, 1, 65_535);
  const set = (name: string, type: string) =>
    `  set ${name} { type ${type}; flags timeout; size ${MAX_SOURCES}; timeout ${DEFAULT_TIME}; }`;
  const network = "ip6 saddr & ffff:ffff:ffff:ffff::";
  const own = ["set known4", "set known6", "set banned4", "set banned6", "chain arriving", "chain newcomers"];
  const flush = own.map((part) => part.replace(" ", ` inet ${table} `)).map((part) => `flush ${part}`);
  return `#!/usr/sbin/nft -f
table inet ${table} {
${set("known4", "ipv4_addr")}
${set("known6", "ipv6_addr")}
${set("banned4", "ipv4_addr")}
${set("banned6", "ipv6_addr")}
  counter dropped_banned { }
  counter dropped_newcomers { }
  chain arriving { type filter hook prerouting priority raw; policy accept; }
  chain newcomers { }
}
${flush.join("\n")}
table inet ${table} {
  chain arriving {
    iif lo accept
    tcp dport { ${[...new Set(ports)].join(", ")} } tcp flags & (syn | ack) == syn goto newcomers
  }
  chain newcomers {
    ip saddr @banned4 counter name dropped_banned drop
    ${network} @banned6 counter name dropped_banned drop
    ip saddr @known4 accept
    ${network} @known6 accept
    limit rate over ${perSecond}/second burst ${Math.ceil(perSecond / 3)} packets counter name dropped_newcomers drop
  }
}
`;
}

/**
 * The source of an address: whoever is charged for what comes from it. An IPv4 address is one source; so is a /64 of
 * IPv6, since one host gets as many addresses of its /64 as it likes. All that is no IP address (identities of
 * peer-to-peer connections, which cost nothing to make) is one source together.
 *
 * @param address `host:port`, `[host]:port`, or a host alone; a zone (`fe80::1%eth0`) is left out
 */
export function sourceOf(address: string): string {
  const host = hostOf(address);
  if (/^\d+\.\d+\.\d+\.\d+$/.test(host)) return host;
  const groups = groupsOf(host);
  if (!groups) return "identities";
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped) return [6, 7].flatMap((at) => [(groups[at] as number) >> 8, (groups[at] as number) & 255]).join(".");
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(":")}::/64`;
}

function hostOf(address: string): string {
  const bracketed = /^\[([^\]%]*)(?:%[^\]]*)?\](?::\d+)?$/.exec(address);
  if (bracketed) return bracketed[1] as string;
  const withPort = /^([^:]*):\d+$/.exec(address);
  return withPort ? (withPort[1] as string) : address.replace(/%.*$/, "");
}

/** The eight groups of an IPv6 address, null for anything else. */
function groupsOf(host: string): number[] | null {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(host);
  if (dotted) {
    const [a, b, c, d] = dotted.slice(2).map(Number) as [number, number, number, number];
    if (Math.max(a, b, c, d) > 255) return null;
    return groupsOf(`${dotted[1]}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`);
  }
  const halves = host.split("::");
  if (halves.length > 2 || !host.includes(":")) return null;
  const [head, tail] = halves.map((half) => (half === "" ? [] : half.split(":"))) as [string[], string[]?];
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail ? missing < 1 : missing !== 0) return null;
  const groups = [...head, ...new Array<string>(tail ? missing : 0).fill("0"), ...(tail ?? [])];
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return null;
  return groups.map((group) => Number.parseInt(group, 16));
}

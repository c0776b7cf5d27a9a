import { groupsOf, hostOf, isIPv4, textOf } from "./address.js";

/** The source of all that is no IP address. */
export const IDENTITIES = "identities";

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
  if (!groups) return IDENTITIES;
  if (isIPv4(groups)) return textOf(groups);
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(":")}::/64`;
}

import { groupsOf, hostOf } from "./address.js";
import { nameOf, type SourceKey, sourceKeyOf } from "./source-key.js";

/**
 * The source of an address: whoever is charged for what comes from it. An IPv4 address is one source; so is a /64 of
 * IPv6, since one host gets as many addresses of its /64 as it likes. All that is no IP address (identities of
 * peer-to-peer connections, which cost nothing to make) is one source together.
 *
 * @param address `host:port`, `[host]:port`, or a host alone; a zone (`fe80::1%eth0`) is left out
 */
export function sourceOf(address: string): string {
  const host = hostOf(address);
  // The usual case, without a detour.
  if (/^\d+\.\d+\.\d+\.\d+$/.test(host)) return host;
  return nameOf(sourceKeyOf(groupsOf(host)));
}

/** The source of an address as the key of a table. */
export const keyOfAddress = (address: string): SourceKey => sourceKeyOf(groupsOf(hostOf(address)));

/** An IP address: eight groups of 16 bits. An IPv4 address is the IPv6 address that maps it (::ffff:0:0/96). */
export type AddressGroups = readonly number[];

/** @param address `host:port`, `[host]:port`, or a host alone; a zone (`fe80::1%eth0`) is left out */
export function hostOf(address: string): string {
  const bracketed = /^\[([^\]%]*)(?:%[^\]]*)?\](?::\d+)?$/.exec(address);
  if (bracketed) return bracketed[1] as string;
  const withPort = /^([^:]*):\d+$/.exec(address);
  return withPort ? (withPort[1] as string) : address.replace(/%.*$/, "");
}

/** The groups of an IPv4 or IPv6 address, null for anything else. */
export function groupsOf(host: string): AddressGroups | null {
  const dotted = /^(.*:)?(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(host);
  if (dotted) {
    const [a, b, c, d] = dotted.slice(2).map(Number) as [number, number, number, number];
    if (Math.max(a, b, c, d) > 255) return null;
    const low = [(a << 8) | b, (c << 8) | d];
    if (dotted[1] === undefined) return [0, 0, 0, 0, 0, 0xffff, ...low];
    return groupsOf(`${dotted[1]}${low.map((group) => group.toString(16)).join(":")}`);
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

/** Whether it is an IPv4 address, or an IPv6 address that stands for one. */
export const isIPv4 = (groups: AddressGroups): boolean =>
  groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);

/** The four numbers of an IPv4 address. */
export const octetsOf = (groups: AddressGroups): number[] =>
  groups.slice(6).flatMap((group) => [group >> 8, group & 255]);

/** One text for each address: `1.2.3.4`, or eight groups such as `2001:db8:0:0:0:0:0:1`. */
export function textOf(groups: AddressGroups): string {
  if (isIPv4(groups)) return octetsOf(groups).join(".");
  return groups.map((group) => group.toString(16)).join(":");
}

/** 127.0.0.0/8 and ::1. */
export function isLoopback(groups: AddressGroups): boolean {
  if (isIPv4(groups)) return (groups[6] as number) >> 8 === 127;
  return groups[7] === 1 && groups.slice(0, 7).every((group) => group === 0);
}

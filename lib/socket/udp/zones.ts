import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";

/** The names of interfaces by their numbers, as far as they were needed. */
const names = new Map<number, string>();

/** The zone of a link-local address as text: the name of the interface with this number, if there is one. */
export function zoneOf(scope: number): string {
  let zone = names.get(scope);
  if (zone !== undefined) return zone;
  const isIt = (entry: NetworkInterfaceInfo) => entry.family === "IPv6" && entry.scopeid === scope;
  const found = Object.entries(networkInterfaces()).find(([, entries]) => entries?.some(isIt));
  zone = found?.[0] ?? `${scope}`;
  names.set(scope, zone);
  return zone;
}

/** The number of the interface that a zone names, which may be a number itself; 0 if there is none. */
export function scopeOf(zone: string): number {
  if (/^\d+$/.test(zone)) return Number(zone);
  // Global addresses of the interface have the number 0.
  const numbers = networkInterfaces()[zone]?.map((entry) => (entry.family === "IPv6" ? entry.scopeid : 0)) ?? [];
  return Math.max(0, ...numbers);
}

/** The form of a zone that Node takes: a name, and on Windows a number. */
export function zoneForNode(zone: string): string {
  const scope = scopeOf(zone);
  if (scope === 0) return zone;
  return process.platform === "win32" ? `${scope}` : zoneOf(scope);
}

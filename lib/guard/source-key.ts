import { type AddressGroups, isIPv4, octetsOf, textOf } from "./address.js";

/** The source of all that is no IP address. */
export const IDENTITIES = "identities";

/** What a key stands for. */
export enum Kind {
  /** One address. */
  Address = 0,
  /** A /24 of IPv4 or a /64 of IPv6. Its other bits are 0. */
  Network = 1,
  /** All that is no IP address. Its groups are 0. */
  Identities = 2,
}

/** An address, or what several have in common. */
export interface SourceKey {
  readonly kind: Kind;
  readonly groups: AddressGroups;
}

export const IDENTITIES_KEY: SourceKey = { kind: Kind.Identities, groups: [0, 0, 0, 0, 0, 0, 0, 0] };

export const addressKeyOf = (groups: AddressGroups): SourceKey => ({ kind: Kind.Address, groups });

/** The key of the network of an address: its /24 or its /64. */
export function networkKeyOf(groups: AddressGroups): SourceKey {
  const [a = 0, b = 0, c = 0, d = 0, , , high = 0, low = 0] = groups;
  const masked = isIPv4(groups) ? [0, 0, 0, 0, 0, 0xffff, high, low & 0xff00] : [a, b, c, d, 0, 0, 0, 0];
  return { kind: Kind.Network, groups: masked };
}

/** The key of what `sourceOf` names. @param groups null: no IP address */
export function sourceKeyOf(groups: AddressGroups | null): SourceKey {
  if (!groups) return IDENTITIES_KEY;
  return isIPv4(groups) ? addressKeyOf(groups) : networkKeyOf(groups);
}

export const isSameKey = (one: SourceKey, other: SourceKey): boolean =>
  one.kind === other.kind && one.groups.every((group, at) => group === other.groups[at]);

/** `1.2.3.4`, `1.2.3.0/24`, `2001:db8:0:1::/64`; of an IPv6 address all eight groups. */
export function nameOf({ kind, groups }: SourceKey): string {
  if (kind === Kind.Identities) return IDENTITIES;
  if (kind === Kind.Address) return textOf(groups);
  if (isIPv4(groups)) return `${octetsOf(groups).slice(0, 3).join(".")}.0/24`;
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(":")}::/64`;
}

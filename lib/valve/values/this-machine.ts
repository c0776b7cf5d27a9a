/** Hosts that stand for all addresses when they are listened on; to a client they are this machine. */
const anyHosts: Record<string, string> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/** What a client connects to for a numeric address. */
export const reachable = (host: string): string => anyHosts[host] ?? host;

/** While nothing has come from one address of a name, a client tries the next as well after this time (RFC 8305). */
export const NEXT_ADDRESS_MS = 250;

/** The addresses of a name as a client tries them: families alternate, and the system's first choice is the first. */
export function alternateFamilies<Address extends { family: number }>(found: readonly Address[]): Address[] {
  const preferred = found.filter(({ family }) => family === found[0]?.family);
  const others = found.filter(({ family }) => family !== found[0]?.family);
  const order = preferred.flatMap((entry, index) => [entry, ...others.slice(index, index + 1)]);
  return [...order, ...others.slice(preferred.length)];
}

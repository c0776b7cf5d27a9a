/** Hosts that stand for all addresses when they are listened on; to a client they are this machine. */
const anyHosts: Record<string, string> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/** What a client connects to for a numeric address. */
export const reachable = (host: string): string => anyHosts[host] ?? host;

import { lookup } from "node:dns/promises";
import type { Clock } from "../../clock.js";
import { formatHost } from "../building/format-host.js";
import { abortable, connectError } from "../building/socket-errors.js";

/** Where a UDP socket is bound or connected. */
export interface UdpEndPoint {
  /** A name or a numeric address. Null stands for all addresses of this machine when binding. */
  readonly host: string | null;
  readonly port: number;
}

/** What a `UdpSocketFactory` tells its sockets. */
export interface UdpSocketOptions {
  readonly bufferBytes: number;
  readonly receiveQueuePackets: number;
  readonly clock: Clock;
}

/**
 * The numeric address of what a client connects to: the system's first choice among those of both families, since UDP
 * cannot tell which of them answers.
 */
export async function lookupHost(
  { host, port }: UdpEndPoint,
  signal?: AbortSignal,
): Promise<{ address: string; family: number }> {
  const name = host ?? "localhost";
  try {
    return await abortable(lookup(name), signal);
  } catch (cause) {
    signal?.throwIfAborted();
    throw connectError(formatHost(name, port), (cause as Error).message, { cause });
  }
}

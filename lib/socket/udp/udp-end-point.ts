import { lookup } from "node:dns/promises";
import type { Clock } from "../../clock.js";
import { abortable } from "../building/socket-errors.js";

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
  readonly closeOnExit: boolean;
  readonly clock: Clock;
}

/** A numeric address, with a `%zone` if it is link-local. */
export interface UdpAddress {
  readonly address: string;
  readonly family: number;
}

/** What stands for all addresses to a listening socket means this machine to a client. */
const thisMachine = new Map([
  ["0.0.0.0", "127.0.0.1"],
  ["::", "::1"],
]);

/**
 * The numeric address of a name: the system's first choice among those of both families, since UDP cannot tell which of
 * them answers.
 */
export async function lookUp(host: string, isRemote: boolean, attempt: AbortSignal): Promise<UdpAddress> {
  const { address, family } = await abortable(lookup(host), attempt);
  return { address: isRemote ? (thisMachine.get(address) ?? address) : address, family };
}

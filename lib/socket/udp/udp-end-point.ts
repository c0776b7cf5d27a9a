import { lookup } from "node:dns/promises";
import type { Clock } from "../../clock.js";
import type { Spin } from "../../spin.js";
import { alternateFamilies, reachable } from "../../valve/values/this-machine.js";
import { abortable } from "../building/socket-errors.js";
import { zoneForNode } from "./zones.js";

/** Where a UDP socket is bound or connected. */
export interface UdpEndPoint {
  /** A name or a numeric address. Null stands for all addresses of this machine when binding. */
  readonly host: string | null;
  /** 0 to 65535; to listen, 0 takes a free one. */
  readonly port: number;
}

/** What a `UdpSocketFactory` tells its sockets. */
export interface UdpSocketOptions {
  readonly bufferBytes: number;
  readonly receiveQueuePackets: number;
  readonly closeOnExit: boolean;
  readonly spin: Spin;
  readonly clock: Clock;
}

/** A numeric address, with a `%zone` if it is link-local. */
export interface UdpAddress {
  readonly address: string;
  readonly family: number;
}

/** The numeric addresses of a name, of both families: the system's first choice first. There is at least one. */
export async function lookUp(host: string, isRemote: boolean, attempt: AbortSignal): Promise<UdpAddress[]> {
  const found = await abortable(lookup(host, { all: true }), attempt);
  return alternateFamilies(found).map(({ address, family }) => {
    const [ip = "", zone] = address.split("%");
    if (zone) return { address: `${ip}%${zoneForNode(zone)}`, family };
    return { address: isRemote ? reachable(ip) : ip, family };
  });
}

import { formatHost } from "../building/format-host.js";
import type { IConnectionHandle } from "../socket.js";

/** Largest packet in bytes: the least maximum transmission unit of IPv6 (1280) less the headers of IPv6 and UDP. */
export const MAX_UDP_PACKET_SIZE = 1232;

/** An address on the internet. UDP has no connections and guarantees nothing. */
export abstract class UdpHandle implements IConnectionHandle {
  readonly isStateful = false;
  readonly reliable = false;
  readonly ordered = false;
  readonly security = "none";
  readonly addressVerified = false;
  readonly maxPacketSize = MAX_UDP_PACKET_SIZE;
  readonly bytesPerSecond = Number.POSITIVE_INFINITY;
  readonly bufferedBytes = 0;
  readonly connection = null;
  /** The numeric address: IPv4 with dots; IPv6, with a `%zone` if it is link-local. */
  abstract readonly host: string;
  abstract readonly port: number;

  /** `1.2.3.4:7777`, `[2001:db8::1]:7777`. */
  get address(): string {
    return formatHost(this.host, this.port);
  }

  abstract copy(): UdpHandle;
  abstract equals(other: IConnectionHandle): boolean;

  async disconnect(): Promise<void> {}
}

import { formatHost } from "../building/format-host.js";
import type { IConnectionHandle } from "../socket.js";

/** Largest packet: IPv6's least maximum transmission unit of 1280 bytes, without the headers of IPv6 and UDP. */
export const MAX_UDP_PACKET_SIZE = 1232;

/** An address of the internet: UDP knows no connections, and promises nothing. */
export abstract class InternetHandle implements IConnectionHandle {
  readonly isStateful = false;
  readonly reliable = false;
  readonly ordered = false;
  readonly security = "none";
  readonly addressVerified = false;
  readonly maxPacketSize = MAX_UDP_PACKET_SIZE;
  readonly bytesPerSecond = Number.POSITIVE_INFINITY;
  readonly bufferedBytes = 0;
  readonly connection = null;
  /** IPv4 with dots, IPv6 with a `%zone` where it is link-local. */
  abstract readonly host: string;
  abstract readonly port: number;

  /** `1.2.3.4:7777`, `[2001:db8::1]:7777`. */
  get address(): string {
    return formatHost(this.host, this.port);
  }

  abstract copy(): InternetHandle;
  abstract equals(other: IConnectionHandle): boolean;

  async disconnect(): Promise<void> {}
}

/** An address as `node:dgram` has it. */
export class UdpHandle extends InternetHandle {
  constructor(
    public host: string,
    public port: number,
  ) {
    super();
  }

  copy(): UdpHandle {
    return new UdpHandle(this.host, this.port);
  }

  equals(other: IConnectionHandle): boolean {
    return other instanceof UdpHandle && other.port === this.port && other.host === this.host;
  }
}

import { formatHost } from "./format-host.js";
import type { IConnectionHandle } from "./socket.js";

/** Largest packet: IPv6's least maximum transmission unit of 1280 bytes, without the headers of IPv6 and UDP. */
export const maxUdpPacketSize = 1232;

/** An address of the internet. */
export class UdpHandle implements IConnectionHandle {
  readonly isStateful = false;
  readonly reliable = false;
  readonly ordered = false;
  readonly security = "none";
  readonly addressVerified = false;
  readonly maxPacketSize = maxUdpPacketSize;
  readonly bytesPerSecond = Number.POSITIVE_INFINITY;
  readonly bufferedBytes = 0;
  readonly connection = null;

  constructor(
    /** As the operating system writes it: IPv4 with dots, IPv6 with a `%zone` where it is link-local. */
    public host: string,
    public port: number,
  ) {}

  /** `1.2.3.4:7777`, `[2001:db8::1]:7777`. */
  get address(): string {
    return formatHost(this.host, this.port);
  }

  copy(): UdpHandle {
    return new UdpHandle(this.host, this.port);
  }

  equals(other: IConnectionHandle): boolean {
    return other instanceof UdpHandle && other.port === this.port && other.host === this.host;
  }

  async disconnect(): Promise<void> {}
}

import { formatHost } from "../../format-host.js";
import { StatelessHandle } from "../building/handles.js";

/**
 * Largest packet of `dgram` in bytes: the least maximum transmission unit of IPv6 (1280) less the headers of IPv6 and
 * UDP. The system cuts larger ones into fragments where a link is smaller, and `node:dgram` cannot forbid it.
 */
export const MAX_DGRAM_PACKET_SIZE = 1232;
/** Largest packet of `batched` in bytes, which is never cut: Ethernet's 1500 less the headers of IPv6 and UDP. */
export const MAX_BATCHED_PACKET_SIZE = 1452;

/** An address on the internet. UDP has no connections and guarantees nothing. */
export abstract class UdpHandle extends StatelessHandle {
  /** UDP itself protects nothing: a Peer's `encryption` does. */
  readonly security = "none";
  readonly transport = "udp";
  /** The numeric address: IPv4 with dots; IPv6, with a `%zone` if it is link-local. */
  abstract readonly host: string;
  /** The port at that address, 1 to 65535. */
  abstract readonly port: number;
  abstract override copy(): UdpHandle;

  /** `1.2.3.4:7777`, `[2001:db8::1]:7777`. */
  get address(): string {
    return formatHost(this.host, this.port);
  }
}

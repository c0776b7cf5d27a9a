import { type Clock, systemClock } from "../../clock.js";
import { type ConfigOption, ConfigValue } from "../../valve/configuration/config-value.js";
import { MAX_MESSAGE_BYTES } from "../../valve/messages/send-type.js";
import type { InitializeOptions } from "../../valve/sockets/library.js";
import { checkInteger } from "../../valve/values/arguments.js";
import type { ISocket } from "../socket.js";
import { type IHasHost, type IHasPort, SocketFactory } from "../socket-factory.js";
import { GnsAddress, GnsPeer, type GnsPeerSettings } from "./gns-end-point.js";
import { MAX_UNRELIABLE_BYTES } from "./gns-handle.js";
import { GnsSocket } from "./gns-socket.js";

export interface GnsSocketFactoryOptions extends InitializeOptions {
  /** What clients connect to: a name or a numeric address; `localhost` unless told. */
  host?: string;
  /** The UDP port, for clients and servers; 7777 unless told. Servers take a free one for 0. */
  port?: number;
  /** The numeric address that servers listen on; `::` unless told, which takes IPv6 and IPv4. */
  bindHost?: string;
  /** Instead of host and port: peers by name, behind routers. */
  peer?: GnsPeerSettings;
  /**
   * Bytes per second that a connection sends at most, 1024 to 104,857,600; 1 MiB/s (8.4 Mbit/s) unless told, where GNS
   * has 256 KiB/s. GNS does not find out what the way can carry: more than that is lost.
   */
  sendRate?: number;
  /**
   * Bytes of a connection that may wait to be sent, 65,536 to 16,777,216; 1 MiB unless told. With more, `send` says
   * full.
   */
  sendQueueBytes?: number;
  /**
   * Bytes of a connection that may wait to be received, 1 to 64 MiB; 4 MiB unless told. With more, unreliable packets
   * are lost and reliable ones wait at the sender.
   */
  receiveQueueBytes?: number;
  /** How long a disconnect waits until what was sent reliably is acknowledged; 5000 unless told. */
  closeTimeoutMs?: number;
  /** GNS's configuration beyond that, such as `authenticatedOnly` and timeouts. It wins over the options above. */
  config?: readonly ConfigOption[];
  clock?: Clock;
}

const MEBIBYTE = 1024 * 1024;
/** GNS's own limit: so far above `sendQueueBytes` that what is sent again fits as well. */
const GNS_SEND_BUFFER_BYTES = 256 * MEBIBYTE;
/** GNS counts received messages too, 1000 by itself; this many bytes of buffer make room for one more. */
const BYTES_PER_MESSAGE = 64;

/** Makes sockets over GameNetworkingSockets: encrypted, reliable and unreliable, with lanes. Node only. */
export class GnsSocketFactory
  extends SocketFactory<GnsAddress | GnsPeer, GnsAddress | GnsPeer>
  implements IHasHost, IHasPort
{
  host: string;
  port: number;
  /** For unreliable packets; reliable ones have {@link maxReliablePacketSize}. */
  readonly maxPacketSize = MAX_UNRELIABLE_BYTES;
  readonly maxReliablePacketSize = MAX_MESSAGE_BYTES;
  readonly #options: GnsSocketFactoryOptions;
  readonly #config: readonly ConfigOption[];

  /** @throws RangeError `ERR_OUT_OF_RANGE` */
  constructor(options: GnsSocketFactoryOptions = {}) {
    super();
    const { host = "localhost", port = 7777, config = [] } = options;
    const { sendRate = MEBIBYTE, sendQueueBytes = MEBIBYTE, receiveQueueBytes = 4 * MEBIBYTE } = options;
    checkInteger("port", port, 0, 0xffff);
    checkInteger("sendRate", sendRate, 1024, 100 * MEBIBYTE);
    checkInteger("sendQueueBytes", sendQueueBytes, 65_536, 16 * MEBIBYTE);
    checkInteger("receiveQueueBytes", receiveQueueBytes, MEBIBYTE, 64 * MEBIBYTE);
    this.host = host;
    this.port = port;
    this.#options = { ...options, sendQueueBytes };
    this.#config = [
      { value: ConfigValue.SendRateMin, data: sendRate },
      { value: ConfigValue.SendRateMax, data: sendRate },
      { value: ConfigValue.SendBufferSize, data: GNS_SEND_BUFFER_BYTES },
      { value: ConfigValue.RecvBufferSize, data: receiveQueueBytes },
      { value: ConfigValue.RecvBufferMessages, data: Math.floor(receiveQueueBytes / BYTES_PER_MESSAGE) },
      ...config,
    ];
  }

  /** @throws NetworkError `ERR_FAILED`: GNS runs with another driver or identity, or cannot be initialized */
  createServerSocket(): ISocket<GnsAddress | GnsPeer, GnsAddress | GnsPeer> {
    const { clock = systemClock, sendQueueBytes = MEBIBYTE, closeTimeoutMs = 5000, driver, identity } = this.#options;
    const initialize = { ...(driver !== undefined && { driver }), ...(identity !== undefined && { identity }) };
    return new GnsSocket({ clock, initialize, config: this.#config, sendQueueBytes, closeTimeoutMs });
  }

  getBindEndPoint(): GnsAddress | GnsPeer {
    const { peer, bindHost = "::" } = this.#options;
    return peer ? new GnsPeer(peer) : new GnsAddress(bindHost, this.port);
  }

  getConnectEndPoint(host = this.host, port = this.port): GnsAddress | GnsPeer {
    const { peer } = this.#options;
    return peer ? new GnsPeer(peer) : new GnsAddress(host, port);
  }
}

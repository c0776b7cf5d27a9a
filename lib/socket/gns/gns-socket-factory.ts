import { typeError } from "../../arguments.js";
import { type Clock, systemClock } from "../../clock.js";
import {
  checkOptions,
  clockOption,
  durationOption,
  integerOption,
  type OptionRules,
  objectOption,
  portOption,
} from "../../options.js";
import { type ConfigOption, ConfigValue } from "../../valve/configuration/config-value.js";
import { DEFAULT_HANDSHAKE_TIMEOUT_MS, handshakeTimeoutOption } from "../../valve/endpoint/dispatcher.js";
import { MAX_MESSAGE_BYTES } from "../../valve/messages/send-type.js";
import { type InitializeOptions, initializeRules } from "../../valve/sockets/library.js";
import { bindHostOf } from "../building/bind-host.js";
import { checkHost, checkPort, checkRemotePort, hostOption } from "../building/end-point-errors.js";
import type { ISocket } from "../socket.js";
import { type IHasHost, type IHasPort, SocketFactory } from "../socket-factory.js";
import { GnsAddress, GnsPeer, type GnsPeerSettings } from "./gns-end-point.js";
import { MAX_UNRELIABLE_BYTES } from "./gns-handle.js";
import { GnsSocket } from "./gns-socket.js";

/** Options of a {@link GnsSocketFactory}. */
export interface GnsSocketFactoryOptions extends InitializeOptions {
  /**
   * What clients connect to: a name or a numeric address.
   *
   * @defaultValue "localhost"
   */
  host?: string;
  /**
   * The UDP port, for clients and servers. For 0 a server takes a free one.
   *
   * @defaultValue 7777
   */
  port?: number;
  /**
   * What servers listen on: a name or a numeric address; `::` takes IPv6 and IPv4.
   *
   * @defaultValue "::"
   */
  bindHost?: string;
  /** In place of host and port: peers by identity, behind routers. @defaultValue none */
  peer?: GnsPeerSettings;
  /**
   * The most that a connection sends, in bytes per second, 1024 to 104,857,600. GNS does not measure the bandwidth of
   * the path: what exceeds it is lost.
   *
   * @defaultValue 1,048,576 (8.4 Mbit/s; GNS has 262,144)
   */
  sendRate?: number;
  /**
   * Bytes of a connection that may wait to be sent, 65,536 to 16,777,216. With more, `send` answers false.
   *
   * @defaultValue 1,048,576
   */
  sendQueueBytes?: number;
  /**
   * Bytes of a connection that may wait to be received, 1,048,576 to 67,108,864. With more, unreliable packets are lost
   * and reliable ones wait at the sender.
   *
   * @defaultValue 4,194,304
   */
  receiveQueueBytes?: number;
  /**
   * How long a disconnect waits, in milliseconds, 0 or more, until what was sent reliably is acknowledged.
   *
   * @defaultValue 5000
   */
  closeTimeoutMs?: number;
  /**
   * How long a server takes for its verdict about a client before it refuses it, in milliseconds, 1 to 9000. (How long
   * a client tries is the Peer's option of this name.)
   *
   * @defaultValue 5000
   */
  handshakeTimeoutMs?: number;
  /**
   * More of GNS's configuration, such as `authenticatedOnly` and timeouts. It overrides the options above, and
   * `MTUPacketSize`, which is 1232 here.
   *
   * @defaultValue none
   */
  config?: readonly ConfigOption[];
  /** What times connections that are opened and closed. @defaultValue the clock of the platform */
  clock?: Clock;
}

const MEBIBYTE = 1024 * 1024;
/** GNS's own limit: so far above `sendQueueBytes` that retransmissions fit as well. */
const GNS_SEND_BUFFER_BYTES = 256 * MEBIBYTE;
/** UDP payload: with the heads of UDP and IPv6 it fits 1280 bytes, which every IPv6 path carries. GNS has 1300. */
const GNS_PACKET_BYTES = 1232;
/** GNS also limits the number of messages that wait to be received, by default to 1000: one for so many bytes. */
const BYTES_PER_MESSAGE = 64;

const rules: OptionRules<GnsSocketFactoryOptions> = {
  host: hostOption,
  port: portOption,
  bindHost: hostOption,
  peer: objectOption(),
  sendRate: integerOption(1024, 100 * MEBIBYTE),
  sendQueueBytes: integerOption(65_536, 16 * MEBIBYTE),
  receiveQueueBytes: integerOption(MEBIBYTE, 64 * MEBIBYTE),
  closeTimeoutMs: durationOption(),
  handshakeTimeoutMs: handshakeTimeoutOption,
  config: (name, value) => {
    if (!Array.isArray(value)) throw typeError(name, "a list of options");
  },
  ...initializeRules,
  clock: clockOption,
};

/** Makes sockets over GameNetworkingSockets: encrypted, reliable and unreliable, with lanes. Node only. */
export class GnsSocketFactory
  extends SocketFactory<GnsAddress | GnsPeer, GnsAddress | GnsPeer>
  implements IHasHost, IHasPort
{
  /** What clients connect to, a name or a numeric address; without `peer`. */
  host: string;
  /** The UDP port where servers listen and clients connect to, 0 to 65535; without `peer`. */
  port: number;
  /** For unreliable packets; reliable ones have {@link maxReliablePacketSize}. */
  readonly maxPacketSize = MAX_UNRELIABLE_BYTES;
  /** The largest reliable packet in bytes: GNS's limit of a message. */
  readonly maxReliablePacketSize = MAX_MESSAGE_BYTES;
  readonly #options: GnsSocketFactoryOptions;
  readonly #config: readonly ConfigOption[];

  /** @throws RangeError `ERR_OUT_OF_RANGE` */
  constructor(options: GnsSocketFactoryOptions = {}) {
    super();
    checkOptions("GnsSocketFactory", options, rules);
    const { host = "localhost", port = 7777, config = [] } = options;
    const { sendRate = MEBIBYTE, sendQueueBytes = MEBIBYTE, receiveQueueBytes = 4 * MEBIBYTE } = options;
    this.host = host;
    this.port = port;
    this.#options = { ...options, sendQueueBytes };
    this.#config = [
      { value: ConfigValue.SendRateMin, data: sendRate },
      { value: ConfigValue.SendRateMax, data: sendRate },
      { value: ConfigValue.SendBufferSize, data: GNS_SEND_BUFFER_BYTES },
      { value: ConfigValue.RecvBufferSize, data: receiveQueueBytes },
      { value: ConfigValue.RecvBufferMessages, data: Math.floor(receiveQueueBytes / BYTES_PER_MESSAGE) },
      { value: ConfigValue.MTUPacketSize, data: GNS_PACKET_BYTES },
      ...config,
    ];
  }

  /** @throws NetworkError `ERR_FAILED`: GNS runs with another driver or identity, or cannot be initialized */
  createServerSocket(): ISocket<GnsAddress | GnsPeer, GnsAddress | GnsPeer> {
    const { clock = systemClock, sendQueueBytes = MEBIBYTE, closeTimeoutMs = 5000, driver, identity } = this.#options;
    const { handshakeTimeoutMs = DEFAULT_HANDSHAKE_TIMEOUT_MS } = this.#options;
    const initialize = { ...(driver !== undefined && { driver }), ...(identity !== undefined && { identity }) };
    return new GnsSocket({
      clock,
      initialize,
      config: this.#config,
      sendQueueBytes,
      closeTimeoutMs,
      handshakeTimeoutMs,
    });
  }

  getBindEndPoint(): GnsAddress | GnsPeer {
    const { peer, host, bindHost } = this.#options;
    checkPort(this.port);
    return peer ? new GnsPeer(peer) : new GnsAddress(bindHostOf(host, bindHost) ?? "::", this.port);
  }

  getConnectEndPoint(host = this.host, port = this.port): GnsAddress | GnsPeer {
    const { peer } = this.#options;
    checkHost(host);
    if (!peer) checkRemotePort(port);
    return peer ? new GnsPeer(peer) : new GnsAddress(host, port);
  }
}

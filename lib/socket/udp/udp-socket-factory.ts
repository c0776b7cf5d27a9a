import { findAddon } from "../../addon/load-addon.js";
import { type Clock, systemClock } from "../../clock.js";
import {
  booleanOption,
  checkOptions,
  clockOption,
  integerOption,
  type OptionRules,
  oneOf,
  portOption,
} from "../../options.js";
import { type Spin, spinOption } from "../../spin.js";
import { bindHostOf } from "../building/bind-host.js";
import { checkHost, checkPort, checkRemotePort, hostOption } from "../building/end-point-errors.js";
import type { ISocket } from "../socket.js";
import { type IHasHost, type IHasPort, SocketFactory } from "../socket-factory.js";
import { UdpBatchSocket } from "./udp-batch-socket.js";
import { UdpBroadcastSocket } from "./udp-broadcast-socket.js";
import { UdpDgramSocket } from "./udp-dgram-socket.js";
import type { UdpEndPoint, UdpSocketOptions } from "./udp-end-point.js";
import { MAX_BATCHED_PACKET_SIZE, MAX_DGRAM_PACKET_SIZE } from "./udp-handle.js";

/** Options of a {@link UdpSocketFactory}. */
export interface UdpSocketFactoryOptions {
  /** What clients connect to: a name or a numeric address. @defaultValue "localhost" */
  host?: string;
  /** Where servers listen and clients connect to, 0 to 65535. With 0 a server takes a free port. @defaultValue 7777 */
  port?: number;
  /** What servers listen on. @defaultValue all addresses of this machine, IPv6 and IPv4 */
  bindHost?: string;
  /** The size of the operating system's two buffers, each, 1024 to 2^30. It may allow less. @defaultValue 1 MiB */
  bufferBytes?: number;
  /**
   * `dgram` only: how many packets may wait for `receive`, 1 to 2^24. Packets that arrive while the queue is full are
   * dropped and counted.
   *
   * @defaultValue 8192 packets
   */
  receiveQueuePackets?: number;
  /**
   * `batched`: the addon, which moves datagrams in batches and makes no garbage. `dgram`: Node's own `node:dgram`.
   * `auto`: batched on platforms that have an addon. @defaultValue "auto"
   */
  implementation?: "batched" | "dgram" | "auto";
  /**
   * Whether the last packets of connections leave when the process ends (`process.exit`, SIGTERM, an uncaught
   * exception, ...). @defaultValue true
   */
  closeOnExit?: boolean;
  /** `batched` only. @defaultValue 0 */
  spin?: Spin;
  /** What times waiting for the system. @defaultValue the clock of the platform */
  clock?: Clock;
}

const rules: OptionRules<UdpSocketFactoryOptions> = {
  host: hostOption,
  port: portOption,
  bindHost: hostOption,
  bufferBytes: integerOption(1024, 2 ** 30),
  receiveQueuePackets: integerOption(1, 2 ** 24),
  implementation: oneOf("batched", "dgram", "auto"),
  closeOnExit: booleanOption,
  spin: spinOption,
  clock: clockOption,
};

/** Plain UDP over IPv4 and IPv6, through the addon or `node:dgram`. Its handles are stateless and guarantee nothing. */
export class UdpSocketFactory extends SocketFactory<UdpEndPoint, UdpEndPoint> implements IHasHost, IHasPort {
  readonly maxPacketSize: number;
  host: string;
  port: number;
  /** What servers listen on from the next `bind` on; null: all addresses of this machine. */
  bindHost: string | null;
  readonly #givenHost: string | undefined;
  readonly #implementation: "batched" | "dgram";
  readonly #options: UdpSocketOptions;

  /** @throws TypeError, RangeError as `docs/errors.md` says of arguments */
  constructor(options: UdpSocketFactoryOptions = {}) {
    super();
    checkOptions("UdpSocketFactory", options, rules);
    const { host = "localhost", port = 7777, bindHost = null, implementation = "auto" } = options;
    const {
      bufferBytes = 2 ** 20,
      receiveQueuePackets = 8192,
      closeOnExit = true,
      spin = 0,
      clock = systemClock,
    } = options;
    this.#givenHost = options.host;
    this.host = host;
    this.port = port;
    this.bindHost = bindHost;
    this.#options = { bufferBytes, receiveQueuePackets, closeOnExit, spin, clock };
    if (implementation !== "auto") this.#implementation = implementation;
    else this.#implementation = findAddon() ? "batched" : "dgram";
    this.maxPacketSize = this.#implementation === "batched" ? MAX_BATCHED_PACKET_SIZE : MAX_DGRAM_PACKET_SIZE;
  }

  /** Whether the chosen implementation exists on this platform. */
  override get isSupported(): boolean {
    return this.#implementation === "dgram" || findAddon() !== null;
  }

  /** @throws NetworkError `ERR_NOT_SUPPORTED` for `batched` on a platform without an addon */
  createServerSocket(): ISocket<UdpEndPoint, UdpEndPoint> {
    return new (this.#implementation === "batched" ? UdpBatchSocket : UdpDgramSocket)(this.#options);
  }

  /** Over `node:dgram`, whichever implementation the others have. Only IPv4 has broadcast. */
  override createBroadcastSocket(): ISocket<UdpEndPoint, UdpEndPoint> {
    return new UdpBroadcastSocket(this.#options);
  }

  getBindEndPoint(): UdpEndPoint {
    checkPort(this.port);
    return { host: bindHostOf(this.#givenHost, this.bindHost), port: this.port };
  }

  getConnectEndPoint(host = this.host, port = this.port): UdpEndPoint {
    checkHost(host);
    checkRemotePort(port);
    return { host, port };
  }
}

import { type Clock, systemClock } from "../../clock.js";
import type { IBindEndPoint, IConnectEndPoint, ISocket } from "../socket.js";
import { type IHasAddress, type IHasPort, SocketFactory } from "../socket-factory.js";
import { isUdpBatchSupported, UdpBatchSocket } from "./udp-batch-socket.js";
import { MAX_UDP_PACKET_SIZE } from "./udp-handle.js";
import { UdpSocket } from "./udp-socket.js";

export interface UdpSocketFactoryOptions {
  /** Where clients connect to: a name or an address. Default `localhost`. */
  address?: string;
  /** Where servers listen and clients connect to, 0 to 65535; 0 lets a server take a free one. Default 7777. */
  port?: number;
  /** What servers listen at. Default `::` with both families, or `0.0.0.0` where there is no IPv6. */
  bindAddress?: string;
  /** The operating system's buffers, each; it may allow less. Default 1 MiB. */
  bufferBytes?: number;
  /** Packets that wait for `receive`; what comes when it is full is dropped and counted. Default 8192. */
  queuePackets?: number;
  /**
   * `batched`: the addon, which moves datagrams in batches and makes no garbage. `dgram`: Node's own `node:dgram`.
   * `auto`: batched where there is an addon for the platform.
   * @defaultValue "auto"
   */
  implementation?: "batched" | "dgram" | "auto";
  clock?: Clock;
}

/** What a {@link UdpSocketFactory} tells its sockets. */
export interface UdpSocketOptions {
  readonly bufferBytes: number;
  readonly queuePackets: number;
  readonly clock: Clock;
}

/** Where a UDP socket is bound or connected. */
export interface UdpEndPoint {
  /** Null: any address of this machine. */
  readonly address: string | null;
  readonly port: number;
}

/** Plain UDP over IPv4 and IPv6, through the addon or `node:dgram`. Handles are stateless and promise nothing. */
export class UdpSocketFactory extends SocketFactory implements IHasAddress, IHasPort {
  readonly maxPacketSize = MAX_UDP_PACKET_SIZE;
  address: string;
  port: number;
  bindAddress: string | null;
  readonly #implementation: "batched" | "dgram";
  readonly #options: UdpSocketOptions;

  /** @throws RangeError: no such implementation */
  constructor(options: UdpSocketFactoryOptions = {}) {
    super();
    const { address = "localhost", port = 7777, bindAddress = null } = options;
    const { bufferBytes = 2 ** 20, queuePackets = 8192, clock = systemClock } = options;
    this.address = address;
    this.port = port;
    this.bindAddress = bindAddress;
    this.#options = { bufferBytes, queuePackets, clock };
    const { implementation = "auto" } = options;
    if (!["batched", "dgram", "auto"].includes(implementation)) {
      throw new RangeError(`implementation is batched, dgram or auto, not ${implementation}`);
    }
    if (implementation !== "auto") this.#implementation = implementation;
    else this.#implementation = isUdpBatchSupported() ? "batched" : "dgram";
  }

  /** Whether the chosen implementation is there. */
  override get isSupported(): boolean {
    return this.#implementation === "dgram" || isUdpBatchSupported();
  }

  /** @throws NetworkError `ERR_NOT_SUPPORTED`: `batched`, and there is no addon */
  createServerSocket(): ISocket {
    return new (this.#implementation === "batched" ? UdpBatchSocket : UdpSocket)(this.#options);
  }

  /** Throws like {@link createServerSocket}. */
  createClientSocket(): ISocket {
    return this.createServerSocket();
  }

  getBindEndPoint(): IBindEndPoint {
    return { address: this.bindAddress, port: this.port } satisfies UdpEndPoint;
  }

  getConnectEndPoint(address = this.address, port = this.port): IConnectEndPoint {
    return { address, port } satisfies UdpEndPoint;
  }
}

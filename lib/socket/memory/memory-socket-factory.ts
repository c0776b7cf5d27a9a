import type { IBindEndPoint, IConnectEndPoint, ISocket, Security } from "../socket.js";
import { type IHasPort, SocketFactory } from "../socket-factory.js";
import { MemoryConnectionSocket } from "./memory-connection-socket.js";
import { MemoryDatagramSocket } from "./memory-datagram-socket.js";
import type { MemoryNetwork } from "./memory-network.js";

/**
 * What the sockets are like: `datagram` like UDP (stateless handles, unreliable), `reliable-lanes` like GNS (connections that
 * carry reliable and unreliable packets), `stream` like WebSocket (connections in one order).
 */
export type MemorySocketKind = "datagram" | "reliable-lanes" | "stream";

export interface MemorySocketFactoryOptions {
  /** Default `datagram`. */
  kind?: MemorySocketKind;
  /** Where servers listen and clients connect to, 0 to 65535, 0: a free one. Default 7777. */
  port?: number;
  /** What the handles say. Default `none`. */
  security?: Security;
  /** Largest packet in bytes; on `reliable-lanes` the largest unreliable one. Default 1232, on `stream` 16384. */
  maxPacketSize?: number;
  /** `datagram`: packets that wait for their receiver; what comes when it is full is dropped. Default 4096. */
  queuePackets?: number;
  /**
   * `reliable-lanes` and `stream`: bytes of a connection that wait for their receiver. When it is full, `send` refuses reliable
   * packets, and unreliable ones of `reliable-lanes` are dropped. Default 1 MiB.
   */
  queueBytes?: number;
}

/** @internal */
export interface MemorySocketOptions {
  readonly kind: MemorySocketKind;
  readonly security: Security;
  readonly maxPacketSize: number;
  readonly queuePackets: number;
  readonly queueBytes: number;
}

/** @internal */
export interface MemoryEndPoint {
  readonly port: number;
}

const MAX_DATAGRAM_BYTES = 1232;
const MAX_STREAM_BYTES = 16_384;

/** Sockets on a {@link MemoryNetwork}. */
export class MemorySocketFactory extends SocketFactory implements IHasPort {
  readonly maxPacketSize: number;
  port: number;
  readonly #network: MemoryNetwork;
  readonly #options: MemorySocketOptions;

  constructor(network: MemoryNetwork, options: MemorySocketFactoryOptions = {}) {
    super();
    const { kind = "datagram", port = 7777, security = "none", queuePackets = 4096, queueBytes = 2 ** 20 } = options;
    this.port = port;
    this.maxPacketSize = options.maxPacketSize ?? (kind === "stream" ? MAX_STREAM_BYTES : MAX_DATAGRAM_BYTES);
    this.#network = network;
    const { maxPacketSize } = this;
    this.#options = { kind, security, maxPacketSize, queuePackets, queueBytes };
  }

  createServerSocket(): ISocket {
    const isDatagram = this.#options.kind === "datagram";
    return new (isDatagram ? MemoryDatagramSocket : MemoryConnectionSocket)(this.#network, this.#options);
  }

  createClientSocket(): ISocket {
    return this.createServerSocket();
  }

  getBindEndPoint(): IBindEndPoint {
    return { port: this.port } satisfies MemoryEndPoint;
  }

  /** @param _address is not looked at: a network has one host */
  getConnectEndPoint(_address?: string, port = this.port): IConnectEndPoint {
    return { port } satisfies MemoryEndPoint;
  }
}

import { checkInstance } from "../../arguments.js";
import { booleanOption, checkOptions, integerOption, type OptionRules, oneOf, portOption } from "../../options.js";
import { checkPort, checkRemotePort } from "../building/end-point-errors.js";
import type { ISocket, Security } from "../socket.js";
import { type IHasPort, SocketFactory } from "../socket-factory.js";
import { MemoryConnectionSocket } from "./memory-connection-socket.js";
import { MemoryDatagramSocket } from "./memory-datagram-socket.js";
import type { MemoryEndPoint, MemorySocketKind, MemorySocketOptions } from "./memory-end-point.js";
import { coreOf, MemoryNetwork } from "./memory-network.js";
import type { MemoryNetworkCore } from "./memory-network-core.js";

/** Options of a {@link MemorySocketFactory}. */
export interface MemorySocketFactoryOptions {
  /** Which transport its sockets behave like. @defaultValue "datagram" */
  kind?: MemorySocketKind;
  /** Where servers listen and clients connect to, 0 to 65535. With 0 a server takes a free port. @defaultValue 7777 */
  port?: number;
  /**
   * What the handles say of themselves; nothing is really encrypted.
   * @defaultValue "none"; "authenticated" for `host`
   */
  security?: Security;
  /** What the handles say of themselves: with it Noise is left out. @defaultValue false */
  isTls?: boolean;
  /**
   * Largest packet in bytes, 1 to 2^24; for `reliable-lanes` the largest unreliable one.
   *
   * @defaultValue 1232; 16384 for `stream` and `host`
   */
  maxPacketSize?: number;
  /**
   * `datagram` only: how many packets may wait for `receive`, 1 to 2^24. Packets that arrive while the queue is full
   * are dropped and counted.
   *
   * @defaultValue 4096 packets
   */
  receiveQueuePackets?: number;
  /**
   * `reliable-lanes` and `stream`: how many bytes of a connection may wait for the other end's `receive`, 1 to 2^30.
   * With more, `send` refuses reliable packets and drops unreliable ones of `reliable-lanes`.
   *
   * @defaultValue 1 MiB
   */
  sendQueueBytes?: number;
}

const rules: OptionRules<MemorySocketFactoryOptions> = {
  kind: oneOf("datagram", "reliable-lanes", "stream", "host"),
  port: portOption,
  security: oneOf("none", "encrypted", "authenticated"),
  isTls: booleanOption,
  maxPacketSize: integerOption(1, 2 ** 24),
  receiveQueuePackets: integerOption(1, 2 ** 24),
  sendQueueBytes: integerOption(1, 2 ** 30),
};

const MAX_DATAGRAM_BYTES = 1232;
const MAX_STREAM_BYTES = 16_384;

/** Sockets on a {@link MemoryNetwork}. */
export class MemorySocketFactory extends SocketFactory<MemoryEndPoint, MemoryEndPoint> implements IHasPort {
  readonly maxPacketSize: number;
  port: number;
  readonly #network: MemoryNetworkCore;
  readonly #options: MemorySocketOptions;

  /** @throws TypeError, RangeError for a wrong option, or what is no `MemoryNetwork` */
  constructor(network: MemoryNetwork, options: MemorySocketFactoryOptions = {}) {
    super();
    checkInstance("network", network, MemoryNetwork);
    checkOptions("MemorySocketFactory", options, rules);
    const { kind = "datagram", port = 7777, security = kind === "host" ? "authenticated" : "none" } = options;
    const isStream = kind === "stream" || kind === "host";
    const { maxPacketSize = isStream ? MAX_STREAM_BYTES : MAX_DATAGRAM_BYTES } = options;
    const { receiveQueuePackets = 4096, sendQueueBytes = 2 ** 20, isTls = false } = options;
    this.port = port;
    this.maxPacketSize = maxPacketSize;
    this.#network = coreOf(network);
    this.#options = { kind, security, isTls, maxPacketSize, receiveQueuePackets, sendQueueBytes };
  }

  createServerSocket(): ISocket<MemoryEndPoint, MemoryEndPoint> {
    const isDatagram = this.#options.kind === "datagram";
    return new (isDatagram ? MemoryDatagramSocket : MemoryConnectionSocket)(this.#network, this.#options);
  }

  /** Of `datagram` only. A memory network has one host, so it reaches one server. */
  override createBroadcastSocket(): ISocket<MemoryEndPoint, MemoryEndPoint> | null {
    return this.#options.kind === "datagram" ? this.createServerSocket() : null;
  }

  getBindEndPoint(): MemoryEndPoint {
    checkPort(this.port);
    return { port: this.port };
  }

  /** @param _host is ignored: a memory network has one host only */
  getConnectEndPoint(_host?: string, port = this.port): MemoryEndPoint {
    checkRemotePort(port);
    return { port };
  }
}

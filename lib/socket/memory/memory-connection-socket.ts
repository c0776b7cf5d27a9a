import { isThenable } from "../../brands.js";
import { systemError, translateError } from "../../trial-errors.js";
import type { Verdict } from "../../verdict.js";
import { checkPort } from "../building/end-point-errors.js";
import { Inbox } from "../building/inbox.js";
import { InboxSocket } from "../building/inbox-socket.js";
import { checkPacket } from "../building/packet-limit.js";
import { PacketQueue } from "../building/packet-queue.js";
import { abortable, closedError, inUseError, refusedError, socketClosed } from "../building/socket-errors.js";
import { Delivery, type IConnectionHandle, type ISocket } from "../socket.js";
import { LaneShuffler } from "./lane-shuffler.js";
import { MemoryConnection } from "./memory-connection.js";
import type { MemoryEndPoint, MemorySocketOptions } from "./memory-end-point.js";
import { MAX_UNFLUSHED_PACKETS, type MemoryNetworkCore } from "./memory-network-core.js";

/** Behaves like GNS (`reliable-lanes`) or like WebSocket (`stream`), on a memory network. */
export class MemoryConnectionSocket extends InboxSocket implements ISocket<MemoryEndPoint, MemoryEndPoint> {
  /** Unreliable packets that were sent while the connection was full. */
  droppedPackets = 0;
  readonly options: MemorySocketOptions;
  readonly inbox: Inbox;
  readonly connections = new Set<MemoryConnection>();
  readonly #network: MemoryNetworkCore;
  readonly #outgoing = new PacketQueue();
  #port: number | null = null;
  #isListening = false;
  #isClosed = false;

  constructor(network: MemoryNetworkCore, options: MemorySocketOptions) {
    super();
    this.#network = network;
    this.options = options;
    const shuffler = options.kind === "reliable-lanes" ? new LaneShuffler(network.random) : undefined;
    this.inbox = new Inbox(this, network.clock, network.pool, "later", shuffler?.arrange);
  }

  get boundPort(): number | null {
    return this.#port;
  }

  async bind(endPoint: MemoryEndPoint): Promise<void> {
    this.#attach(endPoint.port);
    this.#isListening = true;
  }

  async connect(endPoint: MemoryEndPoint, signal?: AbortSignal): Promise<IConnectionHandle> {
    signal?.throwIfAborted();
    checkPort(endPoint.port);
    this.#attach(0);
    const server = this.#network.at(endPoint.port);
    const address = `memory:${endPoint.port}`;
    const isServer = server instanceof MemoryConnectionSocket && server.options.kind === this.options.kind;
    const nobody = () => {
      this.#detach();
      const trial = { transport: "memory", action: "connecting to", host: "memory", port: endPoint.port } as const;
      return translateError(trial, systemError("ECONNREFUSED"));
    };
    if (!isServer || !server.#isListening) throw nobody();
    const asked = server.inbox.ask({ address: `memory:${this.#port}`, security: server.options.security });
    const answer = isThenable(asked) ? await this.#verdict(asked, signal) : asked;
    if (this.#isClosed) throw closedError();
    if (server.#isClosed) throw nobody();
    if (answer !== true) {
      this.#detach();
      throw refusedError(address, answer);
    }
    const [near, far] = [new MemoryConnection(this, address), new MemoryConnection(server, `memory:${this.#port}`)];
    near.remote = far;
    far.remote = near;
    server.inbox.connected(far);
    // The program that drives both ends of a host may do so before any timer.
    if (this.options.kind !== "host") {
      this.inbox.hold();
      this.inbox.release();
    }
    return near;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    for (const connection of this.connections) void connection.disconnect(socketClosed);
    this.#isClosed = true;
    this.inbox.close();
    this.#detach();
  }

  send(connection: MemoryConnection, packet: Uint8Array, length: number, delivery: Delivery, lane = 0): boolean {
    if (this.#isClosed || connection.hasEnded || connection.remote.hasEnded) return false;
    const isReliable = connection.ordered || delivery === Delivery.Reliable;
    const { sendQueueBytes } = this.options;
    checkPacket(connection, packet, length, delivery);
    if (connection.unreceivedBytes > 0 && connection.unreceivedBytes + length > sendQueueBytes) {
      if (isReliable) connection.isBlocked = true;
      else this.droppedPackets++;
      return !isReliable;
    }
    connection.unreceivedBytes += length;
    this.#outgoing.push(this.#network.pool.copy(connection.remote, packet, length, delivery, lane));
    if (this.#outgoing.count >= MAX_UNFLUSHED_PACKETS) this.flush();
    return true;
  }

  flush(): void {
    for (let packet = this.#outgoing.shift(); packet; packet = this.#outgoing.shift()) {
      (packet.handle as MemoryConnection).socket.inbox.push(packet);
    }
  }

  async #verdict(asked: Promise<Verdict>, signal: AbortSignal | undefined): Promise<Verdict> {
    try {
      return await (signal ? abortable(asked, signal) : asked);
    } catch (error) {
      this.#detach();
      throw error;
    }
  }

  #detach(): void {
    if (this.#port !== null) this.#network.detach(this.#port);
    this.#port = null;
  }

  #attach(port: number): void {
    if (this.#isClosed) throw closedError();
    if (this.#port !== null) throw inUseError();
    this.#port = this.#network.attach(this, port);
  }
}

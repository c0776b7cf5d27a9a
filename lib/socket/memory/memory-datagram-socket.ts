import { checkPort } from "../building/end-point-errors.js";
import { StatelessHandle } from "../building/handles.js";
import { checkPacket } from "../building/packet-limit.js";
import { PacketQueue, type QueuedPacket } from "../building/packet-queue.js";
import { closedError, inUseError, noPacketError } from "../building/socket-errors.js";
import { Waker } from "../building/waker.js";
import type { Delivery, IConnectionHandle, ISocket, ReceivedPacket, Security, SocketEvents } from "../socket.js";
import type { MemoryEndPoint, MemorySocketOptions } from "./memory-end-point.js";
import { MAX_UNFLUSHED_PACKETS, type MemoryNetworkCore } from "./memory-network-core.js";

/** An address: the port of a {@link MemoryDatagramSocket}. */
class MemoryAddress extends StatelessHandle {
  readonly transport = "memory";
  readonly security: Security;
  override readonly isTls: boolean;
  readonly maxPacketSize: number;

  constructor(
    readonly options: MemorySocketOptions,
    public port: number,
  ) {
    super();
    this.security = options.security;
    this.isTls = options.isTls;
    this.maxPacketSize = options.maxPacketSize;
  }

  get address(): string {
    return `memory:${this.port}`;
  }

  copy(): MemoryAddress {
    return new MemoryAddress(this.options, this.port);
  }

  equals(other: IConnectionHandle): boolean {
    return other instanceof MemoryAddress && other.port === this.port;
  }
}

/** Behaves like UDP, on a memory network. */
export class MemoryDatagramSocket implements ISocket<MemoryEndPoint, MemoryEndPoint> {
  events: SocketEvents | null = null;
  /** Packets that arrived while the queue was full. */
  droppedPackets = 0;
  readonly #network: MemoryNetworkCore;
  readonly #options: MemorySocketOptions;
  readonly #waker: Waker;
  readonly #outgoing = new PacketQueue();
  readonly #arrived = new PacketQueue();
  #received: QueuedPacket | null = null;
  /** Its own address; null while it has no port. */
  #address: MemoryAddress | null = null;
  /** A connected socket receives from this port only. */
  #remotePort = 0;
  /** One handle serves for all packets received. */
  readonly #handle: MemoryAddress;
  #isClosed = false;

  constructor(network: MemoryNetworkCore, options: MemorySocketOptions) {
    this.#network = network;
    this.#options = options;
    this.#waker = new Waker(this, network.clock);
    this.#handle = this.#addressOf(0);
  }

  get boundPort(): number | null {
    return this.#address?.port ?? null;
  }

  async bind(endPoint: MemoryEndPoint): Promise<void> {
    this.#attach(endPoint.port);
  }

  async connect(endPoint: MemoryEndPoint, signal?: AbortSignal): Promise<IConnectionHandle> {
    signal?.throwIfAborted();
    checkPort(endPoint.port);
    this.#attach(0);
    this.#remotePort = endPoint.port;
    return this.#addressOf(endPoint.port);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.flush();
    this.#isClosed = true;
    this.#waker.close();
    if (this.#address) this.#network.detach(this.#address.port);
    this.#address = null;
    for (let packet = this.#arrived.shift(); packet; packet = this.#arrived.shift()) this.#network.pool.release(packet);
  }

  tick(): void {
    this.#waker.tick();
  }

  poll(): boolean {
    return this.#arrived.count > 0;
  }

  receive(into: ReceivedPacket): void {
    if (this.#received) this.#network.pool.release(this.#received);
    const packet = this.#arrived.shift();
    this.#received = packet;
    if (!packet) throw noPacketError();
    packet.lendTo(into);
    this.#handle.port = (packet.handle as MemoryAddress).port;
    into.handle = this.#handle;
  }

  send(handle: MemoryAddress, packet: Uint8Array, length: number, delivery: Delivery): boolean {
    if (this.#isClosed || !this.#address) return false;
    checkPacket(handle, packet, length, delivery);
    const receiver = this.#network.at(handle.port);
    if (!(receiver instanceof MemoryDatagramSocket) || !receiver.#address) return true;
    this.#outgoing.push(this.#network.pool.copy(receiver.#address, packet, length, delivery, 0));
    if (this.#outgoing.count >= MAX_UNFLUSHED_PACKETS) this.flush();
    return true;
  }

  flush(): void {
    for (let packet = this.#outgoing.shift(); packet; packet = this.#outgoing.shift()) {
      const receiver = this.#network.at((packet.handle as MemoryAddress).port);
      packet.handle = this.#address as MemoryAddress;
      if (receiver instanceof MemoryDatagramSocket) receiver.#arrive(packet);
      else this.#network.pool.release(packet);
    }
  }

  #arrive(packet: QueuedPacket): void {
    const isStranger = this.#remotePort !== 0 && (packet.handle as MemoryAddress).port !== this.#remotePort;
    const isFull = this.#arrived.count >= this.#options.receiveQueuePackets;
    if (isStranger || isFull) {
      if (isFull) this.droppedPackets++;
      this.#network.pool.release(packet);
      return;
    }
    this.#arrived.push(packet);
    this.#waker.later();
  }

  #attach(port: number): void {
    if (this.#isClosed) throw closedError();
    if (this.#address) throw inUseError();
    this.#address = this.#addressOf(this.#network.attach(this, port));
  }

  #addressOf(port: number): MemoryAddress {
    return new MemoryAddress(this.#options, port);
  }
}

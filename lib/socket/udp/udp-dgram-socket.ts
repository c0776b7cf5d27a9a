import { createSocket, type RemoteInfo, type Socket, type SocketType } from "node:dgram";
import { isIPv6 } from "node:net";
import { putBytes } from "../../bytes.js";
import type { NetworkError } from "../../network-error.js";
import { formatHost } from "../building/format-host.js";
import { checkPacket } from "../building/packet-limit.js";
import { closedError, connectError, inUseError, listenError, noPacketError } from "../building/socket-errors.js";
import { Waker } from "../building/waker.js";
import type { Delivery, IConnectionHandle, ISocket, ReceivedPacket, SocketEvents } from "../socket.js";
import { lookupHost, type UdpEndPoint, type UdpSocketOptions } from "./udp-end-point.js";
import { MAX_UDP_PACKET_SIZE, UdpHandle } from "./udp-handle.js";

/**
 * When more than this waits in the send queue of `node:dgram`, the kernel does not keep up, and packets are dropped.
 */
const MAX_SEND_QUEUE_BYTES = 4 * 2 ** 20;

/** An address as `node:dgram` gives it. */
class UdpDgramHandle extends UdpHandle {
  constructor(
    public host: string,
    public port: number,
  ) {
    super();
  }

  copy(): UdpDgramHandle {
    return new UdpDgramHandle(this.host, this.port);
  }

  equals(other: IConnectionHandle): boolean {
    return other instanceof UdpDgramHandle && other.port === this.port && other.host === this.host;
  }
}

/** A UDP socket of `node:dgram`. */
export class UdpDgramSocket implements ISocket<UdpEndPoint, UdpEndPoint> {
  events: SocketEvents | null = null;
  /** Packets that arrived while the queue was full, or that the kernel did not accept. */
  droppedPackets = 0;
  readonly #options: UdpSocketOptions;
  readonly #waker: Waker;
  #socket: Socket | null = null;
  #isBound = false;
  #isClosed = false;
  /** What a client is connected to. The kernel accepts no other destination then. */
  #remote: UdpDgramHandle | null = null;
  /** A ring of the messages that `node:dgram` has received. */
  readonly #messages: (Uint8Array | undefined)[] = [];
  readonly #senders: (RemoteInfo | undefined)[] = [];
  #first = 0;
  #count = 0;
  /** One handle serves for all packets received. */
  readonly #handle = new UdpDgramHandle("", 0);
  /** The buffer that `node:dgram` is given, reused as long as dgram does not keep it. */
  #outgoing = new Uint8Array(MAX_UDP_PACKET_SIZE);
  #isSendQueued = false;

  constructor(options: UdpSocketOptions) {
    this.#options = options;
    this.#waker = new Waker(this, options.clock);
  }

  get boundPort(): number | null {
    return this.#isBound ? (this.#socket?.address().port ?? null) : null;
  }

  async bind({ host, port }: UdpEndPoint): Promise<void> {
    this.#checkFresh();
    if (host !== null) return this.#open(isIPv6(host) ? "udp6" : "udp4", host, port);
    try {
      await this.#open("udp6", "::", port);
    } catch (error) {
      // This machine has no IPv6.
      if (!["EAFNOSUPPORT", "EADDRNOTAVAIL"].includes(systemCode(error))) throw error;
      await this.#open("udp4", "0.0.0.0", port);
    }
  }

  async connect({ host, port }: UdpEndPoint, signal?: AbortSignal): Promise<UdpDgramHandle> {
    signal?.throwIfAborted();
    this.#checkFresh();
    this.#isBound = true;
    const { address, family } = await lookupHost({ host, port }, signal);
    this.#checkOpen();
    this.#isBound = false;
    await this.#open(family === 6 ? "udp6" : "udp4", family === 6 ? "::" : "0.0.0.0", 0);
    const socket = this.#socket as Socket;
    await new Promise<void>((resolve, reject) => {
      const done = (cause?: Error) =>
        cause ? reject(connectError(formatHost(host ?? "localhost", port), cause.message, { cause })) : resolve();
      socket.connect(port, address, done as () => void);
    });
    this.#checkOpen();
    const remote = socket.remoteAddress();
    this.#remote = new UdpDgramHandle(remote.address, remote.port);
    return this.#remote;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#waker.close();
    this.#count = 0;
    this.#messages.length = 0;
    this.#senders.length = 0;
    const socket = this.#socket;
    if (socket) await new Promise<void>((resolve) => socket.close(resolve));
  }

  tick(): void {
    this.#waker.tick();
  }

  poll(): boolean {
    return this.#count > 0;
  }

  receive(packet: ReceivedPacket): void {
    if (this.#count === 0) throw noPacketError();
    const message = this.#messages[this.#first] as Uint8Array;
    const sender = this.#senders[this.#first] as RemoteInfo;
    this.#messages[this.#first] = undefined;
    this.#senders[this.#first] = undefined;
    this.#first = (this.#first + 1) % this.#options.receiveQueuePackets;
    this.#count--;
    this.#handle.host = sender.address;
    this.#handle.port = sender.port;
    packet.handle = this.#handle;
    packet.buffer = message;
    packet.offset = 0;
    packet.length = message.length;
    packet.delivery = 0;
    packet.lane = 0;
  }

  send(handle: UdpDgramHandle, packet: Uint8Array, length: number, delivery: Delivery): boolean {
    const socket = this.#socket;
    if (this.#isClosed || !socket) return false;
    checkPacket(handle, packet, length, delivery);
    if (this.#remote && !this.#remote.equals(handle)) return true;
    if (this.#isSendQueued && socket.getSendQueueSize() > MAX_SEND_QUEUE_BYTES) {
      this.droppedPackets++;
      return true;
    }
    // The caller reuses its buffer, but dgram keeps a reference if the kernel has no room at once.
    const outgoing = this.#outgoing;
    putBytes(packet, length, outgoing, 0);
    if (this.#remote) socket.send(outgoing, 0, length);
    else socket.send(outgoing, 0, length, handle.port, handle.host);
    this.#isSendQueued = socket.getSendQueueCount() > 0;
    if (this.#isSendQueued) this.#outgoing = new Uint8Array(MAX_UDP_PACKET_SIZE);
    return true;
  }

  flush(): void {}

  async #open(type: SocketType, address: string, port: number): Promise<void> {
    // All addresses are numeric by now. With dgram's own dns.lookup every packet would take another turn of the loop.
    const family = type === "udp6" ? 6 : 4;
    const socket = createSocket({ type, ipv6Only: false, lookup: (host, _, done) => done(null, host, family) });
    this.#socket = socket;
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once("error", reject);
        socket.bind(port, address, () => {
          socket.off("error", reject);
          resolve();
        });
      });
    } catch (error) {
      this.#socket = null;
      socket.close();
      throw listenError(error, formatHost(address, port));
    }
    this.#checkOpen();
    // ICMP errors (nobody listens there) mean nothing to a protocol without connections.
    socket.on("error", ignore);
    socket.on("message", (message, sender) => this.#arrive(message, sender));
    for (const set of ["setRecvBufferSize", "setSendBufferSize"] as const) {
      try {
        socket[set](this.#options.bufferBytes);
      } catch {
        // The socket keeps the system's own size.
      }
    }
    this.#isBound = true;
  }

  #arrive(message: Uint8Array, sender: RemoteInfo): void {
    // A sender can forge port 0, to which nobody can reply.
    const isProper = message.length > 0 && message.length <= MAX_UDP_PACKET_SIZE && sender.port > 0;
    if (!isProper || this.#isClosed) return;
    if (this.#count >= this.#options.receiveQueuePackets) {
      this.droppedPackets++;
      return;
    }
    const index = (this.#first + this.#count) % this.#options.receiveQueuePackets;
    this.#messages[index] = message;
    this.#senders[index] = sender;
    this.#count++;
    // Later, because up to 32 packets arrive in one turn of the loop, a callback each, and are read together.
    this.#waker.later();
  }

  #checkFresh(): void {
    this.#checkOpen();
    if (this.#socket || this.#isBound) throw inUseError();
  }

  #checkOpen(): void {
    if (this.#isClosed) throw closedError();
  }
}

function ignore(): void {}

const systemCode = (error: unknown) => ((error as NetworkError).cause as NodeJS.ErrnoException | undefined)?.code ?? "";

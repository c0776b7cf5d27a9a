import { createSocket, type RemoteInfo, type Socket, type SocketType } from "node:dgram";
import { lookup } from "node:dns/promises";
import { isIPv6 } from "node:net";
import { putBytes } from "../../bytes.js";
import type { NetworkError } from "../../network-error.js";
import { formatHost } from "../building/format-host.js";
import { checkPacket } from "../building/packet-limit.js";
import {
  abortable,
  closedError,
  connectError,
  inUseError,
  listenError,
  noPacketError,
} from "../building/socket-errors.js";
import { Waker } from "../building/waker.js";
import type { Delivery, IConnectionHandle, ISocket, ReceivedPacket, SocketEvents } from "../socket.js";
import { MAX_UDP_PACKET_SIZE, UdpHandle } from "./udp-handle.js";
import type { UdpEndPoint, UdpSocketOptions } from "./udp-socket-factory.js";

/** `node:dgram`'s sending queue is full beyond this: the kernel does not keep up, and packets are dropped. */
const MAX_SEND_QUEUE_BYTES = 4 * 2 ** 20;

/** A UDP socket of `node:dgram`. */
export class UdpSocket implements ISocket {
  /** Packets that came while the queue was full, and that the kernel did not take. */
  droppedPackets = 0;
  readonly #options: UdpSocketOptions;
  readonly #waker: Waker;
  #socket: Socket | null = null;
  #isBound = false;
  #isClosed = false;
  /** Where a client is connected; the kernel takes no other destination then. */
  #remote: UdpHandle | null = null;
  /** A ring of what `node:dgram` has given. */
  readonly #messages: (Uint8Array | undefined)[] = [];
  readonly #senders: (RemoteInfo | undefined)[] = [];
  #first = 0;
  #count = 0;
  /** The one handle of all packets received. */
  readonly #handle = new UdpHandle("", 0);
  /** What `node:dgram` is given: used again as long as it keeps nothing. */
  #outgoing = new Uint8Array(MAX_UDP_PACKET_SIZE);
  #isSendQueued = false;

  constructor(options: UdpSocketOptions) {
    this.#options = options;
    this.#waker = new Waker(options.clock);
  }

  get events(): SocketEvents | null {
    return this.#waker.events;
  }

  set events(events: SocketEvents | null) {
    this.#waker.events = events;
  }

  get boundPort(): number | null {
    return this.#isBound ? (this.#socket?.address().port ?? null) : null;
  }

  async bind({ address, port }: UdpEndPoint): Promise<void> {
    this.#checkFresh();
    if (address !== null) return this.#open(isIPv6(address) ? "udp6" : "udp4", address, port);
    try {
      await this.#open("udp6", "::", port);
    } catch (error) {
      // A machine without IPv6.
      if (!["EAFNOSUPPORT", "EADDRNOTAVAIL"].includes(systemCode(error))) throw error;
      await this.#open("udp4", "0.0.0.0", port);
    }
  }

  async connect({ address, port }: UdpEndPoint, signal?: AbortSignal): Promise<IConnectionHandle> {
    signal?.throwIfAborted();
    this.#checkFresh();
    const name = address ?? "localhost";
    const where = formatHost(name, port);
    this.#isBound = true;
    // In the system's order, not asked for both families: UDP cannot tell which one answers.
    const found = await abortable(lookup(name), signal).catch((error: Error) => {
      signal?.throwIfAborted();
      throw connectError(where, error.message, { cause: error });
    });
    this.#checkOpen();
    this.#isBound = false;
    const isV6 = found.family === 6;
    await this.#open(isV6 ? "udp6" : "udp4", isV6 ? "::" : "0.0.0.0", 0);
    const socket = this.#socket as Socket;
    await new Promise<void>((resolve, reject) => {
      const done = (error?: Error) =>
        error ? reject(connectError(where, error.message, { cause: error })) : resolve();
      socket.connect(port, found.address, done as () => void);
    });
    this.#checkOpen();
    const { address: host, port: remotePort } = socket.remoteAddress();
    this.#remote = new UdpHandle(host, remotePort);
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
    this.#first = (this.#first + 1) % this.#options.queuePackets;
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

  send(handle: IConnectionHandle, packet: Uint8Array, length: number, delivery: Delivery): boolean {
    const socket = this.#socket;
    if (this.#isClosed || !socket) return false;
    checkPacket(handle, packet, length, delivery);
    const { host, port } = handle as UdpHandle;
    if (this.#remote && !this.#remote.equals(handle)) return true;
    if (this.#isSendQueued && socket.getSendQueueSize() > MAX_SEND_QUEUE_BYTES) {
      this.droppedPackets++;
      return true;
    }
    // The packet's owner goes on writing to its buffer, and dgram keeps a reference if the kernel has no room at once.
    const outgoing = this.#outgoing;
    putBytes(packet, length, outgoing, 0);
    if (this.#remote) socket.send(outgoing, 0, length);
    else socket.send(outgoing, 0, length, port, host);
    this.#isSendQueued = socket.getSendQueueCount() > 0;
    if (this.#isSendQueued) this.#outgoing = new Uint8Array(MAX_UDP_PACKET_SIZE);
    return true;
  }

  flush(): void {}

  async #open(type: SocketType, address: string, port: number): Promise<void> {
    // All addresses are numbers by now; dgram's own way through dns.lookup costs every packet another turn of the loop.
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
    // ICMP errors (nobody listens there) are no news to a protocol without connections.
    socket.on("error", ignore);
    socket.on("message", (message, sender) => this.#arrive(message, sender));
    for (const set of ["setRecvBufferSize", "setSendBufferSize"] as const) {
      try {
        socket[set](this.#options.bufferBytes);
      } catch {
        // The system's own size has to do.
      }
    }
    this.#isBound = true;
  }

  #arrive(message: Uint8Array, sender: RemoteInfo): void {
    // Port 0 can be forged, and nobody can answer to it.
    const isProper = message.length > 0 && message.length <= MAX_UDP_PACKET_SIZE && sender.port > 0;
    if (!isProper || this.#isClosed) return;
    if (this.#count >= this.#options.queuePackets) {
      this.droppedPackets++;
      return;
    }
    const index = (this.#first + this.#count) % this.#options.queuePackets;
    this.#messages[index] = message;
    this.#senders[index] = sender;
    this.#count++;
    // Not at once: up to 32 packets come in a turn of the loop, one callback each, and are read together.
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

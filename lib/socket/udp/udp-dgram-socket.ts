import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { addonFailure } from "../../addon/load-addon.js";
import { putBytes } from "../../bytes.js";
import { withoutMapping } from "../../format-host.js";
import { checkPacket } from "../building/packet-limit.js";
import { noPacketError } from "../building/socket-errors.js";
import type { Delivery, IConnectionHandle, ISocket, ReceivedPacket } from "../socket.js";
import type { UdpAddress, UdpEndPoint } from "./udp-end-point.js";
import { MAX_DGRAM_PACKET_SIZE, UdpHandle } from "./udp-handle.js";
import { UdpSocket } from "./udp-socket.js";

/**
 * When more than this waits in the send queue of `node:dgram`, the kernel does not keep up, and packets are dropped.
 */
const MAX_SEND_QUEUE_BYTES = 4 * 2 ** 20;

/** An address as `node:dgram` gives it. */
export class UdpDgramHandle extends UdpHandle {
  readonly maxPacketSize = MAX_DGRAM_PACKET_SIZE;

  /** @param destination the host as the socket needs it: for one of both families, IPv4 is `::ffff:1.2.3.4` */
  constructor(
    public destination: string,
    public port: number,
  ) {
    super();
  }

  get host(): string {
    return withoutMapping(this.destination);
  }

  copy(): UdpDgramHandle {
    return new UdpDgramHandle(this.destination, this.port);
  }

  equals(other: IConnectionHandle): boolean {
    return other instanceof UdpDgramHandle && other.port === this.port && other.destination === this.destination;
  }
}

/** The server of a client: one object from the first packet on, whichever of its addresses answers. */
class UdpDgramServerHandle extends UdpDgramHandle {
  set(destination: string, port: number): void {
    this.destination = destination;
    this.port = port;
  }

  override copy(): this {
    return this;
  }
}

/** A UDP socket of `node:dgram`. */
export class UdpDgramSocket extends UdpSocket implements ISocket<UdpEndPoint, UdpEndPoint> {
  /** Packets that arrived while the queue was full, or that the kernel did not accept. */
  droppedPackets = 0;

  #socket: Socket | null = null;
  /** What a client is connected to. The kernel accepts no other destination then. */
  #server: UdpDgramServerHandle | null = null;
  /** Client: sockets to, or from, the addresses that are tried, until one of them has received something. */
  readonly #tries = new Set<Socket>();
  /** A ring of the messages that `node:dgram` has received. */
  readonly #messages: (Uint8Array | undefined)[] = [];
  readonly #senders: (RemoteInfo | undefined)[] = [];
  #first = 0;
  #count = 0;
  /** One handle serves for all packets received. */
  readonly #handle = new UdpDgramHandle("", 0);
  /** The buffer that `node:dgram` is given, reused as long as dgram does not keep it. */
  #outgoing = new Uint8Array(MAX_DGRAM_PACKET_SIZE);
  #isSendQueued = false;
  /** How many bytes of the last packet `#outgoing` still holds. */
  #lastLength = 0;

  get transportFigures(): Readonly<Record<string, string>> {
    const failure = addonFailure();
    const [reason] = String((failure as Error | null)?.message ?? failure).split("\n");
    return failure === null ? {} : { addonFailure: reason as string };
  }

  get boundPort(): number | null {
    return this.#socket?.address().port ?? null;
  }

  tick(): void {
    this.waker.tick();
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
    this.#first = (this.#first + 1) % this.options.receiveQueuePackets;
    this.#count--;
    this.#handle.destination = sender.address;
    this.#handle.port = sender.port;
    packet.handle = this.#server ?? this.#handle;
    packet.buffer = message;
    packet.offset = 0;
    packet.length = message.length;
    packet.delivery = 0;
    packet.lane = 0;
  }

  send(handle: UdpDgramHandle, packet: Uint8Array, length: number, delivery: Delivery): boolean {
    const socket = this.#socket;
    if (!socket) return false;
    checkPacket(handle, packet, length, delivery);
    if (this.#server && !this.#server.equals(handle)) return true;
    for (const other of this.#tries) if (other !== socket) other.send(packet.slice(0, length));
    if (this.#isSendQueued && socket.getSendQueueSize() > MAX_SEND_QUEUE_BYTES) {
      this.droppedPackets++;
      return true;
    }
    // The caller reuses its buffer, but dgram keeps a reference if the kernel has no room at once.
    const outgoing = this.#outgoing;
    putBytes(packet, length, outgoing, 0);
    if (this.#server) socket.send(outgoing, 0, length);
    else socket.send(outgoing, 0, length, handle.port, handle.destination);
    this.route?.sent();
    this.#isSendQueued = socket.getSendQueueCount() > 0;
    this.#lastLength = this.#isSendQueued ? 0 : length;
    if (this.#isSendQueued) this.#outgoing = new Uint8Array(MAX_DGRAM_PACKET_SIZE);
    return true;
  }

  flush(): void {}

  protected async open(address: UdpAddress | null, port: number, attempt: AbortSignal): Promise<void> {
    const bind = async (host: string, family: number) => {
      this.#socket = await this.#start(family, attempt, (socket, done) => socket.bind(port, host, done));
    };
    if (address) return bind(address.address, address.family);
    try {
      await bind("::", 6);
    } catch (error) {
      // This machine has no IPv6.
      if (!["EAFNOSUPPORT", "EADDRNOTAVAIL"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
      await bind("0.0.0.0", 4);
    }
  }

  protected async openConnected(
    { address, family }: UdpAddress,
    port: number,
    attempt: AbortSignal,
  ): Promise<UdpDgramHandle> {
    const socket = await this.#start(family, attempt, (socket, done) => socket.connect(port, address, done));
    if (this.#server === null) {
      const remote = socket.remoteAddress();
      this.#socket = socket;
      this.#server = new UdpDgramServerHandle(remote.address, remote.port);
    } else if (this.#tries.size === 0) {
      socket.close(); // Another address has answered meanwhile.
      return this.#server;
    }
    this.#tries.add(socket);
    return this.#server;
  }

  /** Opens a socket of IPv4 that may send to everybody, and receives from anybody. */
  protected async openBroadcast(attempt: AbortSignal): Promise<void> {
    this.#socket = await this.#start(4, attempt, (socket, done) => socket.bind(0, "0.0.0.0", done));
    this.#socket.setBroadcast(true);
  }

  protected async openBeside(address: string, port: number): Promise<void> {
    const family = address.includes(":") ? 6 : 4;
    const socket = await this.#start(family, null, (socket, done) => socket.connect(port, address, done));
    const newest = [...this.#tries].at(-1) ?? this.#socket;
    if (newest === null || socket.address().address === newest.address().address) {
      socket.close(); // The same route, or closed meanwhile.
      return;
    }
    if (newest !== this.#socket) {
      this.#tries.delete(newest);
      newest.close();
    }
    this.#tries.add(this.#socket as Socket).add(socket);
    if (this.#lastLength > 0) socket.send(this.#outgoing.slice(0, this.#lastLength));
  }

  protected async closeTransport(): Promise<void> {
    this.#count = 0;
    this.#messages.length = 0;
    this.#senders.length = 0;
    const sockets = new Set(this.#tries);
    if (this.#socket) sockets.add(this.#socket);
    this.#tries.clear();
    this.#socket = null;
    const closed = (socket: Socket) => new Promise<void>((resolve) => socket.close(resolve));
    await Promise.all([...sockets].map(closed));
  }

  /** A socket with which `begin` has succeeded. */
  async #start(
    family: number,
    attempt: AbortSignal | null,
    begin: (socket: Socket, done: (error?: Error) => void) => void,
  ): Promise<Socket> {
    // All addresses are numeric by now. With dgram's own dns.lookup every packet would take another turn of the loop.
    const lookup = (host: string, _: unknown, done: (error: null, host: string, family: number) => void) =>
      done(null, host, family);
    const socket = createSocket({ type: family === 6 ? "udp6" : "udp4", ipv6Only: false, lookup });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once("error", reject);
        begin(socket, (error) => (error ? reject(error) : resolve()));
      });
      attempt?.throwIfAborted();
    } catch (error) {
      socket.close();
      throw error;
    }
    socket.removeAllListeners("error");
    // ICMP errors (nobody listens there) mean nothing to a protocol without connections.
    socket.on("error", ignore);
    socket.on("message", (message, sender) => this.#arrive(socket, message, sender));
    for (const set of ["setRecvBufferSize", "setSendBufferSize"] as const) {
      try {
        socket[set](this.options.bufferBytes);
      } catch {
        // The socket keeps the system's own size.
      }
    }
    return socket;
  }

  /** The socket that receives the first packet is the one that stays. */
  #settle(socket: Socket): void {
    this.#tries.delete(socket);
    for (const other of this.#tries) other.close();
    this.#tries.clear();
    this.#socket = socket;
    const { address, port } = socket.remoteAddress();
    this.#server?.set(address, port);
    this.settled();
  }

  #arrive(socket: Socket, message: Uint8Array, sender: RemoteInfo): void {
    // A sender can forge port 0, to which nobody can reply.
    const isProper = message.length > 0 && message.length <= MAX_DGRAM_PACKET_SIZE && sender.port > 0;
    if (!isProper || this.isClosed) return;
    if (this.#tries.has(socket)) this.#settle(socket);
    this.route?.heard();
    if (this.#count >= this.options.receiveQueuePackets) {
      this.droppedPackets++;
      return;
    }
    const index = (this.#first + this.#count) % this.options.receiveQueuePackets;
    this.#messages[index] = message;
    this.#senders[index] = sender;
    this.#count++;
    // Later, because up to 32 packets arrive in one turn of the loop, a callback each, and are read together.
    this.waker.later();
  }
}

function ignore(): void {}

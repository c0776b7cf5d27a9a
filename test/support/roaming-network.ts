import { Peer, type PeerConfig, type PeerHandler } from "../../lib/peer/index.js";
import { StatelessHandle } from "../../lib/socket/building/handles.js";
import type { IConnectionHandle, ISocket, ReceivedPacket, SocketEvents } from "../../lib/socket/index.js";
import { FakeClock, seededRandom } from "../../lib/testing/index.js";
import { seededBytes, settle } from "./peer-world.js";

/** An address such as `10.0.0.1:5000`. */
export class HostHandle extends StatelessHandle {
  readonly security = "none";
  readonly transport = "roaming";
  readonly maxPacketSize = 1232;

  constructor(readonly address: string) {
    super();
  }

  copy(): HostHandle {
    return new HostHandle(this.address);
  }

  equals(other: IConnectionHandle): boolean {
    return other.address === this.address;
  }
}

interface Datagram {
  from: string;
  bytes: Uint8Array;
}

/** A network of datagrams with delay, loss and reordering, on which sockets may change their address. */
export class RoamingNetwork {
  readonly clock = new FakeClock();
  readonly random: () => number;
  delayMs = 20;
  jitterMs = 0;
  loss = 0;
  /** Sees every packet before it is lost or not; `false` takes it away. */
  onPacket: (from: string, to: string, bytes: Uint8Array) => unknown = () => true;
  /** Bytes sent, by "from to". */
  readonly sentBytes = new Map<string, number>();
  readonly #sockets = new Map<string, RoamingSocket>();

  constructor(seed = 1) {
    this.random = seededRandom(seed);
  }

  /** @param isForged it has not been sent from there, and is not counted */
  send(from: string, to: string, bytes: Uint8Array, isForged = false): void {
    if (!isForged) {
      this.sentBytes.set(`${from} ${to}`, (this.sentBytes.get(`${from} ${to}`) ?? 0) + bytes.length);
      if (this.onPacket(from, to, bytes) === false || this.random() < this.loss) return;
    }
    const delayMs = this.delayMs + this.random() * this.jitterMs;
    this.clock.setTimeout(() => this.#sockets.get(to)?.arrive({ from, bytes }), delayMs);
  }

  attach(socket: RoamingSocket, address: string): void {
    this.#sockets.set(address, socket);
  }

  detach(socket: RoamingSocket, address: string): void {
    if (this.#sockets.get(address) === socket) this.#sockets.delete(address);
  }

  /** Lets time pass; promises settle between the steps. */
  async run(ms: number, stepMs = 5): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      await settle();
      this.clock.advance(stepMs);
    }
    await settle();
  }
}

/** A socket at an address of a {@link RoamingNetwork}. */
export class RoamingSocket implements ISocket {
  events: SocketEvents | null = null;
  readonly boundPort = null;
  readonly #network: RoamingNetwork;
  readonly #arrived: Datagram[] = [];
  #server: string | null = null;
  #isClosed = false;

  constructor(
    network: RoamingNetwork,
    public address: string,
  ) {
    this.#network = network;
    network.attach(this, address);
  }

  /** From now on it sends from another address and gets nothing at the old one. */
  roam(address: string): void {
    this.#network.detach(this, this.address);
    this.address = address;
    this.#network.attach(this, address);
  }

  arrive(datagram: Datagram): void {
    // A connected socket hears its server only.
    if (this.#server && datagram.from !== this.#server) return;
    this.#arrived.push(datagram);
    this.events?.onReadable();
  }

  async bind(): Promise<void> {}

  async connect(endPoint: object): Promise<IConnectionHandle> {
    this.#server = (endPoint as { address: string }).address;
    return new HostHandle(this.#server);
  }

  /** Nothing leaves it any more either. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#network.detach(this, this.address);
  }

  tick(): void {}

  poll(): boolean {
    return this.#arrived.length > 0;
  }

  receive(into: ReceivedPacket): void {
    const { from, bytes } = this.#arrived.shift() as Datagram;
    into.handle = new HostHandle(from);
    into.buffer = bytes;
    into.offset = 0;
    into.length = bytes.length;
  }

  send(handle: IConnectionHandle, packet: Uint8Array, length: number): boolean {
    if (this.#isClosed) return false;
    this.#network.send(this.address, handle.address, packet.slice(0, length));
    return true;
  }

  flush(): void {}
}

/** A Peer at an address. The same address and seed make the same random numbers. */
export function peerAt(
  network: RoamingNetwork,
  address: string,
  handler: PeerHandler,
  config: Partial<PeerConfig>,
  seed = 1,
) {
  const socket = new RoamingSocket(network, address);
  const { clock } = network;
  const base = { clock, random: seededRandom(seed), randomBytes: seededBytes(seed) };
  return { socket, peer: new Peer(socket, 1232, handler, { ...base, ...config }) };
}

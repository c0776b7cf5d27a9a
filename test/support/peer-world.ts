import { type Channel, type IConnection, Peer, type PeerConfig, type PeerHandler } from "../../lib/peer/index.js";
import type { DisconnectReason, IConnectionHandle, ISocket, SocketFactory } from "../../lib/socket/index.js";
import {
  MemoryNetwork,
  MemorySocketFactory,
  type MemorySocketFactoryOptions,
  type MemorySocketKind,
} from "../../lib/socket/index.js";
import { FakeClock, seededRandom } from "../../lib/testing/index.js";

/** Records what a Peer reports to its handler. */
export class Recorder implements PeerHandler {
  readonly connected: IConnection[] = [];
  readonly disconnected: DisconnectReason[] = [];
  readonly messages: { text: string; channel: Channel; lane: number }[] = [];
  readonly errors: unknown[] = [];
  drains = 0;
  /** Called for each message, after it was recorded. */
  reply: ((connection: IConnection, message: Uint8Array) => void) | null = null;
  beforeAccept: NonNullable<PeerHandler["beforeAccept"]> = () => true;
  onEnd: (() => void) | null = null;

  onConnected(connection: IConnection): void {
    this.connected.push(connection);
  }

  onDisconnected(_connection: IConnection, reason: DisconnectReason): void {
    this.disconnected.push(reason);
    this.onEnd?.();
  }

  onError(error: unknown): void {
    this.errors.push(error);
  }

  onDrain(): void {
    this.drains++;
  }

  onMessage: PeerHandler["onMessage"] = (connection, message, channel, lane) => {
    const bytes = message.copy();
    this.messages.push({ text: new TextDecoder().decode(bytes), channel, lane });
    this.reply?.(connection, bytes);
  };

  get texts(): string[] {
    return this.messages.map(({ text }) => text);
  }
}

export const text = (value: string) => new TextEncoder().encode(value);

/** Lets the promises of this turn settle. */
export const settle = async () => {
  for (let turns = 0; turns < 20; turns++) await Promise.resolve();
};

/** Random bytes from a seed, in place of the platform's. */
export function seededBytes(seed: number): (size: number) => Uint8Array {
  const random = seededRandom(seed);
  return (size) => Uint8Array.from({ length: size }, () => Math.floor(random() * 256));
}

export interface WorldOptions {
  kind?: MemorySocketKind;
  factory?: MemorySocketFactoryOptions;
  server?: Partial<PeerConfig>;
  client?: Partial<PeerConfig>;
  wrap?: (factory: SocketFactory, clock: FakeClock) => SocketFactory;
}

/** A server and clients on a network in memory, with a fake clock. */
export class PeerWorld {
  readonly clock = new FakeClock();
  readonly network = new MemoryNetwork({ clock: this.clock, random: seededRandom(1) });
  readonly factory: SocketFactory;
  readonly serverHandler = new Recorder();
  readonly server: Peer;
  /** From now on nothing that is sent arrives. */
  isCut = false;
  /** Sees every packet that is sent. */
  tap: ((packet: Uint8Array, handle: IConnectionHandle) => void) | null = null;
  readonly serverSocket: ISocket;
  #lastSender: IConnectionHandle | null = null;
  readonly #injected: Uint8Array[] = [];
  readonly #options: WorldOptions;
  #peers = 0;

  constructor(options: WorldOptions = {}) {
    this.#options = options;
    const plain = new MemorySocketFactory(this.network, { kind: options.kind ?? "datagram", ...options.factory });
    this.factory = options.wrap?.(plain, this.clock) ?? plain;
    this.serverSocket = this.factory.createServerSocket();
    this.server = this.newPeer(this.serverSocket, this.serverHandler, options.server);
    this.#letInject(this.serverSocket);
  }

  newPeer(socket: ISocket, handler: PeerHandler, config: Partial<PeerConfig> = {}): Peer {
    const send = socket.send.bind(socket);
    socket.send = (handle, packet, length, delivery, lane) => {
      this.tap?.(packet.subarray(0, length), handle);
      return this.isCut || send(handle, packet, length, delivery, lane);
    };
    const receive = socket.receive.bind(socket);
    socket.receive = (packet) => {
      receive(packet);
      if (socket === this.serverSocket) this.#lastSender = packet.handle.copy();
    };
    const seed = ++this.#peers;
    const base = { clock: this.clock, random: seededRandom(seed), randomBytes: seededBytes(seed) };
    return new Peer(socket, this.factory.maxPacketSize, handler, { ...base, ...config });
  }

  /** Lets the server receive `packet` from the address whose packet it received last. */
  inject(packet: Uint8Array): void {
    this.#injected.push(packet);
    this.serverSocket.events?.onReadable();
  }

  #letInject(socket: ISocket): void {
    const [poll, receive] = [socket.poll.bind(socket), socket.receive.bind(socket)];
    socket.poll = () => this.#injected.length > 0 || poll();
    socket.receive = (packet) => {
      const injected = this.#injected.shift();
      if (!injected) return receive(packet);
      packet.handle = this.#lastSender as IConnectionHandle;
      packet.buffer = injected;
      packet.offset = 0;
      packet.length = injected.length;
    };
  }

  listen(): Promise<void> {
    return this.server.bind(this.factory.getBindEndPoint());
  }

  /** A client and a promise of its connection. */
  dial(config: Partial<PeerConfig> = {}, handler = new Recorder()) {
    const socket = this.factory.createClientSocket();
    const peer = this.newPeer(socket, handler, { ...this.#options.client, ...config });
    const connection = peer.connect(this.factory.getConnectEndPoint());
    connection.catch(() => {});
    return { peer, handler, connection };
  }

  /** Lets time pass in small steps; promises settle between them. */
  async run(ms: number, stepMs = 5): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      await settle();
      this.clock.advance(stepMs);
    }
    await settle();
  }

  /** A server that listens and a client that is connected. */
  static async connected(options: WorldOptions = {}) {
    const world = new PeerWorld(options);
    await world.listen();
    const { peer, handler, connection } = world.dial();
    await world.run(100);
    return { world, client: await connection, clientPeer: peer, clientHandler: handler };
  }
}

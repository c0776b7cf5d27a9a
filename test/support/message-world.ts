import {
  type INetworkPlayer,
  NetworkClient,
  type NetworkClientOptions,
  NetworkServer,
  type NetworkServerOptions,
  type Protocol,
} from "../../lib/message/index.js";
import type { Random } from "../../lib/random.js";
import type { ISocket, LagConditions, SocketFactory } from "../../lib/socket/index.js";
import {
  LagSocketFactory,
  MemoryNetwork,
  MemorySocketFactory,
  type MemorySocketKind,
  ReceivedPacket,
} from "../../lib/socket/index.js";
import { FakeClock, seededRandom } from "../../lib/testing/index.js";
import { seededBytes } from "./peer-world.js";

export interface MessageWorldOptions {
  protocol: Protocol;
  kind?: MemorySocketKind;
  /** Real sockets in place of a network in memory. Gets the port of the server, for itself 0. */
  sockets?: (port: number) => SocketFactory;
  /** A step takes as long as it says, for sockets that need time of their own. @defaultValue false */
  isRealTime?: boolean;
  server?: Partial<NetworkServerOptions>;
  client?: Partial<NetworkClientOptions>;
  /** What both ends do to the packets that they send, by the numbers of `seed`. */
  lag?: Partial<LagConditions>;
  seed?: number;
}

/** A server and clients over a network in memory, or in host mode, on a fake clock. */
export class MessageWorld {
  readonly clock = new FakeClock();
  readonly network = new MemoryNetwork({ clock: this.clock, random: seededRandom(1) });
  readonly server: NetworkServer;
  readonly errors: unknown[] = [];
  readonly warnings: string[] = [];
  readonly #options: MessageWorldOptions;
  #ends = 0;
  readonly #lagRandom: Random;

  constructor(options: MessageWorldOptions) {
    this.#options = options;
    this.#lagRandom = seededRandom(options.seed ?? 1);
    this.server = new NetworkServer({ ...this.#common(), ...options.server });
  }

  get factory(): SocketFactory {
    const { kind = "datagram", lag, sockets } = this.#options;
    const memory = () => new MemorySocketFactory(this.network, { kind });
    const factory = sockets ? sockets(this.server?.boundPort ?? 0) : memory();
    return lag ? new LagSocketFactory(factory, { ...lag, clock: this.clock, random: this.#lagRandom }) : factory;
  }

  newClient(options: Partial<NetworkClientOptions> = {}): NetworkClient {
    return new NetworkClient({ ...this.#common(), ...this.#options.client, ...options });
  }

  /** A client that has started to connect. */
  dial(options: Partial<NetworkClientOptions> = {}) {
    const client = this.newClient(options);
    const connecting = client.connect();
    connecting.catch(() => {});
    return { client, connecting };
  }

  /** A client that is authenticated, and its player on the server. */
  async join(options: Partial<NetworkClientOptions> = {}): Promise<{ client: NetworkClient; player: INetworkPlayer }> {
    const { client, connecting } = this.dial(options);
    await this.until(() => client.isAuthenticated || !client.active);
    const { id } = await connecting;
    const player = this.server.players.find((one) => one.id === id) as INetworkPlayer;
    return { client, player };
  }

  /** Lets time pass in small steps. Between them, everything happens that does not wait for the clock. */
  async run(ms: number, stepMs = 5): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) await this.#step(stepMs);
    await turn();
  }

  /** Lets time pass until a condition holds. */
  async until(condition: () => boolean, stepMs = 5): Promise<void> {
    for (let steps = 0; !condition(); steps++) {
      if (steps > 4000) throw new Error("The condition was never true");
      await this.#step(stepMs);
    }
  }

  async #step(ms: number): Promise<void> {
    await (this.#options.isRealTime ? new Promise((resolve) => setTimeout(resolve, ms)) : turn());
    this.clock.advance(ms);
  }

  #common() {
    const seed = ++this.#ends;
    return {
      protocol: this.#options.protocol,
      socketFactory: this.factory,
      clock: this.clock,
      randomBytes: seededBytes(seed),
      peer: { random: seededRandom(seed) },
      logger: { warn: (text: string) => void this.warnings.push(text) },
      onError: (error: unknown) => void this.errors.push(error),
    };
  }
}

/** A factory whose sockets can be cut off: then nothing arrives that they send, or nothing that they are sent. */
export class CuttableFactory extends MemorySocketFactory {
  isCut = false;
  isDeaf = false;

  override createClientSocket(): ISocket {
    const socket = super.createClientSocket();
    const send = socket.send.bind(socket);
    socket.send = (...packet) => this.isCut || send(...packet);
    const poll = socket.poll.bind(socket);
    const dropped = new ReceivedPacket();
    socket.poll = () => {
      while (this.isDeaf && poll()) socket.receive(dropped);
      return poll();
    };
    return socket;
  }
}

let cryptoOperations = 0;

/** Waits for the platform's cryptography, which does not follow the fake clock. */
function countCryptoOperations(): void {
  const prototype = Object.getPrototypeOf(crypto.subtle) as Record<string, (...given: unknown[]) => Promise<unknown>>;
  for (const name of ["sign", "verify", "importKey"]) {
    const operation = prototype[name] as (...given: unknown[]) => Promise<unknown>;
    prototype[name] = async function (...given) {
      cryptoOperations++;
      try {
        return await operation.apply(this, given);
      } finally {
        cryptoOperations--;
      }
    };
  }
}
countCryptoOperations();

/** Lets everything happen that does not wait for the clock. */
export async function turn(): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve));
  while (cryptoOperations > 0);
}

import { NetworkClient, type NetworkClientOptions, type Protocol } from "../../lib/message/index.js";
import { RoomHost, type RoomHostOptions, type RoomKind, RoomsClient } from "../../lib/rooms/index.js";
import { MemoryNetwork, MemorySocketFactory } from "../../lib/socket/index.js";
import { FakeClock, seededRandom } from "../../lib/testing/index.js";
import { turn } from "./message-world.js";
import { seededBytes } from "./peer-world.js";

/** A host of rooms and clients over a network in memory, on a fake clock. */
export class RoomsWorld {
  readonly clock = new FakeClock();
  readonly network = new MemoryNetwork({ clock: this.clock, random: seededRandom(1) });
  readonly host: RoomHost;
  readonly errors: unknown[] = [];
  readonly warnings: string[] = [];
  readonly #protocol: () => Protocol;
  #ends = 0;

  /** @param protocol makes one for each end */
  constructor(protocol: () => Protocol, rooms: Record<string, RoomKind>, options: Partial<RoomHostOptions> = {}) {
    this.#protocol = protocol;
    this.host = new RoomHost({ ...this.#common(), rooms, ...options });
  }

  /** A client that is connected, and its rooms. */
  async connect(options: Partial<NetworkClientOptions> = {}) {
    const { client, rooms } = this.newClient(options);
    await this.wait(client.connect());
    return { client, rooms };
  }

  newClient(options: Partial<NetworkClientOptions> = {}) {
    const client = new NetworkClient({ ...this.#common(), ...options });
    return { client, rooms: new RoomsClient(client) };
  }

  /** Lets time pass until a promise is settled. @returns and throws what it does */
  async wait<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = () => {
      isSettled = true;
    };
    promise.then(settle, settle);
    for (let steps = 0; !isSettled; steps++) {
      if (steps > 4000) throw new Error("The promise was never settled");
      await this.run(5);
    }
    return promise;
  }

  /** The code of the error that a promise rejects with. */
  async codeOf(promise: Promise<unknown>): Promise<unknown> {
    return this.wait(promise.then(() => "none").catch((error) => error.code));
  }

  async run(ms: number, stepMs = 5): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      await turn();
      this.clock.advance(stepMs);
    }
    await turn();
  }

  #common() {
    const seed = ++this.#ends;
    return {
      protocol: this.#protocol(),
      socketFactory: new MemorySocketFactory(this.network, { kind: "datagram" }),
      clock: this.clock,
      randomBytes: seededBytes(seed),
      peer: { random: seededRandom(seed) },
      logger: { warn: (text: string) => void this.warnings.push(text) },
      onError: (error: unknown) => void this.errors.push(error),
    };
  }
}

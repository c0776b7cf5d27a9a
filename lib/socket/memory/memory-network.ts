import { type Clock, systemClock } from "../../clock.js";
import type { Random } from "../../random.js";
import { PacketPool } from "../building/packet-queue.js";
import { addressInUseError } from "../building/socket-errors.js";
import type { ISocket } from "../socket.js";

export interface MemoryNetworkOptions {
  clock?: Clock;
  /** Decides how `reliable-lanes` sockets reorder; give a seeded one for a test that can be repeated. */
  random?: Random;
}

const FIRST_FREE_PORT = 49_152;
const LAST_PORT = 65_535;

/** A network inside of this process: its sockets reach each other by port and nobody else. Made for tests. */
export class MemoryNetwork {
  readonly clock: Clock;
  readonly random: Random;
  /** @internal */
  readonly pool = new PacketPool();
  readonly #sockets = new Map<number, ISocket>();
  #nextPort = FIRST_FREE_PORT;

  constructor({ clock = systemClock, random = Math.random }: MemoryNetworkOptions = {}) {
    this.clock = clock;
    this.random = random;
  }

  /** @internal Gives `socket` its port, a free one for 0. */
  attach(socket: ISocket, port: number): number {
    const taken = port === 0 ? this.#freePort() : port;
    if (this.#sockets.has(taken)) throw addressInUseError(`memory:${taken}`);
    this.#sockets.set(taken, socket);
    return taken;
  }

  /** @internal */
  detach(port: number): void {
    this.#sockets.delete(port);
  }

  /** @internal */
  at(port: number): ISocket | undefined {
    return this.#sockets.get(port);
  }

  #freePort(): number {
    for (let tries = FIRST_FREE_PORT; tries <= LAST_PORT; tries++) {
      const port = this.#nextPort;
      this.#nextPort = port === LAST_PORT ? FIRST_FREE_PORT : port + 1;
      if (!this.#sockets.has(port)) return port;
    }
    throw addressInUseError("Every free port of the memory network");
  }
}

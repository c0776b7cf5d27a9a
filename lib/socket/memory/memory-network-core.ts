import type { Clock } from "../../clock.js";
import type { Random } from "../../random.js";
import { systemError, translateError } from "../../trial-errors.js";
import { checkPort } from "../building/end-point-errors.js";
import { PacketPool } from "../building/packet-queue.js";
import type { ISocket } from "../socket.js";

/** This many packets wait for `flush` at most; then they leave without it. */
export const MAX_UNFLUSHED_PACKETS = 256;

const FIRST_FREE_PORT = 49_152;
const LAST_PORT = 65_535;

/** What the sockets of a `MemoryNetwork` share: its ports, and a pool of packets. */
export class MemoryNetworkCore {
  readonly pool = new PacketPool();
  readonly #sockets = new Map<number, ISocket>();
  #nextPort = FIRST_FREE_PORT;

  constructor(
    readonly clock: Clock,
    readonly random: Random,
  ) {}

  /** Gives `socket` its port; for 0 a free one. */
  attach(socket: ISocket, port: number): number {
    checkPort(port);
    const taken = port === 0 ? this.#freePort() : port;
    if (this.#sockets.has(taken)) throw inUse(taken);
    this.#sockets.set(taken, socket);
    return taken;
  }

  detach(port: number): void {
    this.#sockets.delete(port);
  }

  at(port: number): ISocket | undefined {
    return this.#sockets.get(port);
  }

  #freePort(): number {
    for (let tries = FIRST_FREE_PORT; tries <= LAST_PORT; tries++) {
      const port = this.#nextPort;
      this.#nextPort = port === LAST_PORT ? FIRST_FREE_PORT : port + 1;
      if (!this.#sockets.has(port)) return port;
    }
    throw inUse(0);
  }
}

function inUse(port: number): unknown {
  return translateError(
    { transport: "memory", action: "listening on", host: "memory", port },
    systemError("EADDRINUSE"),
  );
}

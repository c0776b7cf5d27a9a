import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import { systemClock } from "../clock.js";
import { Places } from "../guard/places.js";
import { SharedRate } from "../guard/shared-rate.js";
import { keyOfAddress, sourceOf } from "../guard/source.js";

/** TCP connections that have not shown the token. */
const MAX_STRANGERS = 64;
/** What all requests without it may be: a page asks for four files. */
const RATE = { perSecond: 100, burst: 400, sourceBurst: 100 };

/**
 * The connections of an inspector. Whoever has not shown the token has one of a few places, with a share for each
 * source, so that strangers neither keep its owner out nor take descriptors from the game.
 */
export class Door {
  /** By address and port: with TLS the socket of a request is another one than that which came in. */
  readonly #sockets = new Map<string, Socket>();
  readonly #places = new Places<Socket>({ maxCount: MAX_STRANGERS, clock: systemClock });
  readonly #rate = new SharedRate(systemClock, RATE);

  constructor(http: Server) {
    http.on("connection", (socket: Socket) => this.#enter(socket));
    // One connection could not be accepted: the others go on.
    http.on("error", () => {});
  }

  /** Ends all connections, also those that are in the middle of TLS. */
  close(): void {
    for (const socket of this.#sockets.values()) socket.destroy();
  }

  /** A request has shown the token: its connection leaves the places of strangers. */
  welcome({ socket }: IncomingMessage): void {
    const stranger = this.#sockets.get(nameOf(socket));
    if (stranger) this.#places.release(stranger);
  }

  /** Whether a request without the token may have an answer. */
  mayAsk({ socket }: IncomingMessage): boolean {
    return this.#rate.tryTake(keyOfAddress(socket.remoteAddress ?? ""));
  }

  #enter(socket: Socket): void {
    const { remoteAddress } = socket;
    // Without an address its client has reset it: there is nobody to count it for.
    const taken = remoteAddress === undefined ? "full" : this.#places.take(socket, sourceOf(remoteAddress));
    if (taken === "full") return void socket.destroy();
    if (taken !== "free") taken.evicted.destroy();
    const name = nameOf(socket);
    this.#sockets.set(name, socket);
    socket.once("close", () => {
      this.#sockets.delete(name);
      this.#places.release(socket);
    });
  }
}

const nameOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`;

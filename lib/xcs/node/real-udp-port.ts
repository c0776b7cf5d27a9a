import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { cloneBytes } from "../../bytes.js";
import type { Clock } from "../../clock.js";
import { Places } from "../../guard/places.js";
import { sourceOf } from "../../guard/source.js";
import { type Random, seededRandom } from "../../random.js";
import type { NetworkPort, PortSink } from "../network.js";
import { XcsError } from "../xcs-error.js";
import { type PortPlace, systemError, type Target, textOf } from "./port-place.js";

/** For how long whoever has sent something is written to, and how many of them at most. Beyond, the shares decide. */
const HEARD_MS = 30_000;
const MAX_HEARD = 64;

interface Conditions {
  readonly peers: readonly Target[];
  readonly loss: number;
  readonly seed: number;
}

/** A port for UDP. It writes to the peers that are set, else to whoever it has heard lately. */
export class RealUdpPort implements NetworkPort {
  readonly #socket: Socket;
  readonly #place: PortPlace;
  readonly #sink: PortSink;
  readonly #clock: Clock;
  readonly #peers: readonly Target[];
  readonly #loss: number;
  readonly #random: Random;
  /** Senders by their address. */
  readonly #heard = new Map<string, { target: Target; atMs: number }>();
  readonly #places: Places<string>;

  private constructor(socket: Socket, place: PortPlace, sink: PortSink, clock: Clock, conditions: Conditions) {
    this.#socket = socket;
    this.#place = place;
    this.#sink = sink;
    this.#clock = clock;
    this.#places = new Places({ maxCount: MAX_HEARD, clock });
    this.#peers = conditions.peers;
    this.#loss = conditions.loss;
    this.#random = seededRandom(conditions.seed);
    socket.on("message", (data, sender) => this.#receive(data, sender));
    socket.on("error", () => {}); // what a write causes comes to its callback as well
  }

  /** @throws XcsError `ERR_XCS_ADDRESS_IN_USE`, `ERR_XCS_ACCESS`, `ERR_XCS_FAILED` */
  static async open(place: PortPlace, sink: PortSink, clock: Clock, conditions: Conditions): Promise<RealUdpPort> {
    const socket = createSocket(isIPv6(place.host) ? "udp6" : "udp4");
    await new Promise<void>((resolve, reject) => {
      socket.once("error", (error) => {
        socket.close();
        reject(systemError(error, place));
      });
      socket.bind({ address: place.host, port: place.systemPort, exclusive: true }, () => {
        socket.removeAllListeners("error");
        resolve();
      });
    });
    return new RealUdpPort(socket, place, sink, clock, conditions);
  }

  async write(data: Uint8Array): Promise<void> {
    const targets = this.#peers.length > 0 ? this.#peers : this.#recent();
    if (targets.length === 0) {
      const { port, protocol } = this.#place;
      const text = `Port ${port} knows nobody to write to: give peers (--peer host:port), or wait for a sender`;
      throw new XcsError("ENOTCONN", text, { port, protocol });
    }
    const results = await Promise.allSettled(targets.map((target) => this.#send(data, target)));
    const failed = results.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
  }

  resume(): void {}

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }

  #send(data: Uint8Array, target: Target): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(data, target.port, target.host, (error) => {
        if (error) reject(systemError(error, this.#place, target));
        else resolve();
      });
    });
  }

  #receive(data: Uint8Array, { address, port }: RemoteInfo): void {
    if (this.#random() < this.#loss) {
      this.#sink.counters.lost++;
      return;
    }
    if (this.#peers.length === 0) this.#hear({ host: address, port });
    this.#sink.receive(cloneBytes(data, 0, data.length));
  }

  #hear(target: Target): void {
    const name = textOf(target);
    // Whoever is heard again is the youngest of its source.
    this.#places.release(name);
    const taken = this.#places.take(name, sourceOf(target.host));
    if (taken === "full") return;
    if (taken !== "free") this.#heard.delete(taken.evicted);
    this.#heard.set(name, { target, atMs: this.#clock.now() });
  }

  #recent(): Target[] {
    const sinceMs = this.#clock.now() - HEARD_MS;
    return [...this.#heard.values()].filter(({ atMs }) => atMs >= sinceMs).map(({ target }) => target);
  }
}

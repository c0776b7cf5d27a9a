import type { ByteSegment } from "../../peer/index.js";
import type { ConfigOption } from "../../valve/configuration/config-value.js";
import { DirectWay, type DirectWayUser } from "./direct-way.js";

/** Direct connections at once. Whoever is not among them is reached by the server. */
const MAX_WAYS = 32;

/** The direct connections of a client, by the id and by the connection of the other one. */
export class DirectWays {
  readonly #user: DirectWayUser;
  readonly #options: readonly ConfigOption[];
  readonly #byPlayer = new Map<number, DirectWay>();

  constructor(user: DirectWayUser, options: readonly ConfigOption[]) {
    this.#user = user;
    this.#options = options;
  }

  /** Begins to connect to a client that has come: of two, the one with the lower id does. */
  meet(ownId: number, player: number): void {
    if (ownId < player) this.#open(player, true);
  }

  /** A signal of a client. */
  receiveSignal(ownId: number, player: number, bytes: Uint8Array): void {
    const way = this.#byPlayer.get(player) ?? (player < ownId ? this.#open(player, false) : undefined);
    way?.receiveSignal(bytes);
  }

  /** Sends to the client behind a connection. @returns whether it was taken */
  send(player: number, packet: ByteSegment, isReliable: boolean): boolean {
    return this.#byPlayer.get(player)?.send(packet.view(), isReliable) ?? false;
  }

  isConnected(player: number): boolean {
    return this.#byPlayer.get(player)?.isConnected ?? false;
  }

  remove(player: number): void {
    this.#byPlayer.get(player)?.close();
    this.#byPlayer.delete(player);
  }

  removeConnection(connection: number): void {
    for (const way of this.#byPlayer.values()) if (way.connection === connection) this.remove(way.player);
  }

  close(): void {
    for (const player of [...this.#byPlayer.keys()]) this.remove(player);
  }

  #open(player: number, isCaller: boolean): DirectWay | undefined {
    if (this.#byPlayer.size >= MAX_WAYS) return undefined;
    this.remove(player);
    const way = new DirectWay(this.#user, player, isCaller, this.#options);
    this.#byPlayer.set(player, way);
    if (isCaller && way.connection === 0) this.remove(player);
    return way;
  }
}

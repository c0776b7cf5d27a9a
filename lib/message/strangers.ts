import type { Clock } from "../clock.js";
import type { ByteSegment } from "../peer/index.js";
import { DisconnectCode } from "../socket/index.js";
import type { NetworkPlayer } from "./network-player.js";
import type { Protocol } from "./protocol/protocol.js";
import { TableMessage } from "./protocol/system-messages.js";

interface Stranger {
  /** Its protocol is another one, and what the difference is nobody has looked at. */
  needsTable: boolean;
  timer: unknown;
}

/** A client that has connected and says nothing is given up after this. */
const HELLO_TIMEOUT_MS = 5000;
/** Numbers on the wire of the table and the hello. */
const LAST_FIRST_NUMBER = 1;

/** A server's connections up to their hello. */
export class Strangers {
  readonly #clock: Clock;
  readonly #protocol: Protocol;
  readonly #greet: (player: NetworkPlayer, resumes: boolean) => void;
  readonly #strangers = new Map<NetworkPlayer, Stranger>();
  /** Those whose hello is still to come, behind what has overtaken it. */
  readonly #overtaken = new WeakSet<NetworkPlayer>();

  /** @param greet hears of each hello */
  constructor(clock: Clock, protocol: Protocol, greet: (player: NetworkPlayer, resumes: boolean) => void) {
    this.#clock = clock;
    this.#protocol = protocol;
    this.#greet = greet;
  }

  add(player: NetworkPlayer): void {
    const timer = this.#clock.setTimeout(
      () => player.refuse(DisconnectCode.HandshakeTimeout, "No hello"),
      HELLO_TIMEOUT_MS,
    );
    this.#strangers.set(player, { needsTable: !player.lastConnection.fingerprintMatches, timer });
  }

  /** Whether a message is to be read. One that has overtaken the hello stands for it: nobody who resumes sends any. */
  maySend(player: NetworkPlayer, { buffer, offset, length }: ByteSegment): boolean {
    const stranger = this.#strangers.get(player);
    if (!stranger || length === 0 || (buffer[offset] as number) <= LAST_FIRST_NUMBER) return true;
    if (stranger.needsTable) return false;
    this.#overtaken.add(player);
    this.onHello(player, false);
    return player.isConnected;
  }

  /** The other side's table has come. @returns false: out of place */
  onTable(player: NetworkPlayer, table: Uint8Array): boolean {
    const stranger = this.#strangers.get(player);
    if (!stranger?.needsTable) return false;
    const agreement = this.#compare(table);
    if (typeof agreement === "string") {
      player.refuse(DisconnectCode.ProtocolMismatch, agreement);
      return true;
    }
    stranger.needsTable = false;
    player.attach(player.lastConnection, agreement);
    player.send(TableMessage, this.#protocol.encodeTable());
    return true;
  }

  /** @returns false: out of place */
  onHello(player: NetworkPlayer, resumes: boolean): boolean {
    const stranger = this.#strangers.get(player);
    if (!stranger) return this.#overtaken.delete(player);
    if (stranger.needsTable) return false;
    this.remove(player);
    this.#greet(player, resumes);
    return true;
  }

  remove(player: NetworkPlayer): void {
    this.#clock.clearTimeout(this.#strangers.get(player)?.timer);
    this.#strangers.delete(player);
  }

  clear(): void {
    for (const player of [...this.#strangers.keys()]) this.remove(player);
  }

  #compare(table: Uint8Array) {
    try {
      return this.#protocol.compare(table, "ours");
    } catch {
      return "The client's table cannot be read";
    }
  }
}

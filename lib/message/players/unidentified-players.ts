import type { Clock } from "../../clock.js";
import type { ByteSegment } from "../../peer/index.js";
import { NetworkReader } from "../../serialization/index.js";
import { DisconnectCode } from "../../socket/index.js";
import type { ProtocolCore } from "../protocol/protocol.js";
import { ProofMessage, TableMessage } from "../protocol/system-messages.js";
import type { NetworkPlayer } from "./network-player.js";

interface Unidentified {
  /** The client's protocol differs, and its table has not been compared yet. */
  needsTable: boolean;
  timer: unknown;
}

/** A client that connects and sends no hello is disconnected after this many milliseconds. */
const HELLO_TIMEOUT_MS = 5000;
/** The table and the hello have the numbers 0 and 1 in every protocol; all others are higher. */
const LAST_FIRST_NUMBER = 1;

/** A server's players whose hello has not come yet. */
export class UnidentifiedPlayers {
  readonly #clock: Clock;
  readonly #protocol: ProtocolCore;
  readonly #greet: (player: NetworkPlayer, resumes: boolean) => void;
  readonly #unidentified = new Map<NetworkPlayer, Unidentified>();
  /** Players whose hello was overtaken by another message: the hello itself may still come, once. */
  readonly #overtaken = new WeakSet<NetworkPlayer>();

  /** @param greet is called for each hello */
  constructor(clock: Clock, protocol: ProtocolCore, greet: (player: NetworkPlayer, resumes: boolean) => void) {
    this.#clock = clock;
    this.#protocol = protocol;
    this.#greet = greet;
  }

  add(player: NetworkPlayer): void {
    const timer = this.#clock.setTimeout(
      () => player.refuse(DisconnectCode.HandshakeTimeout, "No hello"),
      HELLO_TIMEOUT_MS,
    );
    this.#unidentified.set(player, { needsTable: !player.lastConnection.fingerprintMatches, timer });
  }

  /**
   * Whether the server reads a message of `player`. A message that has overtaken the hello counts as a hello that does
   * not resume: a client that resumes sends nothing before its welcome. A proof cannot overtake it.
   */
  maySend(player: NetworkPlayer, bytes: ByteSegment): boolean {
    const entry = this.#unidentified.get(player);
    if (!entry || bytes.length === 0) return true;
    const number = numberOf(bytes);
    if (number <= LAST_FIRST_NUMBER) return true;
    if (entry.needsTable) return false;
    if (number === this.#protocol.numberOf(ProofMessage)) return true;
    this.#overtaken.add(player);
    this.onHello(player, false);
    return player.isConnected;
  }

  /** The client's table has come. @returns false: it was not expected */
  onTable(player: NetworkPlayer, table: Uint8Array): boolean {
    const entry = this.#unidentified.get(player);
    if (!entry?.needsTable) return false;
    const agreement = this.#protocol.compare(table, "ours");
    if (typeof agreement === "string") {
      player.refuse(DisconnectCode.ProtocolMismatch, agreement);
      return true;
    }
    entry.needsTable = false;
    player.numbers.agree(agreement);
    player.send(TableMessage, this.#protocol.encodeTable());
    return true;
  }

  /** The client's hello has come. @returns false: it was not expected */
  onHello(player: NetworkPlayer, resumes: boolean): boolean {
    const entry = this.#unidentified.get(player);
    if (!entry) return this.#overtaken.delete(player);
    if (entry.needsTable) return false;
    this.remove(player);
    this.#greet(player, resumes);
    return true;
  }

  remove(player: NetworkPlayer): void {
    this.#clock.clearTimeout(this.#unidentified.get(player)?.timer);
    this.#unidentified.delete(player);
  }

  clear(): void {
    for (const player of [...this.#unidentified.keys()]) this.remove(player);
  }
}

/** The number of a message, -1 where it cannot be read. */
function numberOf({ buffer, offset, length }: ByteSegment): number {
  const reader = new NetworkReader();
  reader.reset(buffer, offset, length);
  try {
    return reader.readPacked();
  } catch {
    return -1;
  }
}

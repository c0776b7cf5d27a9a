import type { ReceivedPacket } from "../../socket/index.js";
import { isDataPacket, readDataSession } from "../frames/data-header.js";
import type { PeerConnection } from "./peer-connection.js";
import { PeerConnectionState } from "./peer-connection-state.js";

/** All connections of a Peer: a stateful one hangs on its handle, a stateless one is found by its session. */
export class ConnectionTable {
  readonly all = new Set<PeerConnection>();
  readonly #unconfirmed = new Set<PeerConnection>();
  readonly #leaving = new Set<PeerConnection>();
  readonly #sessions = new Map<number, PeerConnection>();
  /** Stateless ones that stand, and those whose first packet is awaited: one each for an address. */
  readonly #connected = new Map<string, PeerConnection>();
  readonly #pending = new Map<string, PeerConnection>();

  /** Whose packet this is, null for nobody's. */
  find({ handle, buffer, offset, length }: ReceivedPacket): PeerConnection | null {
    if (handle.isStateful) return handle.connection as PeerConnection | null;
    if (!isDataPacket(buffer, offset, length)) return null;
    const connection = this.#sessions.get(readDataSession(buffer, offset));
    return connection?.handle.equals(handle) ? connection : null;
  }

  hasSession(session: number): boolean {
    return this.#sessions.has(session | 0);
  }

  /** How many have not finished their handshake. */
  get pendingCount(): number {
    return this.#unconfirmed.size;
  }

  /** How many have not ended. */
  get openCount(): number {
    return this.all.size - this.#leaving.size;
  }

  /** It has ended for its user, and has only its goodbye left, to say or to answer. */
  leave(connection: PeerConnection): void {
    this.#leaving.add(connection);
  }

  /** Gives the one of the same address that waited in vain, if there is one. */
  add(connection: PeerConnection): PeerConnection | null {
    this.all.add(connection);
    const isPending = connection.state === PeerConnectionState.Connecting;
    if (isPending) this.#unconfirmed.add(connection);
    if (connection.handle.isStateful) {
      connection.handle.connection = connection;
      return null;
    }
    this.#sessions.set(connection.session | 0, connection);
    const { address } = connection.handle;
    const table = isPending ? this.#pending : this.#connected;
    const earlier = table.get(address) ?? null;
    table.set(address, connection);
    return earlier;
  }

  /** A pending one stands; gives the one that it replaces. */
  establish(connection: PeerConnection): PeerConnection | null {
    this.#unconfirmed.delete(connection);
    if (connection.handle.isStateful) return null;
    const { address } = connection.handle;
    this.#pending.delete(address);
    const earlier = this.#connected.get(address) ?? null;
    this.#connected.set(address, connection);
    return earlier;
  }

  remove(connection: PeerConnection): void {
    if (!this.all.delete(connection)) return;
    this.#unconfirmed.delete(connection);
    this.#leaving.delete(connection);
    if (connection.handle.isStateful) {
      connection.handle.connection = null;
      return;
    }
    this.#sessions.delete(connection.session | 0);
    const { address } = connection.handle;
    for (const table of [this.#pending, this.#connected]) {
      if (table.get(address) === connection) table.delete(address);
    }
  }
}

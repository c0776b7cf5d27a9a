import type { RandomBytes } from "../../random.js";
import type { ReceivedPacket } from "../../socket/index.js";
import { isDataPacket, readDataSession } from "../frames/data-header.js";
import type { PeerConnection } from "./peer-connection.js";
import { PeerConnectionState } from "./peer-connection-state.js";

/**
 * All connections of a Peer. A stateful handle holds its connection; those of stateless handles are found by session.
 */
export class ConnectionTable {
  readonly all = new Set<PeerConnection>();
  readonly #unconfirmed = new Set<PeerConnection>();
  readonly #leaving = new Set<PeerConnection>();
  readonly #sessions = new Map<number, PeerConnection>();
  /** Of stateless handles, by address: those that are connected, and those whose handshake is not finished. */
  readonly #connected = new Map<string, PeerConnection>();
  readonly #pending = new Map<string, PeerConnection>();

  /** The connection that a packet belongs to, null when there is none. */
  find({ handle, buffer, offset, length }: ReceivedPacket): PeerConnection | null {
    if (handle.isStateful) return handle.connection as PeerConnection | null;
    if (!isDataPacket(buffer, offset, length)) return null;
    const connection = this.#sessions.get(readDataSession(buffer, offset));
    return connection?.handle.equals(handle) ? connection : null;
  }

  /** The connection of a packet that `find` has found none for: it has another address. Null: there is none. */
  findElsewhere({ handle, buffer, offset, length }: ReceivedPacket): PeerConnection | null {
    if (handle.isStateful || !isDataPacket(buffer, offset, length)) return null;
    return this.#sessions.get(readDataSession(buffer, offset)) ?? null;
  }

  /**
   * A connection has another address now. Another one that has been there goes on without an entry; one that is leaving
   * needs none.
   */
  move(connection: PeerConnection, from: string): void {
    if (this.#connected.get(from) === connection) this.#connected.delete(from);
    if (!this.#leaving.has(connection)) this.#connected.set(connection.handle.address, connection);
  }

  hasSession(session: number): boolean {
    return this.#sessions.has(session | 0);
  }

  /** A number that no connection here has. */
  newSession(randomBytes: RandomBytes): number {
    for (;;) {
      const session = new DataView(randomBytes(4).buffer).getUint32(0, true);
      if (!this.hasSession(session)) return session;
    }
  }

  /** Whether there are so many connections. Those whose handshake is not finished do not count. */
  isFull(maxConnections: number): boolean {
    const count = this.all.size - this.#unconfirmed.size;
    // Closing connections no longer count against `maxConnections`, but there may be at most as many of them.
    return count - this.#leaving.size >= maxConnections || count >= 2 * maxConnections;
  }

  /** A connection has ended for its user: only Close is left to be sent or acknowledged. */
  onEnded(connection: PeerConnection): void {
    this.#leaving.add(connection);
  }

  /** Gives the unfinished connection of the same address that it replaces, if there is one. */
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

  /** The handshake of a connection is finished. Gives the connection that it replaces, if there is one. */
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

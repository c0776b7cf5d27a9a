import { ReceiveSource } from "../../addon/native.js";
import { ByteSegment } from "../../peer/index.js";
import { type ConfigOption, ConfigScope } from "../../valve/configuration/config-value.js";
import { MessageBatch } from "../../valve/messages/message-batch.js";
import { SendFlags } from "../../valve/messages/send-type.js";
import { NetworkingSockets } from "../../valve/sockets/networking-sockets.js";
import { ConnectionState } from "../../valve/values/connection-state.js";
import { Result } from "../../valve/values/result.js";
import type { StatusInfo } from "../../valve/values/status-info.js";

/** The user of a {@link DirectWay}. */
export interface DirectWayUser {
  /** GNS's signal for the other side. */
  signal(way: DirectWay, bytes: Uint8Array): void;
  connected(way: DirectWay): void;
  /** A packet, valid during the call. */
  received(way: DirectWay, packet: ByteSegment): void;
  /** There is no direct way, or none any more. */
  lost(way: DirectWay): void;
}

/**
 * A direct connection with one other client, which GNS finds by ICE. It has a `NetworkingSockets` of its own, so that
 * its signals need no address.
 */
export class DirectWay {
  readonly #user: DirectWayUser;
  readonly #options: readonly ConfigOption[];
  readonly #sockets = new NetworkingSockets();
  readonly #batch = new MessageBatch({ sizeBytes: 16_384, maxMessages: 64 });
  readonly #segment = new ByteSegment();
  #connection = 0;
  #isConnected = false;
  #isClosed = false;

  /**
   * @param player the id of the other client
   * @param isCaller whether this side begins; the other one waits for its signals
   * @param options of GNS, as `iceOptions` makes them
   */
  constructor(
    user: DirectWayUser,
    readonly player: number,
    readonly isCaller: boolean,
    options: readonly ConfigOption[],
  ) {
    this.#user = user;
    this.#options = options;
    this.#sockets.onSignal((_connection, _identity, bytes) => user.signal(this, bytes));
    const onStatus = (status: StatusInfo) => this.#onStatus(status);
    this.#sockets.onReadable(() => {
      this.#sockets.dispatchCallbacks(onStatus);
      this.#read();
    });
    if (isCaller) this.#connection = this.#sockets.connectP2P(null, { options });
  }

  /** The connection, as the voice session names its peers; 0 where none could be begun. */
  get connection(): number {
    return this.#connection;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  receiveSignal(bytes: Uint8Array): void {
    this.#sockets.receiveSignal(bytes, { allowRequests: !this.isCaller && this.#connection === 0 });
  }

  /** @returns whether GNS took it; voice is taken only if it leaves at once */
  send(packet: Uint8Array, isReliable: boolean): boolean {
    if (!this.#isConnected) return false;
    const flags = isReliable ? SendFlags.ReliableNoNagle : SendFlags.UnreliableNoDelay;
    return this.#sockets.sendMessage(this.#connection, packet, flags) === Result.OK;
  }

  /** Ends it. A second call does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isConnected = false;
    if (this.#connection !== 0) this.#sockets.closeConnection(this.#connection);
    this.#sockets.destroy();
  }

  #onStatus({ connection, connectionInfo: { state } }: StatusInfo): void {
    if (this.#isClosed) return;
    if (state === ConnectionState.Connecting && !this.isCaller) this.#accept(connection);
    if (connection !== this.#connection) return;
    if (state === ConnectionState.Connected) {
      this.#isConnected = true;
      this.#user.connected(this);
    }
    if (state === ConnectionState.ClosedByPeer || state === ConnectionState.ProblemDetectedLocally) {
      this.#read();
      this.#user.lost(this);
    }
  }

  /** One connection is taken, and the settings hold for it as well. */
  #accept(connection: number): void {
    if (this.#connection !== 0) {
      this.#sockets.closeConnection(connection);
      return;
    }
    for (const { value, data } of this.#options) {
      this.#sockets.setConfigValue(value, data, ConfigScope.Connection, connection);
    }
    this.#connection = connection;
    this.#sockets.acceptConnection(connection);
  }

  #read(): void {
    const batch = this.#batch;
    while (this.#isConnected && this.#sockets.receiveBatch(ReceiveSource.Connection, this.#connection, batch) > 0) {
      while (this.#isConnected && batch.next()) {
        this.#user.received(this, this.#segment.set(batch.bytes, batch.offset, batch.length));
      }
    }
  }
}

import { lookup } from "node:dns";
import { putBytes } from "../../bytes.js";
import type { Clock } from "../../clock.js";
import type { NetworkError } from "../../network-error.js";
import { ByteSegment } from "../../peer/index.js";
import { serverBusy, serverFailed, serverStopped } from "../../socket/building/socket-errors.js";
import { gnsReasonOf, reasonOfGns } from "../../socket/gns/gns-reason.js";
import type { DisconnectReason } from "../../socket/index.js";
import type { ConfigOption } from "../../valve/configuration/config-value.js";
import { connectFailure } from "../../valve/endpoint/connect-failure.js";
import { Dispatcher, type DispatcherUser } from "../../valve/endpoint/dispatcher.js";
import { MessageBatch } from "../../valve/messages/message-batch.js";
import { OutgoingBatch } from "../../valve/messages/outgoing-batch.js";
import { SendFlags } from "../../valve/messages/send-type.js";
import type { InitializeOptions } from "../../valve/sockets/library.js";
import type { ConnectionInfo } from "../../valve/values/connection-info.js";
import { Result } from "../../valve/values/result.js";

/** Connections at once: as many as a session has clients. */
const MAX_CONNECTIONS = 4096;
/** What was sent reliably before the end may take so long to be acknowledged. */
const CLOSE_MS = 1000;

/** How GNS is set up. */
export interface VoiceSocketsSettings {
  readonly clock: Clock;
  readonly initialize: InitializeOptions;
  /** Of what is opened here. */
  readonly config: readonly ConfigOption[];
}

/** The user of a {@link VoiceSockets}. */
export interface VoiceSocketsUser {
  /** A client has connected, to a server. */
  connected?(connection: number, address: string): void;
  lost(connection: number, reason: DisconnectReason): void;
  /** Packets may have come: `read` hands them out. */
  readable(): void;
}

/** The connections of a voice server, or that of a client to it, over one `NetworkingSockets`. */
export class VoiceSockets implements DispatcherUser<number> {
  readonly refusals = { failed: gnsReasonOf(serverFailed), busy: gnsReasonOf(serverBusy) };
  readonly #user: VoiceSocketsUser;
  readonly #settings: VoiceSocketsSettings;
  readonly #dispatcher: Dispatcher<number>;
  readonly #batch = new MessageBatch();
  readonly #segment = new ByteSegment();
  readonly #outgoing = new OutgoingBatch();
  readonly #connecting = new AbortController();
  #isClosed = false;

  /** @throws NetworkError `ERR_FAILED`: the library runs with another driver or identity, or cannot be initialized */
  constructor(user: VoiceSocketsUser, settings: VoiceSocketsSettings) {
    this.#user = user;
    this.#settings = settings;
    this.#dispatcher = new Dispatcher(this, settings.clock, settings.initialize);
  }

  /** @returns the port; @throws as `Dispatcher.listen` */
  listen(host: string, port: number): number {
    return this.#dispatcher.listen(host, port, this.#settings.config).address.port;
  }

  /** @returns the connection; @throws (rejects) NetworkError: why there is none */
  async connect(host: string, port: number): Promise<number> {
    const ways = await this.#dispatcher.waysTo(host, port, this.#settings.config, lookup);
    return this.#dispatcher.attempts.first(ways, this.#connecting.signal);
  }

  /** Hands out what has come; a packet is valid during the call. */
  read(receive: (connection: number, packet: ByteSegment) => void): void {
    const batch = this.#batch;
    while (!this.#isClosed && this.#dispatcher.receive(batch) > 0) {
      while (!this.#isClosed && batch.next()) {
        receive(batch.connection, this.#segment.set(batch.bytes, batch.offset, batch.length));
      }
    }
  }

  /** Sends reliably, and in order. @returns whether GNS took it */
  sendReliable(connection: number, packet: ByteSegment): boolean {
    const { sockets } = this.#dispatcher;
    return !this.#isClosed && sockets.sendMessage(connection, packet.view(), SendFlags.ReliableNoNagle) === Result.OK;
  }

  /** Sends to the first `count` of `connections` what leaves at once, or not at all. It makes no object. */
  sendVoice(connections: readonly number[], count: number, { buffer, offset, length }: ByteSegment): void {
    if (this.#isClosed) return;
    const batch = this.#outgoing;
    for (let index = 0; index < count; index++) {
      const at = batch.reserve(connections[index] as number, length, SendFlags.UnreliableNoDelay);
      if (offset === 0) putBytes(buffer, length, batch.bytes, at);
      else batch.bytes.set(buffer.subarray(offset, offset + length), at);
    }
    this.#dispatcher.sockets.sendBatch(batch);
  }

  disconnect(connection: number, reason: DisconnectReason): void {
    if (!this.#dispatcher.connections.delete(connection)) return;
    const { code, text } = gnsReasonOf(reason);
    this.#dispatcher.sockets.closeConnection(connection, code, text);
  }

  /** Closes all connections. A second call does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#connecting.abort();
    const { connections } = this.#dispatcher;
    for (const connection of connections.keys()) {
      this.#dispatcher.close(connection, gnsReasonOf(serverStopped), CLOSE_MS);
    }
    if (connections.size === 0) this.#dispatcher.destroy();
  }

  judge(): true | null | Required<{ code: number; text: string }> {
    if (this.#isClosed) return null;
    return this.#dispatcher.connections.size < MAX_CONNECTIONS || this.refusals.busy;
  }

  onConnected(connection: number, { address }: ConnectionInfo): void {
    this.#dispatcher.connections.set(connection, connection);
    this.#dispatcher.setFlowing(connection, true);
    this.#dispatcher.attempts.succeed(connection, connection);
    this.#user.connected?.(connection, String(address));
  }

  onLost(connection: number, { endDebug, endReason }: ConnectionInfo): void {
    // What it sent before its end is read first.
    this.#user.readable();
    this.#dispatcher.connections.delete(connection);
    this.#dispatcher.sockets.closeConnection(connection);
    if (!this.#isClosed) this.#user.lost(connection, reasonOfGns(endReason, endDebug));
    else if (this.#dispatcher.connections.size === 0) this.#dispatcher.destroy();
  }

  onClosed(connection: number): void {
    this.#dispatcher.connections.delete(connection);
    if (this.#isClosed && this.#dispatcher.connections.size === 0) this.#dispatcher.destroy();
  }

  onFailed(handle: number, info: ConnectionInfo): NetworkError {
    return connectFailure(info, this.#dispatcher.attempts.tookMs(handle));
  }

  onReadable(): void {
    if (!this.#isClosed) this.#user.readable();
  }
}

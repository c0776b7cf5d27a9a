import { native, ReceiveSource } from "../../addon/native.js";
import { fakeMessageLoss, isLost, isRecordLost } from "../messages/fake-message-loss.js";
import { MessageBatch } from "../messages/message-batch.js";
import { slabPool } from "../messages/message-slab.js";
import { NetworkingMessage } from "../messages/networking-message.js";
import { OutgoingBatch } from "../messages/outgoing-batch.js";
import { checkSendFlags, flagsOfSendType, type SendFlags, SendType } from "../messages/send-type.js";
import { checkInstance, checkInteger, typeError } from "../values/arguments.js";
import { Result } from "../values/result.js";
import { SocketsConnections } from "./sockets-connections.js";

/** The part of {@link NetworkingSockets} that sends and receives. */
export abstract class SocketsMessages extends SocketsConnections {
  readonly #received = new Uint32Array(2);

  /**
   * Sends a message (ValveSockets README). The payload is copied.
   *
   * @param data 0 to 524,288 bytes; between the ends of a socket pair in memory any number, up to
   *   `ConfigValue.RecvMaxMessageSize` of the other end
   * @param flags the seed's flags, also or-ed; 4, GNS's `NoDelay`, is refused
   * @returns `OK`; `InvalidParam`: no such connection, or too large; `NoConnection`, `InvalidState`: it has ended;
   *   `LimitExceeded`: the send buffer is full; `Ignored`: `NoDelay` and it could not be sent at once
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE`, NetworkError `ERR_NOT_INITIALIZED`
   */
  sendMessageToConnection(connection: number, data: ArrayBufferView, flags: SendType = SendType.Unreliable): Result {
    const gnsFlags = flagsOfSendType(flags);
    if (fakeMessageLoss.send > 0 && this.#isLostOnSend(connection, data, gnsFlags)) return Result.OK;
    return native.send(this.owner, connection, data, gnsFlags);
  }

  /**
   * Sends a message, with GNS's flags; otherwise like {@link sendMessageToConnection}. (Not in the README.) For several
   * at once {@link sendBatch} is quicker.
   */
  sendMessage(connection: number, data: ArrayBufferView, flags: SendFlags): Result {
    checkSendFlags(flags);
    if (fakeMessageLoss.send > 0 && this.#isLostOnSend(connection, data, flags)) return Result.OK;
    return native.send(this.owner, connection, data, flags);
  }

  /**
   * Sends at once what waits for company (ValveSockets README).
   *
   * @returns `OK`; `InvalidParam`: no such connection; `Ignored`: not connected yet; `NoConnection`: it has ended
   */
  flushMessagesOnConnection(connection: number): Result {
    return native.flush(this.owner, connection);
  }

  /**
   * Takes the next messages of a connection (ValveSockets README). Reliable ones are in the order of sending. Each
   * message keeps its memory until `destroy()`.
   *
   * @param messages is filled from index 0 on
   * @param maxMessages 0 to 2^31-1
   * @returns their number, or -1 if there is no such connection
   */
  receiveMessagesOnConnection(connection: number, messages: NetworkingMessage[], maxMessages: number): number;
  /** Returns the messages, or null if there is no such connection. */
  receiveMessagesOnConnection(connection: number, maxMessages: number): NetworkingMessage[] | null;
  receiveMessagesOnConnection(connection: number, first: NetworkingMessage[] | number, second?: number) {
    return this.#receive(ReceiveSource.Connection, connection, first, second);
  }

  /**
   * Takes the next messages of all connections of a listen socket that are in no poll group (ValveSockets README).
   * Among the messages of one connection the order is as for one connection. Otherwise like
   * {@link receiveMessagesOnConnection}.
   */
  receiveMessagesOnListenSocket(socket: number, messages: NetworkingMessage[], maxMessages: number): number;
  /** Returns the messages, or null if there is no such listen socket. */
  receiveMessagesOnListenSocket(socket: number, maxMessages: number): NetworkingMessage[] | null;
  receiveMessagesOnListenSocket(socket: number, first: NetworkingMessage[] | number, second?: number) {
    return this.#receive(ReceiveSource.ListenSocket, socket, first, second);
  }

  /** Takes the next messages of all connections of a poll group (GNS), like {@link receiveMessagesOnListenSocket}. */
  receiveMessagesOnPollGroup(pollGroup: number, messages: NetworkingMessage[], maxMessages: number): number;
  /** Returns the messages, or null if there is no such poll group. */
  receiveMessagesOnPollGroup(pollGroup: number, maxMessages: number): NetworkingMessage[] | null;
  receiveMessagesOnPollGroup(pollGroup: number, first: NetworkingMessage[] | number, second?: number) {
    return this.#receive(ReceiveSource.PollGroup, pollGroup, first, second);
  }

  /** Creates a poll group: connections whose messages are taken together (GNS). 0 on failure. */
  createPollGroup(): number {
    return native.createPollGroup(this.owner);
  }

  /**
   * Destroys a poll group (GNS). Its connections leave it; what they have received stays.
   *
   * @returns false if there is no such group
   */
  destroyPollGroup(pollGroup: number): boolean {
    return native.destroyPollGroup(this.owner, pollGroup);
  }

  /**
   * Puts a connection into a poll group, out of any other and out of its listen socket's (GNS; the order of arguments is
   * that of the C# wrapper).
   *
   * @param pollGroup 0 leaves the group
   * @returns false if either does not exist
   */
  setConnectionPollGroup(pollGroup: number, connection: number): boolean {
    return native.setConnectionPollGroup(this.owner, connection, pollGroup);
  }

  /**
   * The fast way to receive: puts the next messages into the memory of `batch`, in place of those that it held.
   * (Not in the README.)
   *
   * @param source what `handle` is
   * @returns their number, or -1 if there is no such handle
   */
  receiveBatch(source: ReceiveSource, handle: number, batch: MessageBatch): number {
    checkInstance("batch", batch, MessageBatch);
    return batch.receive(this.owner, source, handle, this.random);
  }

  /**
   * The fast way to send: hands all messages of `batch` to GNS in one call and empties it. What became of each is in
   * `batch.results`. (Not in the README.)
   */
  sendBatch(batch: OutgoingBatch): void {
    checkInstance("batch", batch, OutgoingBatch);
    batch.send(this.owner, this.random);
  }

  /**
   * Sends one payload to many connections; it crosses into C++ once and is copied once. (Not in the README.)
   *
   * @param data 0 to 524,288 bytes
   * @returns for each connection the message number, or minus a `Result`
   */
  sendToMany(connections: ArrayLike<number>, data: ArrayBufferView, flags: SendFlags, lane = 0): Float64Array {
    checkSendFlags(flags);
    const results = new Float64Array(connections.length);
    const handles = connections instanceof Uint32Array ? connections : Uint32Array.from(connections);
    native.sendToMany(this.owner, handles, handles.length, data, flags, lane, results);
    return results;
  }

  /**
   * Asks for one wake-up when no more than `lowWaterBytes` (0 to 2^31-1) of a connection wait to be sent; it is then
   * among {@link takeDrained}. (Not in the README.)
   *
   * @returns false if there is no such connection
   */
  watchDrain(connection: number, lowWaterBytes: number): boolean {
    return native.watchDrain(this.owner, connection, lowWaterBytes);
  }

  /** The watched connections whose send buffer has come down since the last call. (Not in the README.) */
  takeDrained(): number[] {
    return native.takeDrained(this.owner);
  }

  #receive(source: ReceiveSource, handle: number, first: NetworkingMessage[] | number, second: number | undefined) {
    if (typeof first === "number") {
      const messages: NetworkingMessage[] = [];
      return this.#fill(source, handle, messages, first) < 0 ? null : messages;
    }
    if (!Array.isArray(first)) throw typeError("messages", "an array");
    return this.#fill(source, handle, first, second as number);
  }

  #fill(source: ReceiveSource, handle: number, messages: NetworkingMessage[], maxMessages: number): number {
    checkInteger("maxMessages", maxMessages, 0, 0x7fffffff);
    const owner = this.owner;
    const out = this.#received;
    let slab = slabPool.current();
    let count = 0;
    for (;;) {
      let record = slab.end;
      const taken = native.receive(owner, source, handle, maxMessages - count, slab.bytes, record, out);
      if (taken < 0) return count === 0 ? -1 : count;
      slab.end = out[0] as number;
      let lost = 0;
      for (let index = 0; index < taken; index++) {
        if (fakeMessageLoss.receive > 0 && isRecordLost(slab, record, this.random)) {
          lost++;
        } else {
          slab.live++;
          messages[count++] = new NetworkingMessage(slab, record);
        }
        record = slab.next(record);
      }
      const needed = out[1] as number;
      if (needed > 0) slab = slabPool.replace(needed);
      else if (lost === 0 || count === maxMessages) return count;
    }
  }

  /** Whether a message that GNS would take gets lost on the way, as far as its sender can tell. */
  #isLostOnSend(connection: number, data: ArrayBufferView, flags: SendFlags): boolean {
    const isSendable = ArrayBuffer.isView(data) && data.byteLength <= 524_288;
    return isSendable && this.isConnected(connection) && isLost(fakeMessageLoss.send, flags, this.random);
  }

  /** @internal */
  protected abstract isConnected(connection: number): boolean;
}

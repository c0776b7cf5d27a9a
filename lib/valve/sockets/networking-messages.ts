import { native } from "../../addon/native.js";
import { NetworkError } from "../../network-error.js";
import { slabPool } from "../messages/message-slab.js";
import { NetworkingMessage } from "../messages/networking-message.js";
import { checkSendFlags, SendFlags } from "../messages/send-type.js";
import { checkFunction, checkInstance, checkInteger, typeError } from "../values/arguments.js";
import { ConnectionInfo, fillConnectionInfo } from "../values/connection-info.js";
import { NetworkingIdentity } from "../values/networking-identity.js";
import type { Result } from "../values/result.js";
import type { NetworkingSockets } from "./networking-sockets.js";
import { SocketsOwner } from "./sockets-owner.js";

/** Told that a stranger wants to talk: `acceptSessionWithUser` or a message to him lets him. */
export type SessionRequestCallback = (identity: NetworkingIdentity) => void;

/** Told that a session failed; `info` says whose and why. A session that the peer closes is no failure. */
export type SessionFailedCallback = (info: ConnectionInfo) => void;

/**
 * Messages to identities instead of connections, like UDP (GNS's ISteamNetworkingMessages). GNS makes a P2P connection
 * per peer by itself, with the process's configuration (`setConfigValue` with what `iceOptions` gives), and ends it after
 * a few minutes without use. It exists once per process.
 *
 * Its signals travel as those of the sockets it is made for: `onSignal` gives them, and `receiveSignal` with
 * `allowRequests` takes them.
 */
export class NetworkingMessages {
  readonly #sockets: NetworkingSockets;
  readonly #received = new Uint32Array(2);
  #onReadable: (() => void) | null = null;
  #onRequest: SessionRequestCallback | null = null;
  #onFailed: SessionFailedCallback | null = null;
  #isDestroyed = false;

  /**
   * @throws NetworkError `ERR_NOT_INITIALIZED`, `ERR_CLOSED`; `ERR_IN_USE`: another object of this process has it
   */
  constructor(sockets: NetworkingSockets) {
    checkInstance("sockets", sockets, SocketsOwner);
    if (!native.claimSessions(SocketsOwner.ownerOf(sockets))) {
      throw new NetworkError("ERR_IN_USE", "The process has a NetworkingMessages already");
    }
    this.#sockets = sockets;
  }

  /**
   * Sends a message to a peer, and makes a session with it if there is none. It also accepts a session that the peer asks
   * for. What is sent before the session is there is sent reliably, in GNS as here.
   *
   * @param data 0 to 524,288 bytes, less 5
   * @param channel 0 to 2^31-1: which `receiveMessagesOnChannel` over there gets it
   * @returns `OK`: it is on its way, or waits for the session; `ConnectFailed`: the session has failed, close it first;
   *   `LimitExceeded`: the send buffer is full; `InvalidParam`: no such identity, or too large
   */
  sendMessageToUser(
    identity: NetworkingIdentity,
    data: ArrayBufferView,
    flags: SendFlags = SendFlags.Reliable,
    channel = 0,
  ): Result {
    checkSendFlags(flags);
    return native.sendMessageToUser(this.#owner, encode(identity), data, flags, channel);
  }

  /**
   * Takes the next messages of a channel. Those of one peer are in order, if reliable. Each keeps its memory until
   * `destroy()`; its `connection` says nothing here.
   *
   * @param messages is filled from index 0 on
   * @returns their number
   */
  receiveMessagesOnChannel(channel: number, messages: NetworkingMessage[], maxMessages: number): number;
  /** Returns the messages. */
  receiveMessagesOnChannel(channel: number, maxMessages: number): NetworkingMessage[];
  receiveMessagesOnChannel(channel: number, first: NetworkingMessage[] | number, second?: number) {
    const messages = typeof first === "number" ? [] : first;
    const maxMessages = typeof first === "number" ? first : (second as number);
    if (!Array.isArray(messages)) throw typeError("messages", "an array");
    checkInteger("maxMessages", maxMessages, 0, 0x7fffffff);
    const count = this.#fill(channel, messages, maxMessages);
    return typeof first === "number" ? messages : count;
  }

  /** Lets a peer talk who has asked for it. False: nobody of this identity has. */
  acceptSessionWithUser(identity: NetworkingIdentity): boolean {
    return native.acceptSession(this.#owner, encode(identity));
  }

  /** Ends a session and forgets what has not been received. False: there is none. */
  closeSessionWithUser(identity: NetworkingIdentity): boolean {
    return native.closeSession(this.#owner, encode(identity));
  }

  /** Gives up a channel with a peer; the session ends with its last one. False: there is none. */
  closeChannelWithUser(identity: NetworkingIdentity, channel: number): boolean {
    return native.closeChannel(this.#owner, encode(identity), channel);
  }

  /**
   * What is known of the connection behind a session.
   *
   * @param info is filled
   * @returns false if there is none
   */
  getSessionConnectionInfo(identity: NetworkingIdentity, info: ConnectionInfo): boolean;
  /** Returns what is known, or null. */
  getSessionConnectionInfo(identity: NetworkingIdentity): ConnectionInfo | null;
  getSessionConnectionInfo(identity: NetworkingIdentity, into?: ConnectionInfo): boolean | ConnectionInfo | null {
    if (into !== undefined) checkInstance("info", into, ConnectionInfo);
    const found = native.getSessionInfo(this.#owner, encode(identity));
    if (found === null) return into === undefined ? null : false;
    const info = fillConnectionInfo(into ?? new ConnectionInfo(), found);
    return into === undefined ? info : true;
  }

  /** Has `callback` called on the event loop when messages may have come. One at a time; null removes it. */
  onReadable(callback: (() => void) | null): void {
    if (callback !== null) checkFunction("callback", callback);
    this.#onReadable = callback;
    this.#updateWaking();
  }

  /** Has `callback` called for each peer who asks to talk. One at a time; null removes it. */
  onSessionRequest(callback: SessionRequestCallback | null): void {
    if (callback !== null) checkFunction("callback", callback);
    this.#onRequest = callback;
    this.#updateWaking();
  }

  /** Has `callback` called for each session that fails. One at a time; null removes it. */
  onSessionFailed(callback: SessionFailedCallback | null): void {
    if (callback !== null) checkFunction("callback", callback);
    this.#onFailed = callback;
    this.#updateWaking();
  }

  /** Ends all sessions, so that another object may have the interface. A second call does nothing. */
  destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    if (SocketsOwner.isAlive(this.#sockets)) native.releaseSessions(SocketsOwner.ownerOf(this.#sockets));
    SocketsOwner.accompany(this.#sockets, null);
  }

  /** The same as {@link destroy}, for `using`. */
  [Symbol.dispose](): void {
    this.destroy();
  }

  get #owner(): number {
    const owner = SocketsOwner.ownerOf(this.#sockets);
    if (this.#isDestroyed) throw new NetworkError("ERR_CLOSED", "This NetworkingMessages has been destroyed");
    return owner;
  }

  #updateWaking(): void {
    void this.#owner;
    const isWanted = this.#onReadable !== null || this.#onRequest !== null || this.#onFailed !== null;
    SocketsOwner.accompany(this.#sockets, isWanted ? () => this.#wake() : null);
  }

  #wake(): void {
    if (this.#onRequest !== null || this.#onFailed !== null) {
      for (const { identity, info } of native.takeSessionEvents(this.#owner)) {
        if (info === null) this.#onRequest?.(NetworkingIdentity.decode(identity));
        else this.#onFailed?.(fillConnectionInfo(new ConnectionInfo(), info));
        if (this.#isDestroyed || !SocketsOwner.isAlive(this.#sockets)) return;
      }
    }
    this.#onReadable?.();
  }

  #fill(channel: number, messages: NetworkingMessage[], maxMessages: number): number {
    const owner = this.#owner;
    const out = this.#received;
    let slab = slabPool.current();
    let count = 0;
    for (;;) {
      let record = slab.end;
      const taken = native.receiveOnChannel(owner, channel, maxMessages - count, slab.bytes, record, out);
      slab.end = out[0] as number;
      for (let index = 0; index < taken; index++) {
        slab.live++;
        messages[count++] = new NetworkingMessage(slab, record);
        record = slab.next(record);
      }
      const needed = out[1] as number;
      if (needed === 0) return count;
      slab = slabPool.replace(needed);
    }
  }
}

function encode(identity: NetworkingIdentity): Uint8Array {
  checkInstance("identity", identity, NetworkingIdentity);
  return NetworkingIdentity.encode(identity);
}

import { native } from "../../addon/native.js";
import { checkFunction, checkInstance } from "../../arguments.js";
import { NetworkError } from "../../network-error.js";
import type { NetworkingMessage } from "../messages/networking-message.js";
import { checkSendFlags, SendFlags } from "../messages/send-type.js";
import { ConnectionInfo, fillConnectionInfo } from "../values/connection-info.js";
import { NetworkingIdentity } from "../values/networking-identity.js";
import type { Result } from "../values/result.js";
import { receiveMessages } from "./messages.js";
import { coreOf, NetworkingSockets } from "./networking-sockets.js";
import { answer } from "./parameters.js";
import type { SocketsCore } from "./sockets-core.js";

/** Called when a peer asks for a session. `acceptSessionWithUser`, or a message to that peer, accepts it. */
export type SessionRequestCallback = (identity: NetworkingIdentity) => void;

/** Called when a session has failed; `info` says with whom and why. A session that the peer closes is no failure. */
export type SessionFailedCallback = (info: ConnectionInfo) => void;

interface SessionCallbacks {
  readable: (() => void) | null;
  request: SessionRequestCallback | null;
  failed: SessionFailedCallback | null;
}

/**
 * Messages to identities instead of connections, like UDP (GNS's ISteamNetworkingMessages). GNS makes a P2P connection
 * to each peer by itself, with the process's configuration (`setConfigValue` with what `iceOptions` gives), and ends it
 * after a few minutes without use. A process has one at a time.
 *
 * Its signals travel like those of the sockets that it is made with: `onSignal` gives them, and `receiveSignal` with
 * `allowRequests` takes them.
 */
export class NetworkingMessages {
  readonly #core: SocketsCore;
  readonly #callbacks: SessionCallbacks = { readable: null, request: null, failed: null };
  #isDestroyed = false;

  /** @throws NetworkError `ERR_NOT_INITIALIZED`, `ERR_CLOSED`; `ERR_IN_USE`: this process has one already */
  constructor(sockets: NetworkingSockets) {
    checkInstance("sockets", sockets, NetworkingSockets);
    this.#core = coreOf(sockets);
    if (!native.claimSessions(this.#core.owner)) {
      throw new NetworkError("ERR_IN_USE", "The process has a NetworkingMessages already");
    }
  }

  /**
   * Sends a message to a peer, and asks for a session if there is none, or accepts the one that the peer asks for.
   * Messages sent before the session exists are sent reliably; this is GNS's rule.
   *
   * @param data 0 to 524,283 bytes
   * @param channel 0 to 2^31-1: the `receiveMessagesOnChannel` that gets it at the peer
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
   * Takes the next messages of a channel, puts them into `messages` from index 0 on and returns their number. Reliable
   * ones of the same peer are in order. Each keeps its memory until its `destroy()`; its `connection` has no meaning.
   */
  receiveMessagesOnChannel(channel: number, messages: NetworkingMessage[], maxMessages: number): number;
  /** Returns the messages. */
  receiveMessagesOnChannel(channel: number, maxMessages: number): NetworkingMessage[];
  receiveMessagesOnChannel(channel: number, first: NetworkingMessage[] | number, second?: number) {
    void this.#owner;
    return receiveMessages(this.#core, null, channel, first, second);
  }

  /** Accepts the session that a peer has asked for. False: this peer has not asked. */
  acceptSessionWithUser(identity: NetworkingIdentity): boolean {
    return native.acceptSession(this.#owner, encode(identity));
  }

  /** Ends a session and drops what has not been received. False: there is none. */
  closeSessionWithUser(identity: NetworkingIdentity): boolean {
    return native.closeSession(this.#owner, encode(identity));
  }

  /** Closes a channel with a peer; the session ends with its last channel. False: there is none. */
  closeChannelWithUser(identity: NetworkingIdentity, channel: number): boolean {
    return native.closeChannel(this.#owner, encode(identity), channel);
  }

  /** Fills `info` with what is known of the connection of a session. False: there is none. */
  getSessionConnectionInfo(identity: NetworkingIdentity, info: ConnectionInfo): boolean;
  /** Returns what is known, or null. */
  getSessionConnectionInfo(identity: NetworkingIdentity): ConnectionInfo | null;
  getSessionConnectionInfo(identity: NetworkingIdentity, into?: ConnectionInfo): boolean | ConnectionInfo | null {
    if (into !== undefined) checkInstance("info", into, ConnectionInfo);
    const found = native.getSessionInfo(this.#owner, encode(identity));
    return answer(into, found && fillConnectionInfo(into ?? new ConnectionInfo(), found));
  }

  /** Has `callback` called on the event loop when messages may have come. There is one at a time; null removes it. */
  onReadable(callback: (() => void) | null): void {
    this.#setCallback("readable", callback);
  }

  /** Has `callback` called for each peer that asks for a session. There is one at a time; null removes it. */
  onSessionRequest(callback: SessionRequestCallback | null): void {
    this.#setCallback("request", callback);
  }

  /** Has `callback` called for each session that fails. There is one at a time; null removes it. */
  onSessionFailed(callback: SessionFailedCallback | null): void {
    this.#setCallback("failed", callback);
  }

  /** Ends all sessions; after that the process may make another object. A second call does nothing. */
  destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    if (!this.#core.isUsable) return;
    native.releaseSessions(this.#core.owner);
    this.#core.wakeWith("sessions", null);
  }

  /** The same as {@link destroy}, for `using`. */
  [Symbol.dispose](): void {
    this.destroy();
  }

  get #owner(): number {
    const { owner } = this.#core;
    if (this.#isDestroyed) throw new NetworkError("ERR_CLOSED", "This NetworkingMessages has been destroyed");
    return owner;
  }

  #setCallback<Name extends keyof SessionCallbacks>(name: Name, callback: SessionCallbacks[Name]): void {
    if (callback !== null) checkFunction("callback", callback);
    this.#callbacks[name] = callback;
    void this.#owner;
    const isWanted = Object.values(this.#callbacks).some((one) => one !== null);
    this.#core.wakeWith("sessions", isWanted ? () => this.#wake() : null);
  }

  #wake(): void {
    const { request, failed } = this.#callbacks;
    if (request !== null || failed !== null) {
      for (const { identity, info } of native.takeSessionEvents(this.#owner)) {
        if (info === null) this.#callbacks.request?.(NetworkingIdentity.decode(identity));
        else this.#callbacks.failed?.(fillConnectionInfo(new ConnectionInfo(), info));
        if (this.#isDestroyed || !this.#core.isUsable) return;
      }
    }
    this.#callbacks.readable?.();
  }
}

function encode(identity: NetworkingIdentity): Uint8Array {
  checkInstance("identity", identity, NetworkingIdentity);
  return NetworkingIdentity.encode(identity);
}

import type { Clock } from "../../clock.js";
import { TokenBucket } from "../../guard/token-bucket.js";
import { NetworkError } from "../../network-error.js";
import {
  booleanOption,
  checkOptions,
  durationOption,
  integerOption,
  type OptionRules,
  signalOption,
} from "../../options.js";
import { checkNotifyCallbacks } from "../../peer/connection/check-message.js";
import type { LibraryConnection } from "../../peer/connection/connection.js";
import { Channel, type NotifyCallbacks } from "../../peer/index.js";
import { DisconnectCode, type DisconnectReason, type Security } from "../../socket/index.js";
import { type RedirectTarget, sentDoor } from "../protocol/door.js";
import type { MessageEncoder } from "../protocol/encoder.js";
import type { ErrorBudget } from "../protocol/error-flags.js";
import { type MessageDefinition, maxAgeOf } from "../protocol/message.js";
import type { ProtocolCore } from "../protocol/protocol.js";
import { checkRequest, type RequestDefinition } from "../protocol/request.js";
import { RedirectMessage } from "../protocol/system-messages.js";
import { WireNumbers } from "../protocol/wire-numbers.js";
import { connectionLost, type Ending } from "./connection-lost.js";
import type { ConnectionRecorder } from "./connection-recorder.js";
import { GuardedNotify, type NotifyFailure } from "./guarded-notify.js";
import { PendingRequests } from "./pending-requests.js";
import {
  type INetworkPlayer,
  type MessageMetrics,
  type PlayerAuthentication,
  PlayerState,
  type RequestOptions,
  type SpanFunction,
} from "./player.js";

/** What a player needs of the server or client that it belongs to. */
export interface PlayerOwner {
  readonly protocol: ProtocolCore;
  readonly clock: Clock;
  readonly encoder: MessageEncoder;
  readonly spans: SpanFunction | null;
  /** Hears what is sent to single players; null while nobody does. */
  readonly directed: DirectedSink | null;
  /** Null: players are not charged. */
  readonly errorBudget: ErrorBudget | null;
  /** The player's budget is used up. @param lastError what it did last; empty if the application has charged it */
  errorLimitReached(player: NetworkPlayer, lastError: string): void;
  report(
    error: unknown,
    player: INetworkPlayer | null,
    message: MessageDefinition<unknown> | null,
    place: string,
  ): void;
  /** Whether the player is a client. */
  readonly isServer: boolean;
  /** `player.disconnect` was called. */
  leave(player: NetworkPlayer, reason: DisconnectReason): void;
}

/** @param players the ids of those who were sent the message */
export type DirectedSink = (players: readonly number[], message: MessageDefinition<unknown>, value: unknown) => void;

const REQUEST_OPTIONS: OptionRules<RequestOptions> = {
  timeoutMs: durationOption(),
  signal: signalOption,
  lane: integerOption(0, 3),
  retry: booleanOption,
};

/** Messages of the library that wait for a full queue of one player; with more the player is disconnected. */
const MAX_WAITING = 256;

const NOTHING = new Uint8Array(0);

/** A client that is here after so long could not follow its redirect: four servers do not take longer to admit it. */
const REDIRECT_MS = 60_000;

/** Counts per message: messages sent, bytes sent, messages received, bytes received. */
const COUNTS = 4;

/** As an error names it. */
export const clientNameOf = ({ address }: NetworkPlayer): string => `the client ${address}`;

/** With the name of the message that is too large. */
function named(error: unknown, { name }: MessageDefinition<unknown>): unknown {
  if (error instanceof NetworkError && error.code === "ERR_MESSAGE_SIZE") error.message = `${name}: ${error.message}`;
  return error;
}

/** Apart, as what else is rare: only functions that are small are put into their callers, and each message is sent. */
const notAgreed = ({ name }: MessageDefinition<unknown>) =>
  new NetworkError("ERR_MESSAGE_NOT_AGREED", `The other side does not know the message ${name}`);

/** The only {@link INetworkPlayer}, with what its server or client needs besides. */
export class NetworkPlayer implements INetworkPlayer {
  id = 0;
  data: unknown = undefined;
  state = PlayerState.Connected;
  authentication: PlayerAuthentication | null = null;
  ready = false;
  errorFlags = 0;
  /** Aborts each async handler that has not finished. */
  readonly inFlight = new Set<{ abort(reason: unknown): void }>();
  readonly isHost: boolean;
  /** The connection, or the last one, whatever the state of the player is. */
  lastConnection: LibraryConnection;
  numbers: WireNumbers;
  /** Hears of its messages; null while nobody looks. */
  recorder: ConnectionRecorder | null = null;
  readonly requests: PendingRequests;
  /** Server: when the player was told the doors. */
  toldDoorsMs = 0;
  /** How often the player has moved to another room. */
  moves = 0;
  ticket: Uint8Array = NOTHING;
  /** When its client was told to go on at another server, from which it has not come back. */
  #redirectedMs = Number.NEGATIVE_INFINITY;
  /** What its client knows of the room. */
  room: Uint8Array = NOTHING;
  #owner: PlayerOwner;
  readonly #abort = new AbortController();
  readonly #budget: TokenBucket | null;
  readonly #rates = new Map<MessageDefinition<unknown>, TokenBucket>();
  readonly #counts: Float64Array;
  /** Send what the queue did not take; true: they have. */
  readonly #waiting: (() => boolean)[] = [];
  /** Those of notify messages whose fate is known: they serve the next ones. */
  readonly #freeNotify: GuardedNotify[] = [];
  readonly #notifyFailed: NotifyFailure = (error, message, what) => this.#owner.report(error, this, message, what);

  constructor(owner: PlayerOwner, connection: LibraryConnection, isHost: boolean) {
    this.#owner = owner;
    this.numbers = new WireNumbers(owner.protocol.messages.length);
    this.lastConnection = connection;
    this.isHost = isHost;
    this.requests = new PendingRequests(owner.clock);
    this.#counts = new Float64Array(owner.protocol.messages.length * COUNTS);
    const { errorBudget } = owner;
    this.#budget =
      errorBudget && !isHost ? new TokenBucket(owner.clock, errorBudget.maxTokens, errorBudget.refillPerSecond) : null;
  }

  get connection(): LibraryConnection | null {
    return this.isConnected ? this.lastConnection : null;
  }

  get isConnected(): boolean {
    return this.state <= PlayerState.Authenticated;
  }

  /** Whether its client may be on its way to another server, to which it was told to go. */
  get isRedirected(): boolean {
    return this.#owner.clock.now() - this.#redirectedMs < REDIRECT_MS;
  }

  set isRedirected(isRedirected: boolean) {
    this.#redirectedMs = isRedirected ? this.#owner.clock.now() : Number.NEGATIVE_INFINITY;
  }

  get isAuthenticated(): boolean {
    return this.state === PlayerState.Authenticated;
  }

  get address(): string {
    return this.isHost ? "host" : this.lastConnection.handle.address;
  }

  get security(): Security {
    return this.lastConnection.security;
  }

  get transport(): string {
    return this.lastConnection.handle.transport;
  }

  get roundTripTimeMs(): number {
    return this.isHost ? 0 : this.lastConnection.roundTripTimeMs;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  send<T>(
    message: MessageDefinition<T>,
    value: T,
    channel = message?.channel,
    lane = message?.lane,
    maxAgeMs = maxAgeOf(message, channel),
  ): boolean {
    if (!this.#encode(message, value)) return false;
    const isTaken = this.sendEncoded(message, channel, lane, maxAgeMs);
    return isTaken && this.#owner.directed ? this.tellDirected(message, value) : isTaken;
  }

  /** Tells the recorder. Apart from `send`: V8 inlines what is below that while it is short (8 % of a message). */
  tellDirected<T>(message: MessageDefinition<T>, value: T): true {
    this.#owner.directed?.([this.id], message as MessageDefinition<unknown>, value);
    return true;
  }

  sendNotify<T>(message: MessageDefinition<T>, value: T, callbacks: NotifyCallbacks): boolean {
    checkNotifyCallbacks(callbacks);
    const guarded = this.#freeNotify.pop() ?? new GuardedNotify(this.#freeNotify, this.#notifyFailed);
    guarded.begin(message as MessageDefinition<unknown>, callbacks);
    let isTaken = false;
    try {
      isTaken = this.#sendNotify(message, value, guarded);
    } finally {
      if (!isTaken) guarded.release();
    }
    return isTaken;
  }

  notify<T>(message: MessageDefinition<T>, value: T): Promise<boolean> {
    return new Promise((resolve) => {
      const callbacks = { onDelivered: () => resolve(true), onLost: () => resolve(false) };
      if (!this.#sendNotify(message, value, callbacks)) resolve(false);
    });
  }

  request<Q, A>(definition: RequestDefinition<Q, A>, value: Q, options: RequestOptions = {}): Promise<A> {
    try {
      checkOptions("request", options, REQUEST_OPTIONS);
      checkRequest(definition);
    } catch (error) {
      return Promise.reject(error);
    }
    const { lane = 0, retry = false } = options;
    const send = (id: number) => this.send(definition.request, { id, value }, Channel.Reliable, lane);
    const isWaiting = retry && this.state === PlayerState.Suspended;
    if (!this.isConnected && !isWaiting) {
      return Promise.reject(new NetworkError("ERR_CONNECTION_LOST", "The player has no connection"));
    }
    const ask = () => this.requests.open(definition, send, options, isWaiting);
    return this.#owner.spans ? this.#owner.spans(`request ${definition.name}`, this, ask) : ask();
  }

  disconnect(reason: DisconnectReason = { code: 0, text: "" }): void {
    this.#owner.leave(this, reason);
  }

  redirect(to: RedirectTarget): boolean {
    const door = sentDoor("to", to);
    if (!this.#owner.isServer || this.isHost)
      throw new NetworkError("ERR_STATE", "A server redirects its clients, but not the one in its process");
    if (!this.isConnected) return false;
    this.isRedirected = true;
    this.sendLater(RedirectMessage, { door, ticket: to.ticket ?? NOTHING });
    return true;
  }

  chargeError(cost: number, flags: number, text = ""): void {
    this.errorFlags |= flags;
    if (this.#budget && this.#budget.take(cost) < 0) this.#owner.errorLimitReached(this, text);
  }

  resetErrorFlags(): void {
    this.errorFlags = 0;
  }

  metricsOf(message: MessageDefinition<unknown>): MessageMetrics {
    const at = this.#owner.protocol.numberOf(message) * COUNTS;
    const [messagesSent, bytesSent, messagesReceived, bytesReceived] = this.#counts.subarray(at, at + COUNTS);
    return { messagesSent, bytesSent, messagesReceived, bytesReceived } as MessageMetrics;
  }

  // What its server or client calls.

  get owner(): PlayerOwner {
    return this.#owner;
  }

  /** The player has come back over the connection of another. */
  attach({ lastConnection, numbers, recorder, ticket }: NetworkPlayer): void {
    this.lastConnection = lastConnection;
    this.recorder = recorder;
    this.numbers = numbers;
    this.ticket = ticket;
    this.isRedirected = false;
  }

  /** The player begins at another server than that which has let it in. */
  settle(owner: PlayerOwner): void {
    this.#owner = owner;
  }

  /** The player goes on in another room, at another server behind the same front end. */
  move(owner: PlayerOwner, ending: Ending): void {
    this.#owner = owner;
    this.moves = (this.moves + 1) >>> 0;
    this.moved(ending);
    this.numbers.move();
  }

  /** What waited for the other side in the room before does not come. */
  moved(ending: Ending): void {
    this.requests.failAll(ending);
    this.relocated(ending);
  }

  /** The room is at another server, or the player in another room: what was asked of this side there is for nobody. */
  relocated(ending: Ending): void {
    this.ready = false;
    this.#waiting.length = 0;
    const reason = connectionLost("The player is in another room", ending);
    for (const abort of this.inFlight) abort.abort(reason);
  }

  /** Sends the message that the encoder holds. */
  sendEncoded(message: MessageDefinition<unknown>, channel: Channel, lane: number, maxAgeMs?: number): boolean {
    const { buffer, length } = this.#owner.encoder;
    try {
      const isTaken = this.lastConnection.send(buffer, channel, lane, 0, length, maxAgeMs);
      this.#sent(message, channel, lane, length, isTaken);
      return isTaken;
    } catch (error) {
      throw named(error, message);
    }
  }

  /**
   * Sends a message of the library reliably. Where the queue is full it waits until there is space.
   *
   * @param isWanted whether it is still to be sent then
   */
  sendLater<T>(message: MessageDefinition<T>, value: T, isWanted = () => true): void {
    if (this.send(message, value) || !this.isConnected) return;
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(() => !isWanted() || this.send(message, value));
    else this.refuse(DisconnectCode.ErrorLimit, `${MAX_WAITING} messages wait for the player to read`);
  }

  /** The queue has space again. */
  drained(): void {
    while (this.#waiting[0]?.()) this.#waiting.shift();
  }

  /** Whether the other side has the message with this number. */
  knows(number: number): boolean {
    return this.numbers.toWire(number) >= 0;
  }

  /** Whether the other side has the message. */
  hasMessage(message: MessageDefinition<unknown>): boolean {
    return this.knows(this.#owner.protocol.numberOf(message));
  }

  /** The message with this number on the wire, of any era; null when there is none. */
  messageOf(wireNumber: number): MessageDefinition<unknown> | null {
    return this.#owner.protocol.messages[this.numbers.fromWire(wireNumber)] ?? null;
  }

  countReceived(message: MessageDefinition<unknown>, bytes: number): void {
    this.#count(message, 2, bytes);
  }

  /** Whether the player may send one more of these messages, by its `rateLimit`. */
  withinRate(message: MessageDefinition<unknown>): boolean {
    const { rateLimit } = message;
    if (!rateLimit || this.isHost) return true;
    let bucket = this.#rates.get(message);
    if (!bucket) {
      bucket = new TokenBucket(this.#owner.clock, rateLimit.burst, rateLimit.perSecond);
      this.#rates.set(message, bucket);
    }
    return bucket.tryTake(1);
  }

  /** What this side has the other do counts for nothing: so many more of these messages. */
  allowMore(message: MessageDefinition<unknown>, count: number): void {
    this.#rates.get(message)?.give(count);
  }

  /** Disconnects with a reason of the library's own. */
  refuse(code: DisconnectCode, text: string): void {
    this.lastConnection.refuse(code, text);
  }

  suspended(ending: Ending): void {
    // Whoever is lost on its way is awaited there, however long it may come back.
    this.#redirectedMs = this.isRedirected ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    this.#waiting.length = 0;
    this.state = PlayerState.Suspended;
    this.ready = false;
    this.requests.interrupt(ending);
  }

  ended(ending: Ending): void {
    this.state = PlayerState.Disconnected;
    this.ready = false;
    this.requests.failAll(ending);
    const reason = connectionLost("The player has left", ending);
    this.#abort.abort(reason);
    for (const abort of this.inFlight) abort.abort(reason);
  }

  #sendNotify<T>(message: MessageDefinition<T>, value: T, callbacks: NotifyCallbacks): boolean {
    if (!this.#encode(message, value)) return false;
    const { buffer, length } = this.#owner.encoder;
    try {
      const isTaken = this.lastConnection.sendNotify(buffer, callbacks, 0, length, message.maxAgeMs);
      this.#sent(message as MessageDefinition<unknown>, Channel.Notify, 0, length, isTaken);
      if (isTaken) this.tellDirected(message, value);
      return isTaken;
    } catch (error) {
      throw named(error, message);
    }
  }

  /** Encodes a message for this player. @returns false: there is no connection */
  #encode<T>(message: MessageDefinition<T>, value: T): boolean {
    const number = this.#owner.protocol.numberOf(message);
    const wireNumber = this.numbers.toWire(number);
    if (wireNumber < 0) throw notAgreed(message);
    if (!this.isConnected) return false;
    this.#owner.encoder.encode(wireNumber, message, value);
    return true;
  }

  #sent(message: MessageDefinition<unknown>, channel: Channel, lane: number, bytes: number, isTaken: boolean): void {
    if (this.recorder) this.#record(message, channel, lane, isTaken);
    if (isTaken) this.#count(message, 0, bytes);
  }

  #record(message: MessageDefinition<unknown>, channel: Channel, lane: number, isTaken: boolean): void {
    this.recorder?.messageSent(message, channel, lane, this.#owner.encoder.length, isTaken);
  }

  #count(message: MessageDefinition<unknown>, at: number, bytes: number): void {
    const index = this.#owner.protocol.numberOf(message) * COUNTS + at;
    this.#counts[index] = (this.#counts[index] as number) + 1;
    this.#counts[index + 1] = (this.#counts[index + 1] as number) + bytes;
  }
}

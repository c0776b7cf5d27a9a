import { NetworkError } from "../../network-error.js";
import { checkReason, libraryReason } from "../../socket/disconnect-reason.js";
import {
  type Delivery,
  DisconnectCode,
  type DisconnectReason,
  type IConnectionHandle,
  type ReceivedPacket,
  type Security,
} from "../../socket/index.js";
import { Channel, type NotifyCallbacks } from "../channel.js";
import type { Waiting } from "../collections/deadline-queue.js";
import { type ConnectionMetrics, newConnectionMetrics } from "../metrics.js";
import { CONTROL_LANE, STREAM_LANE } from "../packet-format.js";
import type { PeerConfig } from "../peer-config.js";
import type { Profile, ProfileHost, SendBudget } from "../profile.js";
import { type OutgoingStream, type StreamListener, StreamTable } from "../streams/index.js";
import { checkChannel, checkMessage } from "./check-message.js";
import type { IConnection } from "./connection.js";
import { PeerConnectionState } from "./peer-connection-state.js";

/** What a connection needs of its Peer. */
export interface ConnectionOwner {
  readonly config: PeerConfig;
  now(): number;
  transmit(handle: IConnectionHandle, packet: Uint8Array, length: number, delivery: Delivery, lane: number): boolean;
  /** A server's client has proved that it got our Accept. */
  established(connection: PeerConnection): void;
  message(
    connection: PeerConnection,
    channel: Channel,
    lane: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
  ): void;
  drained(connection: PeerConnection): void;
  /** The user is to hear of the end. */
  ended(connection: PeerConnection): void;
  /** Nothing of it is left to do. */
  forget(connection: PeerConnection): void;
  /** It has something to send. */
  changed(connection: PeerConnection): void;
  /** Calls the user's code; what it throws is reported. */
  guard(connection: PeerConnection, callback: () => void): void;
}

export interface ConnectionSettings {
  handle: IConnectionHandle;
  session: number;
  security: Security;
  channelBinding: Uint8Array | null;
  fingerprintMatches: boolean;
  /** A server's connection begins as Connecting, a client's as Connected. */
  isConfirmed: boolean;
}

/** A transport does not tell when the last byte has arrived: a closing connection asks it so often. */
const DRAIN_CHECK_MS = 20;

/** One other end: its state and its timers; how messages travel is its profile's business. */
export class PeerConnection implements IConnection, ProfileHost, Waiting {
  readonly handle: IConnectionHandle;
  readonly session: number;
  readonly security: Security;
  readonly channelBinding: Uint8Array | null;
  readonly fingerprintMatches: boolean;
  readonly metrics: ConnectionMetrics = newConnectionMetrics();
  readonly closed: Promise<DisconnectReason>;
  queuePlace = -1;
  deadlineMs = 0;
  /** Whether it is among those to be flushed at the end of the turn; the Peer's own. */
  isTouched = false;
  state: PeerConnectionState;
  reason: DisconnectReason | null = null;
  readonly #owner: ConnectionOwner;
  readonly #streams: StreamTable;
  #profile!: Profile;
  #resolveClosed!: (reason: DisconnectReason) => void;
  // With a value from the beginning: a field that was undefined once costs a heap object with each new time.
  #lastAuthenticatedMs = 0;
  #nextPingMs = 0;
  #pingIntervalMs = 0;
  /** While Connecting: the end of the handshake; while Disconnecting: of its present step; afterwards: of the echo. */
  #stepEndMs = 0;
  /** When the packet under way came. */
  #receivedMs = 0;
  #drainCheckMs = Number.POSITIVE_INFINITY;
  /** The transport has been told, or the other side. */
  #isFarewellSaid = false;

  constructor(owner: ConnectionOwner, settings: ConnectionSettings) {
    this.#owner = owner;
    this.handle = settings.handle;
    this.session = settings.session;
    this.security = settings.security;
    this.channelBinding = settings.channelBinding;
    this.fingerprintMatches = settings.fingerprintMatches;
    this.state = settings.isConfirmed ? PeerConnectionState.Connected : PeerConnectionState.Connecting;
    const now = owner.now();
    this.#lastAuthenticatedMs = now;
    this.#pingIntervalMs = this.#drawPingInterval();
    this.#nextPingMs = now + this.#pingIntervalMs;
    this.#stepEndMs = now + owner.config.handshakeTimeoutMs;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#streams = new StreamTable({
      maxStreams: owner.config.maxStreams,
      send: (lane, bytes, length) => this.#profile.send(Channel.Reliable, lane, bytes, 0, length, null),
      queuedBytes: () => this.#profile.queuedBytes(STREAM_LANE),
      changed: () => owner.changed(this),
      guard: (callback) => owner.guard(this, callback),
      malformed: (text) => this.malformed(text),
    });
  }

  /** Given right after construction: it needs its connection. */
  set profile(profile: Profile) {
    this.#profile = profile;
  }

  get isConnected(): boolean {
    return this.state === PeerConnectionState.Connected;
  }

  get roundTripTimeMs(): number {
    return this.#profile.roundTripTimeMs;
  }

  get bufferedBytes(): number {
    return this.#profile.bufferedBytes;
  }

  get sendBudget(): SendBudget {
    return this.#profile.sendBudget;
  }

  get onStream(): StreamListener | null {
    return this.#streams.onStream;
  }

  set onStream(listener: StreamListener | null) {
    this.#streams.onStream = listener;
  }

  send(bytes: Uint8Array, channel = Channel.Reliable, lane = 0, offset = 0, length = bytes.length - offset): boolean {
    checkChannel(channel, lane);
    return this.#send(channel, lane, bytes, offset, length, null);
  }

  sendNotify(bytes: Uint8Array, callbacks: NotifyCallbacks, offset = 0, length = bytes.length - offset): boolean {
    return this.#send(Channel.Notify, 0, bytes, offset, length, callbacks);
  }

  flush(): void {
    if (this.state !== PeerConnectionState.Disconnected) this.#profile.flush(this.#owner.now());
    this.#owner.changed(this);
  }

  disconnect(reason: DisconnectReason = { code: 0, text: "" }): void {
    checkReason(reason);
    this.#leave(reason);
  }

  refuse(code: DisconnectCode, text: string): void {
    this.#leave(libraryReason(code, text));
  }

  close(reason?: DisconnectReason): Promise<DisconnectReason> {
    this.disconnect(reason);
    return this.closed;
  }

  openStream(header: Uint8Array = new Uint8Array(0)): OutgoingStream {
    if (!this.isConnected) throw new NetworkError("ERR_NOT_CONNECTED", "The connection has ended");
    return this.#streams.open(header);
  }

  // What the Peer calls.

  receive(packet: ReceivedPacket, nowMs: number): void {
    this.metrics.packetsReceived++;
    this.metrics.bytesReceived += packet.length;
    this.#receivedMs = nowMs;
    this.#profile.receive(packet, nowMs);
  }

  /** Lets leave what must not wait for the end of the turn. */
  respond(nowMs: number): void {
    if (this.state !== PeerConnectionState.Connecting) this.#profile.respond(nowMs);
  }

  /** The first packet of a client, which tells the server that its Accept has come. */
  confirm(): void {
    this.#profile.ping();
    this.#owner.changed(this);
  }

  updateDeadline(): void {
    this.#profile.updateDeadline();
    switch (this.state) {
      case PeerConnectionState.Connected:
        this.deadlineMs = Math.min(this.#profile.deadlineMs, this.#nextPingMs, this.#timeoutMs);
        break;
      case PeerConnectionState.Disconnecting:
        this.deadlineMs = Math.min(this.#profile.deadlineMs, this.#stepEndMs, this.#drainCheckMs);
        break;
      default:
        this.deadlineMs = this.#stepEndMs;
    }
  }

  /** Does what is due. `pausedMs` is time in which this process did not run: nobody else is to blame for it. */
  update(nowMs: number, pausedMs: number): void {
    this.#lastAuthenticatedMs += pausedMs;
    switch (this.state) {
      case PeerConnectionState.Connected:
        if (nowMs >= this.#timeoutMs) {
          this.#fail(DisconnectCode.Timeout, "No answer any more");
          return;
        }
        if (nowMs >= this.#nextPingMs) {
          this.#pingIntervalMs = this.#drawPingInterval();
          this.#nextPingMs = nowMs + this.#pingIntervalMs;
          this.#profile.ping();
        }
        this.#pumpAndFlush(nowMs);
        break;
      case PeerConnectionState.Disconnecting:
        this.#profile.flush(nowMs);
        this.#depart(nowMs);
        break;
      case PeerConnectionState.Connecting:
        if (nowMs >= this.#stepEndMs) this.#fail(DisconnectCode.HandshakeTimeout, "Nothing came after the handshake");
        break;
      default:
        if (nowMs >= this.#stepEndMs) this.#owner.forget(this);
    }
  }

  /** The transport has ended it. */
  lost(reason: DisconnectReason): void {
    if (this.state === PeerConnectionState.Connected) this.#end(reason);
    this.#finish();
    this.#owner.forget(this);
  }

  /** The same client has connected anew. */
  replaced(): void {
    if (this.state === PeerConnectionState.Connected) this.#fail(DisconnectCode.Replaced, "Connected again");
    else this.#owner.forget(this);
  }

  // What the profile calls.

  onPacketAuthenticated(): void {
    this.#lastAuthenticatedMs = this.#receivedMs;
    this.#nextPingMs = this.#receivedMs + this.#pingIntervalMs;
    if (this.state === PeerConnectionState.Connecting) {
      this.state = PeerConnectionState.Connected;
      this.#owner.established(this);
    }
  }

  deliver(channel: Channel, lane: number, buffer: Uint8Array, offset: number, length: number): boolean {
    if (!this.isConnected) return false;
    if (lane === STREAM_LANE || lane === CONTROL_LANE) {
      this.#streams.receive(lane, buffer, offset, length);
      return this.isConnected;
    }
    this.metrics.messagesReceived[channel] = (this.metrics.messagesReceived[channel] as number) + 1;
    this.metrics.messageBytesReceived[channel] = (this.metrics.messageBytesReceived[channel] as number) + length;
    this.#owner.message(this, channel, lane, buffer, offset, length);
    return this.isConnected;
  }

  transmit(packet: Uint8Array, length: number, delivery: Delivery, lane: number): boolean {
    if (!this.#owner.transmit(this.handle, packet, length, delivery, lane)) return false;
    this.metrics.packetsSent++;
    this.metrics.bytesSent += length;
    return true;
  }

  stray(): void {
    this.metrics.strayPackets++;
  }

  remoteClosed(reason: DisconnectReason): void {
    if (this.state === PeerConnectionState.Disconnected) return;
    if (this.state === PeerConnectionState.Connected) this.#end(reason);
    this.#finish();
    // Answers to a repeated goodbye keep the other side from waiting.
    this.#stepEndMs = this.#owner.now() + this.#owner.config.closeTimeoutMs;
    this.#owner.changed(this);
  }

  malformed(text: string): void {
    this.#breakOff(DisconnectCode.InvalidPacket, text);
  }

  tampered(): void {
    this.#breakOff(DisconnectCode.Tampered, "What arrived is not what was sent");
  }

  drained(): void {
    if (this.isConnected) this.#owner.drained(this);
  }

  #send(
    channel: Channel,
    lane: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    notify: NotifyCallbacks | null,
  ): boolean {
    checkMessage(channel, bytes, offset, length, this.#owner.config.maxReliableMessageSize);
    if (!this.isConnected) return false;
    if (!this.#profile.send(channel, lane, bytes, offset, length, notify)) {
      this.metrics.messagesRefused++;
      return false;
    }
    this.metrics.messagesSent[channel] = (this.metrics.messagesSent[channel] as number) + 1;
    this.metrics.messageBytesSent[channel] = (this.metrics.messageBytesSent[channel] as number) + length;
    this.#owner.changed(this);
    return true;
  }

  /** A transport that takes all that the streams give is given more, as far as their credit goes. */
  #pumpAndFlush(nowMs: number): void {
    for (;;) {
      this.#streams.pump();
      const hasChunks = this.#profile.queuedBytes(STREAM_LANE) > 0;
      this.#profile.flush(nowMs);
      if (!hasChunks || this.#profile.queuedBytes(STREAM_LANE) > 0) return;
    }
  }

  get #timeoutMs(): number {
    return this.#lastAuthenticatedMs + this.#owner.config.timeoutMs;
  }

  /** Up to a tenth earlier, so that a thousand connections do not ping at once. */
  #drawPingInterval(): number {
    const { keepAliveMs, random } = this.#owner.config;
    return keepAliveMs * (1 - 0.1 * random());
  }

  #breakOff(code: DisconnectCode, text: string): void {
    if (this.isConnected || this.state === PeerConnectionState.Connecting) this.#fail(code, text);
  }

  /** Ends it at once; the other side is told, once. */
  #fail(code: DisconnectCode, text: string): void {
    const reason = { code, text };
    const wasConnected = this.isConnected;
    if (wasConnected) this.#end(reason);
    this.#sayFarewell(reason);
    this.#finish();
    this.#owner.forget(this);
  }

  #leave(reason: DisconnectReason): void {
    if (this.state !== PeerConnectionState.Connected) return;
    this.#end(reason);
    this.state = PeerConnectionState.Disconnecting;
    this.#stepEndMs = this.#owner.now() + this.#owner.config.closeTimeoutMs;
    this.#owner.changed(this);
  }

  /** No more for the user. */
  #end(reason: DisconnectReason): void {
    this.reason = reason;
    this.state = PeerConnectionState.Disconnected;
    this.#streams.dispose(reason);
    this.#owner.ended(this);
  }

  /** First what was sent reliably, then the goodbye, then its acknowledgement; each with a limit. */
  #depart(nowMs: number): void {
    const isOver = nowMs >= this.#stepEndMs;
    if (!this.#isFarewellSaid) {
      if (!this.#profile.isDrained && !isOver) {
        this.#drainCheckMs = nowMs + DRAIN_CHECK_MS;
        return;
      }
      this.#drainCheckMs = Number.POSITIVE_INFINITY;
      this.#stepEndMs = nowMs + this.#owner.config.closeTimeoutMs;
      this.#sayFarewell(this.reason as DisconnectReason);
      return;
    }
    if (!this.handle.isStateful && (this.#profile.isCloseConfirmed || isOver)) {
      this.#finish();
      this.#owner.forget(this);
    }
  }

  #sayFarewell(reason: DisconnectReason): void {
    this.#isFarewellSaid = true;
    if (this.handle.isStateful) {
      void this.handle.disconnect(reason).then(() => {
        this.#finish();
        this.#owner.forget(this);
      });
    } else {
      this.#profile.close(reason, this.#owner.now());
    }
  }

  #finish(): void {
    this.state = PeerConnectionState.Disconnected;
    this.#profile.dispose();
    this.#resolveClosed(this.reason as DisconnectReason);
  }
}

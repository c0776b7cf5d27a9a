import { checkInteger } from "../../arguments.js";
import type { Pass } from "../../guard/connection-guard.js";
import { sourceOf } from "../../guard/source.js";
import { NetworkError } from "../../network-error.js";
import { serverBusy, serverFull } from "../../socket/building/socket-errors.js";
import { checkReason, libraryReason } from "../../socket/disconnect-reason.js";
import {
  Delivery,
  DisconnectCode,
  type DisconnectReason,
  type IConnectionHandle,
  type ReceivedPacket,
  type Security,
} from "../../socket/index.js";
import { Channel, type Notify, type NotifyCallbacks } from "../channel.js";
import type { Waiting } from "../collections/deadline-queue.js";
import { combinedSecurity } from "../handshake/encryption.js";
import type { AgreedConnection } from "../handshake/handshake-owner.js";
import { ConnectionMetrics } from "../metrics.js";
import type { PacketObserver } from "../observer.js";
import { CONTROL_LANE, STREAM_LANE, USER_LANES } from "../packet-format.js";
import type { PathHost, Profile, ProfileHost, SendBudget } from "../profile.js";
import { ReassemblyBudget, trustedBytes, UNTRUSTED_BYTES } from "../reassembly.js";
import type { OutgoingStream, StreamListener } from "../streams/stream.js";
import type { StreamTable } from "../streams/stream-table.js";
import { checkByteView, checkChannel, checkMaxAge, checkMessage, checkNotifyCallbacks } from "./check-message.js";
import type { LibraryConnection } from "./connection.js";
import type { ConnectionOwner } from "./connection-owner.js";
import { ConnectionPhase, PHASES } from "./connection-phases.js";
import { ConnectionTimer, ConnectionTimers } from "./connection-timers.js";
import { createStreams } from "./create-streams.js";
import type { PeerConnectionState } from "./peer-connection-state.js";

/** The connection with one other end: its phase and its timers. How messages travel is the business of its profile. */
export class PeerConnection implements LibraryConnection, ProfileHost, PathHost, Waiting {
  handle: IConnectionHandle;
  /** Server, with a guard: it hears of the proof and of the end. */
  readonly pass: Pass | null;
  readonly security: Security;
  readonly channelBinding: Uint8Array | null;
  readonly fingerprintMatches: boolean;
  readonly metrics = new ConnectionMetrics();
  observer: PacketObserver | null = null;
  readonly reassembly: ReassemblyBudget;
  readonly closed: Promise<DisconnectReason>;
  maxAgeMs = Number.POSITIVE_INFINITY;
  queuePlace = -1;
  deadlineMs = 0;
  /** Whether it is to be flushed at the end of the turn. For PeerDrive only. */
  isTouched = false;
  reason: DisconnectReason | null = null;
  readonly #owner: ConnectionOwner;
  /** Private: `inspect` and JSON would put the session into logs, and who knows it can forge unencrypted datagrams. */
  readonly #agreed: AgreedConnection;
  // Both are large. On a server they come with the first packet: in a flood nothing follows an Accept.
  #profile!: Profile;
  #streams!: StreamTable;
  #resolveClosed!: (reason: DisconnectReason) => void;
  readonly #timers: ConnectionTimers;
  #phase: ConnectionPhase;
  /** When the packet that is read came. A number from the start: one that was undefined costs an object each time. */
  #receivedMs = 0;

  /** @param phase where it begins: `Handshaking` on a server, `Connected` on a client */
  constructor(owner: ConnectionOwner, agreed: AgreedConnection, phase: ConnectionPhase) {
    this.#owner = owner;
    this.handle = agreed.handle;
    this.pass = agreed.handle.pass ?? null;
    this.#agreed = agreed;
    this.security = combinedSecurity(agreed.handle.security, agreed.pattern);
    this.channelBinding = agreed.keys?.handshakeHash ?? null;
    this.fingerprintMatches = agreed.fingerprintMatches;
    this.#phase = phase;
    this.reassembly = new ReassemblyBudget(
      owner.reassembly,
      sourceOf(agreed.handle.address),
      trustedBytes(owner.config.maxReliableMessageSize),
      () => this.#fail(DisconnectCode.ServerBusy, "Incomplete messages need too much memory"),
      this.metrics,
    );
    this.#receivedMs = owner.now();
    this.#timers = new ConnectionTimers(owner.config);
    this.#startTimers(this.#receivedMs);
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    if (phase === ConnectionPhase.Connected) this.#begin();
  }

  get session(): number {
    return this.#agreed.session;
  }

  get state(): PeerConnectionState {
    return PHASES[this.#phase].state;
  }

  get isTrusted(): boolean {
    return this.reassembly.isTrusted;
  }

  set isTrusted(isTrusted: boolean) {
    this.reassembly.maxBytes = isTrusted ? trustedBytes(this.#owner.config.maxReliableMessageSize) : UNTRUSTED_BYTES;
    if (isTrusted) this.pass?.proven();
  }

  get isConnected(): boolean {
    return this.#phase === ConnectionPhase.Connected;
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

  send(
    bytes: Uint8Array,
    channel = Channel.Reliable,
    lane = 0,
    offset = 0,
    length = bytes?.length - offset,
    maxAgeMs = Number.POSITIVE_INFINITY,
  ): boolean {
    checkChannel(channel, lane);
    if (maxAgeMs !== Number.POSITIVE_INFINITY)
      return this.#sendWithin(maxAgeMs, channel, lane, bytes, offset, length, null);
    return this.#send(channel, lane, bytes, offset, length, null);
  }

  sendNotify(
    bytes: Uint8Array,
    callbacks: NotifyCallbacks,
    offset = 0,
    length = bytes?.length - offset,
    maxAgeMs = Number.POSITIVE_INFINITY,
  ): boolean {
    checkNotifyCallbacks(callbacks);
    if (maxAgeMs !== Number.POSITIVE_INFINITY)
      return this.#sendWithin(maxAgeMs, Channel.Notify, 0, bytes, offset, length, callbacks);
    return this.#send(Channel.Notify, 0, bytes, offset, length, callbacks);
  }

  queuedBytes(lane: number): number {
    checkInteger("lane", lane, 0, USER_LANES - 1);
    return this.#profile.queuedBytes(lane);
  }

  queueEnd(queue: number): number {
    return this.#profile.queueEnd(queue);
  }

  flush(): void {
    if (this.#isFlushable()) this.#profile.flush(this.#owner.now());
    this.#owner.changed(this);
  }

  disconnect(reason: DisconnectReason = { code: 0, text: "" }): void {
    checkReason(reason);
    this.#enter(ConnectionPhase.Lingering, reason);
  }

  refuse(code: DisconnectCode, text: string): void {
    this.#enter(ConnectionPhase.Lingering, libraryReason(code, text));
  }

  close(reason?: DisconnectReason): Promise<DisconnectReason> {
    this.disconnect(reason);
    return this.closed;
  }

  openStream(header: Uint8Array = new Uint8Array(0)): OutgoingStream {
    checkByteView("header", header);
    if (!this.isConnected) throw new NetworkError("ERR_NOT_CONNECTED", "The connection has ended");
    return this.#streams.open(header);
  }

  // What the Peer calls.

  receive(packet: ReceivedPacket, nowMs: number): void {
    this.metrics.packetsReceived++;
    this.metrics.bytesReceived += packet.length;
    this.#receivedMs = nowMs;
    if (!this.#profile) this.#begin();
    this.#profile.receive(packet, nowMs);
  }

  /** A packet of this session has come from another address. @returns false: it has not authenticated */
  receiveFromElsewhere(packet: ReceivedPacket, nowMs: number): boolean {
    if (this.#phase > ConnectionPhase.Draining) return false;
    this.#receivedMs = nowMs;
    if (!this.#profile) this.#begin();
    if (!this.#profile.receiveFromElsewhere?.(packet, nowMs)) return false;
    this.metrics.packetsReceived++;
    this.metrics.bytesReceived += packet.length;
    // It shows that the other side is there. That we are heard there, only an acknowledgement shows.
    if (this.isConnected && this.#profile.measuredMs === nowMs) this.#timers.start(ConnectionTimer.Idle, nowMs);
    return true;
  }

  /** Lets leave what must not wait for the end of the turn. */
  respond(nowMs: number): void {
    if (this.#phase !== ConnectionPhase.Handshaking) this.#profile.respond(nowMs);
  }

  /** The first packet of a client, which tells the server that its Accept has come. */
  confirm(): void {
    this.#profile.ping();
    this.#owner.changed(this);
  }

  updateDeadline(): void {
    this.#timers.updateNext();
    this.deadlineMs = this.#timers.nextMs;
    if (!this.#isFlushable() || !this.#profile) return;
    this.#profile.updateDeadline();
    this.deadlineMs = Math.min(this.#profile.deadlineMs, this.deadlineMs);
  }

  /** Does what is due. `pausedMs` is time in which this process did not run: the other side is not to blame for it. */
  update(nowMs: number, pausedMs: number): void {
    const timers = this.#timers;
    timers.postpone(ConnectionTimer.Idle, pausedMs);
    switch (this.#phase) {
      case ConnectionPhase.Handshaking:
        if (timers.isDue(ConnectionTimer.Handshake, nowMs)) {
          this.#fail(DisconnectCode.HandshakeTimeout, "Nothing came after the handshake");
        }
        return;
      case ConnectionPhase.Connected:
        if (timers.isDue(ConnectionTimer.Idle, nowMs)) {
          this.#fail(DisconnectCode.Timeout, "No answer any more");
          return;
        }
        if (timers.isDue(ConnectionTimer.KeepAlive, nowMs)) {
          if (timers.restartKeepAlive(this.#profile.measuredMs, nowMs)) this.#profile.ping();
        }
        this.#pumpAndFlush(nowMs);
        return;
      case ConnectionPhase.Lingering:
        this.#profile.flush(nowMs);
        if (this.#profile.isDrained || timers.isDue(ConnectionTimer.Linger, nowMs))
          this.#enter(ConnectionPhase.Closing);
        else timers.start(ConnectionTimer.LingerCheck, nowMs);
        return;
      case ConnectionPhase.Closing:
        this.#profile.flush(nowMs);
        if (this.handle.isStateful) return;
        if (this.#profile.isCloseConfirmed || timers.isDue(ConnectionTimer.Close, nowMs)) {
          this.#enter(ConnectionPhase.Closed);
        }
        return;
      case ConnectionPhase.Draining:
        if (timers.isDue(ConnectionTimer.Drain, nowMs)) this.#enter(ConnectionPhase.Closed);
    }
  }

  /** The transport has ended it. */
  transportEnded(reason: DisconnectReason): void {
    this.#enter(ConnectionPhase.Closed, reason);
  }

  /** Leaves in the middle of its handshake, for others. */
  makeRoom(): void {
    this.#enter(ConnectionPhase.Failed, serverBusy);
  }

  /** The same client has connected anew. */
  replaced(): void {
    const reason = { code: DisconnectCode.Replaced, text: "Connected again" };
    this.#enter(this.isConnected ? ConnectionPhase.Failed : ConnectionPhase.Closed, reason);
  }

  /** The process ends: what is queued and the reason leave at once, as far as the transport takes them. */
  sayFarewell(reason: DisconnectReason): void {
    if (!this.isConnected && this.#phase !== ConnectionPhase.Lingering) return;
    const now = this.#owner.now();
    this.#profile.flush(now);
    if (this.handle.isStateful) void this.#owner.leave(this.handle, this.reason ?? reason);
    else this.#profile.close(this.reason ?? reason, now);
  }

  // What the profile calls.

  now(): number {
    return this.#owner.now();
  }

  onPacketAuthenticated(): void {
    if (this.#phase === ConnectionPhase.Handshaking) {
      // Others may have become connected since its request.
      if (this.#owner.isFull) this.#enter(ConnectionPhase.Failed, serverFull);
      else {
        this.#profile.ping();
        this.#enter(ConnectionPhase.Connected);
      }
    } else if (this.#phase === ConnectionPhase.Connected) {
      this.#timers.start(ConnectionTimer.Idle, this.#receivedMs);
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

  onPacketFromElsewhere(): void {
    // The client has left its address before its first packet.
    if (this.#phase === ConnectionPhase.Handshaking) this.onPacketAuthenticated();
  }

  transmitTo(handle: IConnectionHandle, packet: Uint8Array): void {
    if (!this.#owner.transmit(handle, packet, packet.length, Delivery.Unreliable, 0)) return;
    this.metrics.packetsSent++;
    this.metrics.bytesSent += packet.length;
  }

  moveTo(handle: IConnectionHandle): void {
    const from = this.handle.address;
    this.handle = handle;
    this.reassembly.source = sourceOf(handle.address);
    this.metrics.pathMoves++;
    if (this.isConnected) this.#timers.start(ConnectionTimer.Idle, this.#owner.now());
    this.#owner.moved(this, from);
  }

  remoteClosed(reason: DisconnectReason): void {
    this.#enter(ConnectionPhase.Draining, reason);
  }

  malformed(text: string): void {
    this.#fail(DisconnectCode.InvalidPacket, text);
  }

  tampered(text: string): void {
    this.#fail(DisconnectCode.Tampered, text);
  }

  pathTooSmall(text: string): void {
    this.#fail(DisconnectCode.PathTooSmall, text);
  }

  drained(): void {
    if (this.isConnected) this.#owner.drained(this);
  }

  /** Makes what messages need: at the first packet, on a client at once. */
  #begin(): void {
    this.#profile = this.#owner.createProfile(this, this.#agreed);
    this.#streams = createStreams(this, this.#profile, this.#owner);
  }

  /** `maxAgeMs` is no argument of `#send`, which nearly every message calls without one. */
  #sendWithin(
    maxAgeMs: number,
    channel: Channel,
    lane: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    notify: Notify,
  ): boolean {
    checkMaxAge(channel, maxAgeMs);
    this.maxAgeMs = maxAgeMs;
    try {
      return this.#send(channel, lane, bytes, offset, length, notify);
    } finally {
      this.maxAgeMs = Number.POSITIVE_INFINITY;
    }
  }

  #send(channel: Channel, lane: number, bytes: Uint8Array, offset: number, length: number, notify: Notify): boolean {
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

  /** Whether the profile sends anything of its own accord. */
  #isFlushable(): boolean {
    return this.#phase < ConnectionPhase.Draining;
  }

  #fail(code: DisconnectCode, text: string): void {
    this.#enter(ConnectionPhase.Failed, { code, text });
  }

  /**
   * The one way into another phase. Does nothing where `PHASES` does not allow it: the connection has ended already.
   *
   * @param reason why the connection ends; the first reason stays
   */
  #enter(phase: ConnectionPhase, reason: DisconnectReason | null = null): void {
    const wasConnected = this.isConnected;
    if (!PHASES[this.#phase].next.includes(phase)) return;
    this.#phase = phase;
    this.reason ??= reason;
    if (wasConnected) {
      this.#streams.dispose(this.reason as DisconnectReason);
      this.#owner.ended(this);
      if (this.#phase !== phase) return; // The user's code has driven the Peer meanwhile.
    }
    this.#startTimers(phase === ConnectionPhase.Connected ? this.#receivedMs : this.#owner.now());
    switch (phase) {
      case ConnectionPhase.Connected:
        this.#owner.established(this);
        break;
      case ConnectionPhase.Lingering:
        this.#owner.changed(this);
        break;
      case ConnectionPhase.Closing:
        this.#sendClose();
        break;
      case ConnectionPhase.Draining:
        this.#settle();
        this.#owner.changed(this);
        break;
      case ConnectionPhase.Failed:
        this.#sendClose();
        this.#enter(ConnectionPhase.Closed);
        break;
      case ConnectionPhase.Closed:
        this.#settle();
        this.#owner.forget(this);
    }
  }

  /** Starts the timers of the phase. */
  #startTimers(nowMs: number): void {
    this.#timers.stopAll();
    for (const timer of PHASES[this.#phase].timers) this.#timers.start(timer, nowMs);
  }

  /** Tells the other side the reason: in a Close frame, or with the end of the transport's connection. */
  #sendClose(): void {
    const reason = this.reason as DisconnectReason;
    if (!this.handle.isStateful) {
      if (this.#profile) this.#profile.close(reason, this.#owner.now());
      else {
        const packet = this.#owner.onlyClose(this.#agreed, reason);
        this.transmit(packet, packet.length, Delivery.Unreliable, 0);
      }
      return;
    }
    this.#timers.stop(ConnectionTimer.Close); // The transport has a time limit of its own.
    void this.#owner.leave(this.handle, reason).then(() => this.#enter(ConnectionPhase.Closed));
  }

  /** Nothing is on its way any more. */
  #settle(): void {
    this.reassembly.dispose();
    this.#profile?.dispose();
    this.#resolveClosed(this.reason as DisconnectReason);
  }
}

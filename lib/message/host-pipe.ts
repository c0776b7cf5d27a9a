import type { Clock } from "../clock.js";
import { NetworkError } from "../network-error.js";
import { checkChannel, checkMessage } from "../peer/check-message.js";
import { equalBytes } from "../peer/handshake-packets.js";
import {
  ByteSegment,
  Channel,
  type Drive,
  type IConnection,
  type NotifyCallbacks,
  type OutgoingStream,
  PeerConnectionState,
  type PeerHandler,
  type StreamListener,
} from "../peer/index.js";
import { newConnectionMetrics } from "../peer/metrics.js";
import { STREAM_LANE, USER_LANES } from "../peer/packet-format.js";
import { StreamTable } from "../peer/streams/index.js";
import { checkReason, libraryReason } from "../socket/disconnect-reason.js";
import { DisconnectCode, type DisconnectReason, type IConnectionHandle, type Security } from "../socket/index.js";

/** What one end of a pipe is made of. */
export interface HostPipeEnd {
  handler: PeerHandler;
  clock: Clock;
  drive: Drive;
  maxReliableMessageSize: number;
  maxQueuedBytes: number;
  maxStreams: number;
  report(error: unknown): void;
  fingerprint: Uint8Array;
}

interface Message {
  bytes: Uint8Array;
  channel: Channel;
  lane: number;
  notify: NotifyCallbacks | null;
}

/** Something for the other end's next receive phase. */
type Item = Message | (() => void);

const handle: IConnectionHandle = {
  isStateful: true,
  reliable: true,
  ordered: true,
  security: "authenticated",
  addressVerified: true,
  maxPacketSize: Number.POSITIVE_INFINITY,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  bufferedBytes: 0,
  address: "host",
  connection: null,
  copy: () => handle,
  equals: (other) => other === handle,
  disconnect: async () => {},
};

/**
 * One end of a pipe between a server and a client of one program. What is sent lies in the other end's queue until that
 * receives: in `updateReceive`, or driven automatically with a timer of 0 ms, never inside of `send`.
 */
export class HostConnection implements IConnection {
  readonly handle = handle;
  readonly security: Security = "authenticated";
  readonly channelBinding = null;
  readonly fingerprintMatches: boolean;
  readonly roundTripTimeMs = 0;
  readonly metrics = newConnectionMetrics();
  readonly closed: Promise<DisconnectReason>;
  state = PeerConnectionState.Connected;
  reason: DisconnectReason | null = null;
  readonly #end: HostPipeEnd;
  readonly #streams: StreamTable;
  readonly #segment = new ByteSegment();
  #other!: HostConnection;
  /** What has come and waits for the receive phase. */
  #inbox: Item[] = [];
  #inboxBytes = 0;
  /** Of the inbox of the other end: of chunks of streams. */
  #streamBytes = 0;
  #hasRefused = false;
  #isWakePlanned = false;
  #resolveClosed!: (reason: DisconnectReason) => void;

  /** Both ends of a new pipe. */
  static pair(server: HostPipeEnd, client: HostPipeEnd): [server: HostConnection, client: HostConnection] {
    const matches = equalBytes(server.fingerprint, client.fingerprint);
    const [first, second] = [new HostConnection(server, matches), new HostConnection(client, matches)];
    first.#other = second;
    second.#other = first;
    return [first, second];
  }

  private constructor(end: HostPipeEnd, fingerprintMatches: boolean) {
    this.#end = end;
    this.fingerprintMatches = fingerprintMatches;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#streams = new StreamTable({
      maxStreams: end.maxStreams,
      send: (lane, bytes, length) => this.#push(Channel.Reliable, lane, bytes, 0, length, null),
      queuedBytes: () => this.#streamBytes,
      changed: () => this.#wake(),
      guard: (callback) => this.#guard(callback),
      malformed: (text) => this.refuse(DisconnectCode.InvalidPacket, text),
    });
  }

  get bufferedBytes(): number {
    return this.#other.#inboxBytes;
  }

  get sendBudget() {
    const bytesFree = Math.max(this.#end.maxQueuedBytes - this.bufferedBytes, 0);
    return { bytesPerSecond: Number.POSITIVE_INFINITY, bytesFree };
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

  /** Nothing waits on this side. */
  flush(): void {}

  disconnect(reason: DisconnectReason = { code: 0, text: "" }): void {
    checkReason(reason);
    this.#close(reason);
  }

  refuse(code: DisconnectCode, text: string): void {
    this.#close(libraryReason(code, text));
  }

  close(reason?: DisconnectReason): Promise<DisconnectReason> {
    this.disconnect(reason);
    return this.closed;
  }

  openStream(header: Uint8Array = new Uint8Array(0)): OutgoingStream {
    if (this.state !== PeerConnectionState.Connected) {
      throw new NetworkError("ERR_NOT_CONNECTED", "The connection has ended");
    }
    return this.#streams.open(header);
  }

  /** The receive phase: what had come before it began. */
  receive(): void {
    const items = this.#inbox;
    this.#inbox = [];
    for (const item of items) {
      if (typeof item === "function") this.#guard(item);
      else this.#deliver(item);
    }
    if (this.state !== PeerConnectionState.Connected) return;
    this.#streams.pump();
  }

  #send(
    channel: Channel,
    lane: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    notify: NotifyCallbacks | null,
  ): boolean {
    checkMessage(channel, bytes, offset, length, this.#end.maxReliableMessageSize);
    if (this.state !== PeerConnectionState.Connected) return false;
    if (!this.#push(channel, lane, bytes, offset, length, notify)) {
      this.metrics.messagesRefused++;
      return false;
    }
    add(this.metrics.messagesSent, channel, 1);
    add(this.metrics.messageBytesSent, channel, length);
    return true;
  }

  #push(
    channel: Channel,
    lane: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    notify: NotifyCallbacks | null,
  ): boolean {
    const other = this.#other;
    // What streams say is bounded by their credit.
    if (lane < USER_LANES && other.#inboxBytes + length > this.#end.maxQueuedBytes) {
      this.#hasRefused = true;
      return false;
    }
    if (lane === STREAM_LANE) this.#streamBytes += length;
    other.#inboxBytes += length;
    other.#expect({ bytes: bytes.slice(offset, offset + length), channel, lane, notify });
    return true;
  }

  #expect(item: Item): void {
    this.#inbox.push(item);
    this.#wake();
  }

  #wake(): void {
    if (this.#end.drive === "manual" || this.#isWakePlanned) return;
    this.#isWakePlanned = true;
    this.#end.clock.setTimeout(() => {
      this.#isWakePlanned = false;
      this.receive();
    }, 0);
  }

  #deliver({ bytes, channel, lane, notify }: Message): void {
    const other = this.#other;
    this.#inboxBytes -= bytes.length;
    if (lane === STREAM_LANE) other.#streamBytes -= bytes.length;
    if (this.state !== PeerConnectionState.Connected) {
      if (notify) other.#expect(() => notify.onLost());
      return;
    }
    if (lane >= USER_LANES) {
      this.#streams.receive(lane, bytes, 0, bytes.length);
      other.#wake();
      return;
    }
    add(this.metrics.messagesReceived, channel, 1);
    add(this.metrics.messageBytesReceived, channel, bytes.length);
    this.#guard(() => this.#end.handler.onMessage(this, this.#segment.set(bytes, 0, bytes.length), channel, lane));
    if (notify) other.#expect(() => notify.onDelivered());
    if (other.#hasRefused && this.#inboxBytes <= this.#end.maxQueuedBytes / 2) {
      other.#hasRefused = false;
      other.#expect(() => other.#end.handler.onDrain?.(other));
    }
  }

  #close(reason: DisconnectReason): void {
    if (this.state !== PeerConnectionState.Connected) return;
    this.#finish(reason);
    this.#other.#expect(() => this.#other.#finish(reason));
  }

  #finish(reason: DisconnectReason): void {
    if (this.state !== PeerConnectionState.Connected) return;
    this.state = PeerConnectionState.Disconnected;
    this.reason = reason;
    this.#streams.dispose(reason);
    this.#guard(() => this.#end.handler.onDisconnected?.(this, reason));
    this.#resolveClosed(reason);
  }

  #guard(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#end.report(error);
    }
  }
}

function add(counts: number[], channel: Channel, amount: number): void {
  counts[channel] = (counts[channel] as number) + amount;
}

/**
 * Declares what the C++ addon exports. Everything above this file is ordinary TypeScript.
 *
 * A handle is an unsigned 32-bit number, and 0 is none. An address is 16 bytes (IPv4 as `::ffff:a.b.c.d`) and a port.
 * An identity is bytes in machine order (`IDENTITY`). Times are microseconds of {@link NativeAddon.time}. Every
 * function checks its arguments and throws `TypeError` (`ERR_INVALID_ARG_TYPE`) or `RangeError` (`ERR_OUT_OF_RANGE`).
 * All but the library functions throw `ERR_NOT_INITIALIZED` before `initialize`. The first argument of the socket
 * functions is the owner; a handle of another owner counts as unknown.
 */
import type { NativeDriver, ReceiveSource } from "./layout.js";
import { loadAddon } from "./load-addon.js";

export * from "./layout.js";

export interface NativeConnectionInfo {
  identity: Uint8Array;
  userData: bigint;
  listenSocket: number;
  ip: Uint8Array;
  port: number;
  state: number;
  endReason: number;
  endDebug: string;
  description: string;
  flags: number;
}

export interface NativeStatusEvent {
  connection: number;
  oldState: number;
  info: NativeConnectionInfo;
  /** For state None: whether the peer had acknowledged everything before the close. */
  flushed: boolean;
}

export interface NativeSignal {
  /** 0: the refusal of a request. */
  connection: number;
  identity: Uint8Array;
  data: Uint8Array;
}

/** Counts of the addon, for the whole process. */
export interface LibraryStatistics {
  /** "hybrid", "thread", or "none" before initialize. */
  driver: string;
  /** Polls by event loops, and by the helper thread. */
  loopPolls: number;
  /** Polls by the helper thread. */
  helperPolls: number;
  /**
   * On Linux: nothing has happened for half a second apart from pings, and nothing waits to be sent, acknowledged or
   * connected, so GNS's timers are up to 50 ms late and the helper thread sleeps for 250 ms. Any call ends it, as this
   * one does.
   */
  isSilent: boolean;
  /** How often another thread woke an event loop. */
  rings: number;
  /** Status events and log lines dropped because a queue was full. */
  droppedEvents: number;
  /** Log lines dropped because the queue was full. */
  droppedLogLines: number;
  /** Handles that the whole process has open now. */
  connections: number;
  /** Listen sockets that are open. */
  listenSockets: number;
  /** Poll groups that are open. */
  pollGroups: number;
  /** Connections that are closed here and still send what was sent reliably. */
  lingering: number;
  /**
   * Connections that are closed and whose other side has not confirmed that: up to 5 s each, 1024 at most (GNS calls it
   * FinWait).
   */
  unconfirmedCloses: number;
  /** How many of GNS's 8191 places for connections the three kinds before take. */
  places: number;
}

/** One configuration option of GNS. `type` is 1 for int32, 2 for int64, 3 for float, 4 for string. */
export type NativeOption = [value: number, type: number, data: number | bigint | string];

/** Encrypts or decrypts a packet in place. Returns its new end, or -1. */
export type NativeAesGcm = (
  cipher: number,
  nonceLow: number,
  nonceHigh: number,
  buffer: Uint8Array,
  start: number,
  headerBytes: number,
  end: number,
) => number;

export interface NativeAddon {
  // --- library: process-wide, counted ---
  /**
   * Returns "" or GNS's error message. `uvPoll`: this runtime's libuv may be used. `spinUs`, up to 1000: how long the
   * loop looks for more before it sleeps; 0 leaves it as it is.
   */
  initialize(
    driver: NativeDriver,
    uvPoll: boolean,
    identity: Uint8Array | null,
    spinUs: number,
    isSpinAdaptive: boolean,
  ): string;
  deinitialize(): void;
  /** How many calls of `initialize` in this environment have not been undone by `deinitialize`. */
  initializeCount(): number;
  /** Closes what this environment has open and ends its use of the library. Further calls do nothing. */
  tearDown(): void;
  /** Monotonic microseconds. Also works before `initialize`. */
  time(): number;
  /** Sets the callback for log lines up to `level`, 0-8; null removes it. It runs on this environment's event loop. */
  setDebugCallback(level: number, callback: ((type: number, message: string) => void) | null): void;
  /** Takes GNS's log lines of the last `createListenSocket` or `connect` on this thread. */
  takeErrorLines(): string[];
  statistics(): LibraryStatistics;
  /**
   * Sets the function that is called once per wake-up for each owner with `setReadable(owner, true)` and something new.
   */
  setWake(wake: (owner: number) => void): void;

  // --- owners: one per NetworkingSockets ---
  createOwner(): number;
  /** Closes all that the owner has open. An unknown owner is ignored. */
  destroyOwner(owner: number): void;
  setReadable(owner: number, on: boolean): void;
  /** Sets whether an open object keeps the process alive, as it does at first. Returns false for an unknown handle. */
  setReferenced(owner: number, handle: number, on: boolean): boolean;

  // --- connections ---
  createListenSocket(owner: number, ip: Uint8Array, port: number, options: NativeOption[]): number;
  connect(owner: number, ip: Uint8Array, port: number, options: NativeOption[]): number;
  acceptConnection(owner: number, connection: number): number;
  /**
   * `reason` is GNS's number. The close waits up to `lingerMs` until what is queued has been sent and acknowledged. The
   * handle is unknown at once; the event for state None comes when the connection is closed.
   */
  closeConnection(owner: number, connection: number, reason: number, debug: string, lingerMs: number): boolean;
  /** Closes the accepted connections first, whose peers get `reason` and `debug`. */
  closeListenSocket(owner: number, socket: number, reason: number, debug: string): boolean;
  createSocketPair(
    owner: number,
    useNetworkLoopback: boolean,
    identityOne: Uint8Array | null,
    identityTwo: Uint8Array | null,
  ): [number, number] | null;

  // --- messages ---
  /** Sends one message; the payload is copied. Returns a Result. */
  send(owner: number, connection: number, data: ArrayBufferView, flags: number): number;
  /**
   * Sends `count` records of `slab`. `results[i]` is the message number, minus a Result, or 0 when it was not tried.
   */
  sendBatch(owner: number, slab: Uint8Array, count: number, results: Float64Array): void;
  /** Sends one payload to `count` connections; it is copied once. `results` as for `sendBatch`. */
  sendToMany(
    owner: number,
    connections: Uint32Array,
    count: number,
    data: ArrayBufferView,
    flags: number,
    lane: number,
    results: Float64Array,
  ): void;
  /** Wakes the owner, once, when no more than `lowWaterBytes` wait to be sent. False for an unknown connection. */
  watchDrain(owner: number, connection: number, lowWaterBytes: number): boolean;
  /** Takes the connections for which that has happened. */
  takeDrained(owner: number): number[];
  flush(owner: number, connection: number): number;
  /**
   * Copies up to `max` messages as records into `slab` from byte `offset` (a multiple of 8) on. Returns their number,
   * or -1 for an unknown handle. `out[0]` is the offset behind the last record. `out[1]` is the number of bytes that
   * the next message needs when it did not fit and stays queued, otherwise 0.
   */
  receive(
    owner: number,
    source: ReceiveSource,
    handle: number,
    max: number,
    slab: Uint8Array,
    offset: number,
    out: Uint32Array,
  ): number;

  // --- poll groups ---
  createPollGroup(owner: number): number;
  destroyPollGroup(owner: number, group: number): boolean;
  /** With group 0 the connection leaves its group. */
  setConnectionPollGroup(owner: number, connection: number, group: number): boolean;

  // --- lanes ---
  /** Priorities and weights: `count` numbers each, or null. Returns a Result. */
  configureConnectionLanes(
    owner: number,
    connection: number,
    count: number,
    priorities: Int32Array | null,
    weights: Uint16Array | null,
  ): number;
  /** Fills `out` with `LANE_STATUS.size` numbers a lane: bytes, and microseconds for the time. Returns a Result. */
  getLaneStatus(owner: number, connection: number, count: number, out: Float64Array): number;

  // --- P2P: the application carries GNS's rendezvous messages ("signals") between the peers ---
  connectP2P(owner: number, identity: Uint8Array | null, remoteVirtualPort: number, options: NativeOption[]): number;
  createListenSocketP2P(owner: number, localVirtualPort: number, options: NativeOption[]): number;
  /**
   * Feeds a signal from a peer; false if it is none. Without `allowRequests` a request is ignored without an answer.
   */
  receiveSignal(owner: number, data: ArrayBufferView, allowRequests: boolean): boolean;
  /** Takes the signals to carry to peers, oldest first. The wake function is called for new ones. */
  takeSignals(owner: number): NativeSignal[];

  // --- ISteamNetworkingMessages, which one owner per process has ---
  claimSessions(owner: number): boolean;
  releaseSessions(owner: number): void;
  sendMessageToUser(owner: number, identity: Uint8Array, data: ArrayBufferView, flags: number, channel: number): number;
  /** As `receive`. */
  receiveOnChannel(
    owner: number,
    channel: number,
    max: number,
    slab: Uint8Array,
    offset: number,
    out: Uint32Array,
  ): number;
  acceptSession(owner: number, identity: Uint8Array): boolean;
  closeSession(owner: number, identity: Uint8Array): boolean;
  closeChannel(owner: number, identity: Uint8Array, channel: number): boolean;
  getSessionInfo(owner: number, identity: Uint8Array): NativeConnectionInfo | null;
  /** Takes the requests (`info` is null) and failures since the last call. */
  takeSessionEvents(owner: number): { identity: Uint8Array; info: NativeConnectionInfo | null }[];

  // --- identity and certificates of the process ---
  getIdentity(): Uint8Array | null;
  /** Closes all connections of the process first. */
  resetIdentity(identity: Uint8Array | null): void;
  identityToString(identity: Uint8Array): string;
  parseIdentity(text: string): Uint8Array | null;
  /** Return GNS's ESteamNetworkingAvailability. */
  initAuthentication(): number;
  getAuthenticationStatus(): { availability: number; debug: string; hasAuthority: boolean };
  /** `[bytes, ""]`, or `[null, why not]`. */
  getCertificateRequest(): [Uint8Array | null, string];
  /**
   * `withKey` is the same certificate with its private key, which GNS may get only while nothing is open. Returns "",
   * or why it was refused.
   */
  setCertificate(certificate: ArrayBufferView, withKey: ArrayBufferView | null): string;
  /** Trusts an authority's certificate (base64), whose key has this number. Returns "", or why it does not. */
  addCertificateAuthority(certificate: string, keyId: bigint): string;

  // --- batched UDP: sockets of IPv6 and IPv4 that never wait; usable before initialize ---
  /**
   * Binds to an address or, with `isRemote`, exchanges datagrams with that address only. `uvPoll`: this runtime's libuv
   * may be used. Returns the socket, or minus the system's number of the error.
   */
  openUdp(
    uvPoll: boolean,
    ip: Uint8Array,
    port: number,
    scope: number,
    isRemote: boolean,
    bufferBytes: number,
    spinUs: number,
    isSpinAdaptive: boolean,
  ): number;
  closeUdp(socket: number): boolean;
  /** 0 for an unknown socket. */
  getUdpPort(socket: number): number;
  /** Whether the system has given both sockets the same local address. False for an unknown socket. */
  haveSameUdpSource(socket: number, other: number): boolean;
  /** Datagrams that were larger than a slot, or that the system refused to send. */
  getUdpDropped(socket: number): number;
  /**
   * Fills up to `count` slots from slot `first` on and returns their number, or -1 for an unknown socket. When it is
   * less than `count` there are no more, and the next datagram calls the wake function.
   */
  receiveUdp(socket: number, slab: Uint8Array, slotBytes: number, first: number, count: number): number;
  /**
   * Sends `count` slots from slot `first` on and returns the number that were sent or dropped: minus it, if the system
   * refused to send some of them. When it is less than `count` the system's buffer is full; the wake function is called
   * when it has room. 0 for an unknown socket.
   */
  sendUdp(socket: number, slab: Uint8Array, slotBytes: number, first: number, count: number): number;
  /** Sets the function that is called when a socket has become ready, once until all has been received or sent. */
  setUdpWake(wake: (socket: number) => void): void;

  // --- AES-256-GCM, with the nonces of Noise; needs no initialize ---
  /** Makes a cipher with a key of 32 bytes. Returns 0 when this build of the addon has no AES-GCM. */
  createAesGcm(key: Uint8Array): number;
  destroyAesGcm(cipher: number): boolean;
  /**
   * Encrypts in place what follows the header up to `end`, and writes the tag after it. Returns the new end, or -1 for
   * an unknown cipher.
   */
  sealAesGcm: NativeAesGcm;
  /**
   * Decrypts in place what is between the header and the tag, which ends at `end`. Returns the new end, or -1 when the
   * tag does not match (what followed the header is zero then) or the cipher is unknown.
   */
  openAesGcm: NativeAesGcm;

  // --- queries ---
  /** Takes the oldest status event of the owner, or returns null. */
  nextEvent(owner: number): NativeStatusEvent | null;
  getConnectionInfo(owner: number, connection: number): NativeConnectionInfo | null;
  /** Fills `out` (`STATUS.size` numbers) and returns a Result. */
  getRealTimeStatus(owner: number, connection: number, out: Float64Array): number;
  getDetailedStatus(owner: number, connection: number): string | null;
  getListenSocketAddress(owner: number, socket: number): { ip: Uint8Array; port: number } | null;
  setConnectionUserData(owner: number, connection: number, userData: bigint): boolean;
  getConnectionUserData(owner: number, connection: number): bigint;
  setConnectionName(owner: number, connection: number, name: string): boolean;
  getConnectionName(owner: number, connection: number): string | null;

  // --- configuration: GNS numbers and units ---
  /** `scope`: 1 global, 3 listen socket, 4 connection (2, the interface, is not for callers). null resets the value. */
  setConfigValue(
    owner: number,
    value: number,
    scope: number,
    handle: number,
    type: number,
    data: number | bigint | string | null,
  ): boolean;
  /** `result` is GNS's ESteamNetworkingGetConfigValueResult: 1 OK, 2 OK inherited, negative on failure. */
  getConfigValue(
    owner: number,
    value: number,
    scope: number,
    handle: number,
  ): { result: number; type: number; value: number | bigint | string | null };
  /** Returns `[value, name, type, scope]`, or null for a value that GNS does not have. */
  getConfigValueInfo(value: number): [number, string, number, number] | null;
  listConfigValues(developerValues: boolean): [number, string, number, number][];
  /** GNS logs a warning when it waits longer than this for a lock. */
  setLockWaitWarningThreshold(microseconds: number): void;
}

export const native: NativeAddon = loadAddon();

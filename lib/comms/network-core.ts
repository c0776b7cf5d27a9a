import { checkInteger } from "../arguments.js";
import { type Clock, systemClock } from "../clock.js";
import { EventHub } from "../event-hub.js";
import { FailureLog } from "../message/failure-log.js";
import { consoleLogger } from "../message/logger.js";
import { NetworkError } from "../network-error.js";
import {
  checkOptions,
  clockOption,
  durationOption,
  functionOption,
  numberOption,
  type OptionRules,
  objectOption,
  textOption,
  thingOption,
} from "../options.js";
import type { ByteSegment } from "../peer/index.js";
import { type RandomBytes, secureRandomBytes } from "../random.js";
import { reportUncaught } from "../report-uncaught.js";
import type { ClientDriver } from "./base-client.js";
import type { ServerDriver } from "./base-server.js";
import { ClientPhase } from "./client/client-session.js";
import { CommsCore } from "./client/comms-core.js";
import { LoopbackQueue } from "./loopback-queue.js";
import type { NetworkLink, SendOutcome } from "./network-link.js";
import type { SessionRules } from "./server/server-owner.js";
import { type CodecSettings, checkCodecSettings, DEFAULT_CODEC } from "./values/codec-settings.js";
import { ConnectionStatus, isClientEnabled, isServerEnabled, NetworkMode } from "./values/modes.js";
import type { PeerKey } from "./values/peer-key.js";
import { MAX_OVERHEAD_BYTES, type VoiceSeal } from "./wire/voice-seal.js";

/** The options of a network of comms. */
export interface CommsNetworkOptions<TPeer = unknown> extends SessionRules<TPeer> {
  /** The name of this player, unique in a session, 1 to 64 bytes of UTF-8. @defaultValue `player-` and 8 digits */
  playerName?: string;
  /** What this client speaks. @defaultValue PCM, 960 samples at 48 kHz */
  codec?: CodecSettings;
  /** Seals voice from end to end, as `roomSecretSeal` does. @defaultValue none */
  seal?: VoiceSeal;
  /** What the server's `authorize` gets, at most 512 bytes. @defaultValue empty */
  token?: Uint8Array;
  /**
   * Bytes a second that this client may send for its voice to go directly, 0 or more: each listener costs the stream
   * once. As many as this is enough for are reached directly, the others by the server.
   *
   * @defaultValue `Infinity`
   */
  directBytesPerSecond?: number;
  /**
   * Calls `update` so often by itself, in milliseconds, at least 1.
   *
   * @defaultValue `Infinity`: you call it, and timers of the session do
   */
  updateMs?: number;
  /** Where it gets the time and its timers from. @defaultValue that of the platform */
  clock?: Clock;
  /** For the player's own name, salts and nonces. Replace it in tests only. @defaultValue those of the platform */
  randomBytes?: RandomBytes;
}

const QUALITY_MS = 1000;

const OPTIONS: OptionRules<CommsNetworkOptions> = {
  authorize: functionOption,
  canSpeak: functionOption,
  canListen: functionOption,
  playerName: textOption,
  codec: objectOption(),
  seal: thingOption("a seal, such as roomSecretSeal(secret)", "seal", "open"),
  token: objectOption("subarray"),
  directBytesPerSecond: numberOption(0, Number.POSITIVE_INFINITY),
  updateMs: durationOption(1),
  clock: clockOption,
  randomBytes: functionOption,
};

/** The events of a network: by name, the arguments of a listener. */
export interface CommsNetworkEvents {
  /** A session has started, in this mode; `None`: it has ended. */
  modeChanged: [mode: NetworkMode];
  /** The session has come farther, or back. */
  statusChanged: [status: ConnectionStatus];
  /** What went wrong in an integration, or why a session has ended. Without a listener it goes to the console. */
  fault: [error: unknown];
}

/** What the public network does for its core. */
export interface NetworkOwner<TPeer> {
  update(): void;
  preprocessPacketToClient(packet: ByteSegment, destination: TPeer): boolean;
  peerKey(peer: TPeer): PeerKey;
  localPeer(): TPeer | null;
}

/** What a mode consists of: made and connected when the mode begins. */
export interface Session<TPeer> {
  readonly mode: NetworkMode;
  createServer(): ServerDriver<TPeer>;
  createClient(): ClientDriver<TPeer>;
}

/** What happens inside a network of comms: modes, updates, loopback. */
export class CommsNetworkCore<TPeer> implements NetworkLink<TPeer> {
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly token: Uint8Array;
  readonly seal: VoiceSeal | null;
  readonly comms: CommsCore;
  readonly rules: SessionRules<TPeer>;
  readonly directBytesPerSecond: number;
  readonly events: EventHub<CommsNetworkEvents>;
  mode = NetworkMode.None;
  server: ServerDriver<TPeer> | null = null;
  client: ClientDriver<TPeer> | null = null;
  readonly #owner: NetworkOwner<TPeer>;
  readonly #updateMs: number;
  readonly #toClient = new LoopbackQueue();
  readonly #toServer = new LoopbackQueue();
  #depth = 0;
  #qualitySecond = 0;
  /** Too much of what is heard comes late. */
  #isLate = false;
  readonly #unheardFaults = new FailureLog(consoleLogger);
  /** What is to run next: null is nothing. */
  #wanted: Session<TPeer> | null = null;
  #hasWanted = false;
  #status = ConnectionStatus.Disconnected;
  #timer: unknown = null;
  #timerMs = Number.POSITIVE_INFINITY;

  constructor(owner: NetworkOwner<TPeer>, options: CommsNetworkOptions<TPeer>) {
    checkOptions("the comms network", options as CommsNetworkOptions, OPTIONS);
    this.rules = options;
    this.directBytesPerSecond = options.directBytesPerSecond ?? Number.POSITIVE_INFINITY;
    this.#owner = owner;
    this.clock = options.clock ?? systemClock;
    this.randomBytes = options.randomBytes ?? secureRandomBytes;
    this.seal = options.seal ?? null;
    if (this.seal) checkInteger("seal.overheadBytes", this.seal.overheadBytes, 0, MAX_OVERHEAD_BYTES);
    this.token = options.token?.slice() ?? new Uint8Array(0);
    this.#updateMs = options.updateMs ?? Number.POSITIVE_INFINITY;
    const name = options.playerName ?? `player-${[...this.randomBytes(8)].map((byte) => byte % 10).join("")}`;
    this.comms = new CommsCore(name, checkCodecSettings(options.codec ?? DEFAULT_CODEC));
    this.events = new EventHub<CommsNetworkEvents>(["modeChanged", "statusChanged", "fault"], reportUncaught);
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  /** Another session is to run, at once or when what runs now is done. A session of the same mode goes on. */
  want(session: Session<TPeer> | null): void {
    this.#wanted = session;
    this.#hasWanted = true;
    this.within(() => {});
  }

  /** One turn: what waits between client and server, what has come, what is due. */
  update(): void {
    this.within(() => {
      this.#toClient.deliver((packet) => this.client?.receive(packet));
      this.#toServer.deliver((packet) => this.#receiveLocal(packet));
      this.attempt(() => this.server?.readMessages());
      this.server?.session.update();
      this.attempt(() => this.client?.readMessages());
      this.client?.session.update();
    });
  }

  peerKey(peer: TPeer): PeerKey {
    return this.#owner.peerKey(peer);
  }

  takeToClient(packet: ByteSegment, destination: TPeer): boolean {
    return this.client !== null && this.#owner.preprocessPacketToClient(packet, destination);
  }

  /** Keeps the packet for the client in this program, if `destination` is that. */
  loopToClient(packet: ByteSegment, destination: TPeer): boolean {
    const local = this.client && this.#owner.localPeer();
    if (local === null || this.peerKey(local) !== this.peerKey(destination)) return false;
    this.#toClient.add(packet);
    this.#schedule();
    return true;
  }

  takeToServer(packet: ByteSegment): boolean {
    if (!this.server || this.#owner.localPeer() === null) return false;
    this.#toServer.add(packet);
    this.#schedule();
    return true;
  }

  enter(): void {
    this.#depth++;
  }

  leave(): void {
    this.#depth--;
    if (this.#depth === 0) this.#settle();
  }

  within<T>(run: () => T): T {
    this.enter();
    try {
      return run();
    } finally {
      this.leave();
    }
  }

  attempt(send: () => SendOutcome): boolean {
    try {
      return send() !== false;
    } catch (error) {
      this.report(error);
      return false;
    }
  }

  phaseChanged(): void {
    this.#setStatus();
  }

  report(error: unknown): void {
    if (this.events.listenerCount("fault") === 0) this.#unheardFaults.add("voice", error);
    this.events.emit("fault", error);
  }

  fail(error: unknown, part: object): void {
    if (part !== this.client && part !== this.server) return;
    this.report(error);
    this.want(null);
  }

  #receiveLocal(packet: ByteSegment): void {
    const local = this.#owner.localPeer();
    if (local === null || !this.server) return;
    this.server.session.receive(local, packet);
  }

  /** Begins and ends what is wanted, outside of everything else. */
  #settle(): void {
    this.#depth++;
    for (let rounds = 0; this.#hasWanted && rounds < 100; rounds++) {
      const wanted = this.#wanted;
      this.#hasWanted = false;
      if ((wanted?.mode ?? NetworkMode.None) === this.mode) continue;
      if (this.mode !== NetworkMode.None) this.#end();
      if (wanted) this.#begin(wanted);
    }
    this.#depth--;
    this.#setStatus();
    this.#schedule();
  }

  #begin({ mode, createClient, createServer }: Session<TPeer>): void {
    this.mode = mode;
    const started = this.attempt(() => {
      if (isServerEnabled(mode)) {
        this.server = createServer();
        this.server.connect();
      }
      if (isClientEnabled(mode)) {
        this.client = createClient();
        this.client.connect();
      }
    });
    if (started) this.events.emit("modeChanged", mode);
    else this.#end();
  }

  #end(): void {
    const { client, server } = this;
    this.mode = NetworkMode.None;
    this.client = this.server = null;
    this.#toClient.clear();
    this.#toServer.clear();
    if (client) {
      client.session.close();
      this.attempt(() => client.disconnect());
    }
    if (server) {
      server.session.close();
      this.attempt(() => server.disconnect());
    }
    this.events.emit("modeChanged", NetworkMode.None);
  }

  #setStatus(): void {
    const isJoined = this.client ? this.client.session.phase === ClientPhase.Connected : this.server !== null;
    // Looked at once a second: it changes slowly, and this is asked for each packet.
    const second = this.client === null ? 0 : Math.floor(this.clock.now() / QUALITY_MS);
    if (second !== this.#qualitySecond) {
      this.#qualitySecond = second;
      this.#isLate = this.client !== null && this.comms.lateness.isDegraded(this.clock.now());
    }
    const isReady = isJoined && !(this.#isLate && this.client);
    const active = isReady ? ConnectionStatus.Connected : ConnectionStatus.Degraded;
    const status = this.mode === NetworkMode.None ? ConnectionStatus.Disconnected : active;
    if (status === this.#status) return;
    this.#status = status;
    this.events.emit("statusChanged", status);
  }

  /** One timer for what is due next. One that is early enough stays. */
  #schedule(): void {
    const isAnythingDue = this.mode !== NetworkMode.None && this.#isAnythingDue();
    if (isAnythingDue ? this.#timer !== null && this.#timerMs <= this.#dueMs() : this.#timer === null) return;
    if (this.#timer !== null) this.clock.clearTimeout(this.#timer);
    this.#timer = null;
    if (!isAnythingDue) return;
    this.#timerMs = this.#dueMs();
    this.#timer = this.clock.setTimeout(this.#onTimer, Math.max(0, this.#timerMs - this.clock.now()));
  }

  // A closure in `#schedule` would be garbage for each packet, whether it sets a timer or not.
  readonly #onTimer = (): void => {
    this.#timer = null;
    this.#owner.update();
  };

  /** Asked for each packet, in place of a time, which would be an object. */
  #isAnythingDue(): boolean {
    const isLooped = this.#toClient.length + this.#toServer.length > 0;
    const isSessionDue = this.client?.session.isAnythingDue || this.server?.session.isAnythingDue;
    return isLooped || isSessionDue || this.#isLate || this.#updateMs < Number.POSITIVE_INFINITY;
  }

  #dueMs(): number {
    const now = this.clock.now();
    if (this.#toClient.length + this.#toServer.length > 0) return now;
    const clientMs = this.client?.session.nextDeadlineMs ?? Number.POSITIVE_INFINITY;
    const serverMs = this.server?.session.nextDeadlineMs ?? Number.POSITIVE_INFINITY;
    // A bad line is looked at again, also when nothing is heard any more.
    const qualityMs = this.#isLate ? now + QUALITY_MS : Number.POSITIVE_INFINITY;
    return Math.min(clientMs, serverMs, qualityMs, now + this.#updateMs);
  }
}

/** @throws NetworkError when an override of `initialize` has not called the base class's */
export function checkInitialized(isInitialized: boolean): void {
  if (isInitialized) return;
  throw new NetworkError("ERR_STATE", "An override of initialize() must call super.initialize() at its end");
}

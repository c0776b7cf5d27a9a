import { type NativeSignal, native, STATUS } from "../../addon/native.js";
import { checkFunction, typeError } from "../../arguments.js";
import { NetworkError } from "../../network-error.js";
import type { Random } from "../../random.js";
import { ConnectionState } from "../values/connection-state.js";
import { Result } from "../values/result.js";
import { dropReader, holdReader, type Reader } from "./readiness.js";
import { checkInitialized, isInitialized } from "./runtime.js";

/** Options of a {@link NetworkingSockets}. */
export interface NetworkingSocketsOptions {
  /**
   * Numbers from 0 to below 1, for emulated message loss and for the choice of a free port.
   *
   * @defaultValue `Math.random`
   */
  random?: Random;
}

/** Callbacks that run when something has come, in this order. */
interface WakeCallbacks {
  signals: (() => void) | null;
  readable: (() => void) | null;
  sessions: (() => void) | null;
}

/**
 * The state of one `NetworkingSockets`: its number in the addon, what it has open, and what it wakes. The functions of
 * this folder work on it.
 */
export class SocketsCore implements Reader {
  readonly ownerId: number;
  readonly random: Random;
  /** Reused: the `out` array of the addon's receive functions. */
  readonly received = new Uint32Array(2);
  /** Reused: the figures of a connection. */
  readonly figures = new Float64Array(STATUS.size);
  /** Signals taken from the addon that the user's callback has not had yet. */
  readonly signals: NativeSignal[] = [];
  /** Set by {@link wakeWith}. */
  readonly wakes: WakeCallbacks = { signals: null, readable: null, sessions: null };
  /** Listen sockets that are open, and connections whose last event has not been dispatched. */
  readonly #open = new Set<number>();
  #isDestroyed = false;

  /** @throws NetworkError `ERR_NOT_INITIALIZED` */
  constructor(options: NetworkingSocketsOptions) {
    if (typeof options !== "object" || options === null) throw typeError("options", "an object");
    const { random = Math.random } = options;
    checkFunction("random", random);
    this.random = random;
    checkInitialized();
    this.ownerId = native.createOwner();
  }

  /** False: it has been destroyed, or the library has been given back; a callback may have done so. */
  get isUsable(): boolean {
    return isInitialized() && !this.#isDestroyed;
  }

  /**
   * The number to call the addon with.
   *
   * @throws NetworkError `ERR_NOT_INITIALIZED`, `ERR_CLOSED`
   */
  get owner(): number {
    checkInitialized();
    if (this.#isDestroyed) throw new NetworkError("ERR_CLOSED", "This NetworkingSockets has been destroyed");
    return this.ownerId;
  }

  isConnected(connection: number): boolean {
    if (native.getRealTimeStatus(this.owner, connection, this.figures) !== Result.OK) return false;
    return this.figures[STATUS.state] === ConnectionState.Connected;
  }

  /** Sets a wake-up callback. What came before counts as new: the callback runs once soon. */
  wakeWith(name: keyof WakeCallbacks, callback: (() => void) | null): void {
    if (callback !== null) checkFunction("callback", callback);
    const owner = this.owner;
    this.wakes[name] = callback;
    const isWanted = this.#isWoken;
    if (isWanted) this.#hold();
    else dropReader(owner);
    native.setReadable(owner, isWanted);
  }

  /** Something has come. When a callback throws, the others run all the same. */
  readable(): void {
    try {
      this.wakes.signals?.();
    } finally {
      try {
        this.wakes.readable?.();
      } finally {
        this.wakes.sessions?.();
      }
    }
  }

  /** Notes a handle of which an event can come, unless it is 0, and returns it. */
  opened(handle: number): number {
    if (handle !== 0) this.#open.add(handle);
    if (this.#isWoken) this.#hold();
    return handle;
  }

  /** Nothing more comes of a handle. */
  closed(handle: number): void {
    this.#open.delete(handle);
    if (this.#isWoken) this.#hold();
  }

  closedAll(): void {
    this.#open.clear();
    if (this.#isWoken) this.#hold();
  }

  destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    Object.assign(this.wakes, { signals: null, readable: null, sessions: null });
    this.#open.clear();
    dropReader(this.ownerId);
    native.destroyOwner(this.ownerId);
  }

  get #isWoken(): boolean {
    const { signals, readable, sessions } = this.wakes;
    return (signals ?? readable ?? sessions) !== null;
  }

  #hold(): void {
    // A connection that comes in by a signal is not open before its first event, so waiting for signals counts too.
    const isWaiting = this.wakes.signals !== null || this.wakes.sessions !== null;
    holdReader(this, isWaiting || this.#open.size > 0);
  }
}

import { native } from "../../addon/native.js";
import { NetworkError } from "../../network-error.js";
import type { Random } from "../../random.js";
import { checkFunction, typeError } from "../values/arguments.js";
import { dropReader, holdReader, type Reader } from "./readiness.js";
import { checkInitialized, isInitialized } from "./runtime.js";

export interface NetworkingSocketsOptions {
  /** Numbers from 0 to below 1, for emulated message loss and for the choice of a free port; `Math.random` unless told. */
  random?: Random;
}

/**
 * The part of {@link NetworkingSockets} that owns: connections, listen sockets, poll groups and events belong to the
 * object that created them (an incoming connection to that of its listen socket), and to no other they exist.
 */
export abstract class SocketsOwner {
  readonly #owner: number;
  readonly #reader: Reader;
  /** Listen sockets and connections opened here that have not been closed. */
  readonly #open = new Set<number>();
  #callback: (() => void) | null = null;
  #companion: (() => void) | null = null;
  #isDestroyed = false;
  /** @internal */
  protected readonly random: Random;

  /** @throws NetworkError `ERR_NOT_INITIALIZED`: `Library.initialize` comes first */
  constructor(options: NetworkingSocketsOptions = {}) {
    if (typeof options !== "object" || options === null) throw typeError("options", "an object");
    const { random = Math.random } = options;
    checkFunction("random", random);
    this.random = random;
    checkInitialized();
    this.#owner = native.createOwner();
    this.#reader = { ownerId: this.#owner, readable: () => this.wake() };
  }

  /** @internal False: a callback has destroyed this object or given the library back. */
  protected get isUsable(): boolean {
    return isInitialized() && !this.#isDestroyed;
  }

  /** @internal The addon's number of this object. Every call that reaches the addon asks for it first. */
  protected get owner(): number {
    checkInitialized();
    if (this.#isDestroyed) throw new NetworkError("ERR_CLOSED", "This NetworkingSockets has been destroyed");
    return this.#owner;
  }

  /**
   * Has `callback` called on the event loop when events or messages have come, and once after it was set. In it, `dispatchCallback` and the receive
   * calls are legal; take all there is, since the next call comes only after something new or after more was left
   * behind than taken. One callback at a time; null removes it. (Not in the ValveSockets README.)
   *
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, NetworkError `ERR_NOT_INITIALIZED`, `ERR_CLOSED`
   */
  onReadable(callback: (() => void) | null): void {
    if (callback !== null) checkFunction("callback", callback);
    void this.owner;
    this.#callback = callback;
    this.updateWaking();
  }

  /** @internal For an object that works with these sockets: their number in the addon. */
  static ownerOf(sockets: SocketsOwner): number {
    return sockets.owner;
  }

  /** @internal For that object too: whether these sockets are of use still. */
  static isAlive(sockets: SocketsOwner): boolean {
    return sockets.isUsable;
  }

  /** @internal For that object too: has `callback` woken with these sockets; null for no more. */
  static accompany(sockets: SocketsOwner, callback: (() => void) | null): void {
    if (callback === null && !sockets.isUsable) return;
    sockets.#companion = callback;
    sockets.updateWaking();
  }

  /** @internal Something has come. */
  protected wake(): void {
    try {
      this.#callback?.();
    } finally {
      this.#companion?.();
    }
  }

  /** @internal Whether anybody wants to be woken but for the callback of {@link onReadable}. */
  protected get wantsSignals(): boolean {
    return false;
  }

  /** @internal To be called when who wants to be woken has changed: what has come before counts as new. */
  protected updateWaking(): void {
    const owner = this.owner;
    const wanted = this.#callback !== null || this.#companion !== null || this.wantsSignals;
    if (wanted) this.#hold();
    else dropReader(owner);
    native.setReadable(owner, wanted);
  }

  /**
   * Lets an open listen socket or connection keep the process alive, as it does at first.
   *
   * @returns false if there is no such handle
   */
  ref(handle: number): boolean {
    return native.setReferenced(this.owner, handle, true);
  }

  /** Lets the process end while this listen socket or connection is open. */
  unref(handle: number): boolean {
    return native.setReferenced(this.owner, handle, false);
  }

  /**
   * Closes all that is open here; peers are told, with end reason 2999. Afterwards every call throws `NetworkError`
   * `ERR_CLOSED`, and a second `destroy` does nothing.
   */
  destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.#callback = null;
    this.#companion = null;
    this.#open.clear();
    dropReader(this.#owner);
    native.destroyOwner(this.#owner);
  }

  /** The same as {@link destroy}, for `using`. */
  [Symbol.dispose](): void {
    this.destroy();
  }

  /** @internal Notes a handle that has been opened here; returns it. */
  protected noteOpened(handle: number): number {
    if (handle !== 0) this.#open.add(handle);
    this.#hold();
    return handle;
  }

  /** @internal */
  protected noteClosed(handle: number): void {
    this.#open.delete(handle);
    this.#hold();
  }

  #hold(): void {
    // Connections that come in by signals are not counted as open here, so who waits for them is instead.
    const isWaiting = this.wantsSignals || this.#companion !== null;
    if (this.#callback !== null || isWaiting) holdReader(this.#reader, isWaiting || this.#open.size > 0);
  }
}

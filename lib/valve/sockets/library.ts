import { MAY_USE_UV } from "../../addon/load-addon.js";
import { type LibraryStatistics, NativeDriver, native } from "../../addon/native.js";
import { checkFunction, checkInstance, checkInteger, checkText, rangeError } from "../../arguments.js";
import { NetworkError } from "../../network-error.js";
import { checkOptions, type OptionRules, oneOf } from "../../options.js";
import { type Spin, spinArguments, spinOption } from "../../spin.js";
import { authorityKeyId } from "../certificates/certificates.js";
import { resetLegacyConfiguration } from "../configuration/legacy-configuration.js";
import { slabPool } from "../messages/message-slab.js";
import { MAX_MESSAGE_BYTES } from "../messages/send-type.js";
import type { DebugType } from "../values/debug-type.js";
import { NetworkingIdentity } from "../values/networking-identity.js";
import { StringBuilder } from "../values/string-builder.js";
import { releaseReaders } from "./readiness.js";
import { checkInitialized, getLastError, refreshUsers, setLastError } from "./runtime.js";

/** Gets GNS's debug lines, on the event loop (ValveSockets README). */
export type DebugCallback = (type: DebugType, message: string) => void;

export type { LibraryStatistics } from "../../addon/native.js";

/** Options of `Library.initialize`. */
export interface InitializeOptions {
  /**
   * What drives GNS. `hybrid`: this thread's event loop watches GNS's descriptor, without a change of thread (Node on
   * Linux). `thread`: a thread of GNS's own, which wakes the event loop. `auto`: hybrid where it works.
   *
   * @defaultValue "auto"
   */
  driver?: "auto" | "hybrid" | "thread";
  /** Who this process says it is, to all peers. @defaultValue none */
  identity?: NetworkingIdentity;
  /** Of this thread's event loop, with the hybrid driver. @defaultValue 0, or what an earlier call has said */
  spin?: Spin;
}

/** @internal */
export const initializeRules: OptionRules<InitializeOptions> = {
  driver: oneOf("auto", "hybrid", "thread"),
  identity: (name, value) => checkInstance(name, value, NetworkingIdentity),
  spin: spinOption,
};

const drivers = { auto: NativeDriver.Auto, hybrid: NativeDriver.Hybrid, thread: NativeDriver.Thread } as const;

function initialize(first: InitializeOptions | StringBuilder = {}, second?: StringBuilder): boolean {
  const [options, errorMessage] = first instanceof StringBuilder ? [{}, first] : [first, second];
  checkOptions("Library.initialize", options, initializeRules);
  const { driver = "auto", identity, spin = 0 } = options;
  if (errorMessage !== undefined) {
    checkInstance("errorMessage", errorMessage, StringBuilder);
    if (errorMessage.capacity !== Library.maxErrorMessageLength) {
      throw rangeError("errorMessage.capacity", `${Library.maxErrorMessageLength}`);
    }
  }
  const encoded = identity ? NetworkingIdentity.encode(identity) : null;
  const error = native.initialize(drivers[driver], MAY_USE_UV, encoded, ...spinArguments(spin));
  refreshUsers();
  if (errorMessage !== undefined) errorMessage.value = error;
  setLastError(error === "" ? null : new NetworkError("ERR_FAILED", error));
  return error === "";
}

/**
 * The library as a whole (ValveSockets README). GNS exists once per process: identity, driver, debug callback and
 * global configuration are shared by all threads and all copies of this package's binary.
 */
export const Library = {
  /** Bytes of close text, with a terminating zero: 127 bytes travel. */
  maxCloseMessageLength: 128,
  /** The highest reason that an application can give to `closeConnection`. */
  maxCloseReasonValue: 999,
  /** The capacity that the `StringBuilder` for `initialize` must have. */
  maxErrorMessageLength: 1024,
  /** The largest message, in bytes. */
  maxMessageSize: MAX_MESSAGE_BYTES,
  /** The first callback number of GNS's sockets in Steam. */
  socketsCallbacks: 1220,
  /** The most messages that the C# wrapper took in one call. There is no such limit here. */
  maxMessagesPerBatch: 256,

  /**
   * Starts GNS, or counts one more user if it runs. Each success needs one {@link Library.deinitialize}.
   * While it runs, a later call cannot change the driver or the identity: asking for another one fails.
   *
   * @param errorMessage of capacity `maxErrorMessageLength`; gets the reason of a failure, or ""
   * @returns false on failure; the reason is also in {@link Library.lastError}
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE`: unknown driver, other capacity
   */
  initialize: initialize as {
    (errorMessage?: StringBuilder): boolean;
    (options: InitializeOptions, errorMessage?: StringBuilder): boolean;
  },

  /**
   * Trusts the certificates of this authority, in the whole process, until the last `deinitialize` of the process.
   * Until this is called no authority is trusted, and no connection is authenticated. (Not in the README.)
   *
   * @param certificate the `certificate` of a `CertificateAuthority`
   * @throws TypeError `ERR_INVALID_ARG_TYPE`; RangeError `ERR_OUT_OF_RANGE`: this is no such text; NetworkError
   *   `ERR_NOT_INITIALIZED`; `ERR_FAILED`: it has expired, its signature is wrong, or the linked GNS trusts only Valve
   */
  addCertificateAuthority(certificate: string): void {
    checkText("certificate", certificate);
    checkInitialized();
    const keyId = authorityKeyId(certificate);
    if (keyId === null) throw rangeError("certificate", "an authority's certificate");
    const error = native.addCertificateAuthority(certificate, BigInt.asIntN(64, keyId));
    if (error !== "") throw new NetworkError("ERR_FAILED", error);
  },

  /**
   * Undoes one `initialize`. The last one of the process closes everything that is open (peers see end reason 2999),
   * stops GNS and restores the configuration. Without an `initialize` to undo nothing happens.
   */
  deinitialize(): void {
    native.deinitialize();
    if (refreshUsers() > 0) return;
    resetLegacyConfiguration();
    releaseReaders();
  },

  /** Monotonic time in microseconds; it works before `initialize` too. */
  get time(): number {
    return native.time();
  },

  /**
   * Sets the callback that gets GNS's debug lines, for the whole process.
   *
   * @param detailLevel a `DebugType`: lines of this type and more severe ones; below 0 means 0, above 8 means 8
   * @param callback null for none
   */
  setDebugCallback(detailLevel: number, callback: DebugCallback | null): void {
    checkInteger("detailLevel", detailLevel, -0x80000000, 0x7fffffff);
    if (callback !== null) checkFunction("callback", callback);
    native.setDebugCallback(Math.min(Math.max(detailLevel, 0), 8), callback);
  },

  /** Why the last `initialize`, `createListenSocket` or `connect` of this thread failed; null if it succeeded. */
  get lastError(): NetworkError | null {
    return getLastError();
  },

  /** What the addon counts, for the whole process. */
  get statistics(): LibraryStatistics {
    return native.statistics();
  },

  /** For debugging: overwrites the bytes of destroyed messages with 0xdd, which shows uses after `destroy()`. */
  get poisonDestroyedMessages(): boolean {
    return slabPool.poison;
  },
  set poisonDestroyedMessages(on: boolean) {
    slabPool.poison = on === true;
  },
};

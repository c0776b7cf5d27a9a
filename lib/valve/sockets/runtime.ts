import { onProcessEnd } from "../../addon/exits.js";
import { native } from "../../addon/native.js";
import { codeOfSystemError, nameOfSystemError } from "../../addon/system-errors.js";
import { NetworkError } from "../../network-error.js";

let users = 0;
/** There was a user. */
let hasRun = false;
let lastError: NetworkError | null = null;
/** Ends what tells the peers when the process ends. In Bun nothing else does. */
let forgetExit: (() => void) | null = null;

/** Asks the addon how many users the library has in this thread, and returns that. */
export function refreshUsers(): number {
  users = native.initializeCount();
  if (users > 0) {
    hasRun = true;
    forgetExit ??= onProcessEnd(() => native.tearDown(), true); // it closes the addon's UDP sockets too
  } else {
    forgetExit?.();
    forgetExit = null;
  }
  return users;
}

/** @throws NetworkError `ERR_NOT_INITIALIZED` */
export function checkInitialized(): void {
  if (users > 0) return;
  const why = hasRun ? "Library.deinitialize has been called: call" : "The library is not initialized: call";
  throw new NetworkError("ERR_NOT_INITIALIZED", `${why} Library.initialize() first`);
}

export function isInitialized(): boolean {
  return users > 0;
}

export function getLastError(): NetworkError | null {
  return lastError;
}

export function setLastError(error: NetworkError | null): void {
  lastError = error;
}

/** Notes whether the call that gave `handle` has failed, and GNS's log lines about that. Returns `handle`. */
export function noteCreate<Handle>(handle: Handle): Handle {
  lastError = handle ? null : errorOfLines(native.takeErrorLines());
  return handle;
}

/**
 * The error that GNS's log lines describe, such as "Failed to bind socket.  Error code 0x00000062." Its `cause` is the
 * system's error, if that has a name.
 */
export function errorOfLines(lines: string[]): NetworkError {
  const text = lines.join("\n");
  const message = text === "" ? "GameNetworkingSockets gave no reason" : text;
  const found = /error code 0x([0-9a-f]+)/i.exec(text);
  if (found) {
    const number = Number.parseInt(found[1] ?? "", 16);
    const name = nameOfSystemError(number);
    const cause = Object.assign(new Error(`The system says ${name}`), { code: name });
    return new NetworkError(codeOfSystemError(number) ?? "ERR_FAILED", message, { cause });
  }
  if (/too many connections/i.test(text)) return new NetworkError("ERR_TOO_MANY_CONNECTIONS", message);
  return new NetworkError("ERR_FAILED", message);
}

import type { NetworkErrorCode } from "./error-codes.js";

/** Details of a {@link NetworkError}. Each is absent if it does not apply. */
export interface NetworkErrorDetails {
  /** The result that GNS gave: a number of `Result`. */
  result?: number;
  /** The number that GNS gives for the reason why a connection ended (see `ConnectionInfo.endReason`). */
  endReason?: number;
  /** The text that came with the end reason, as the other side sent it. */
  endDebug?: string;
  /** Why the other side refused a connection, a request or a call. `text` is as it was sent, `message` is printable. */
  reason?: { readonly code: number; readonly text: string };
  /** The error that caused this one. */
  cause?: unknown;
}

/**
 * An error of the network or of the library's state, as opposed to a wrong argument (`TypeError`, `RangeError`). `code`
 * is constant, so that programs can compare it; `message` is for people. docs/errors.md lists all codes.
 */
export class NetworkError extends Error {
  /** Which error it is: docs/errors.md has all of them. */
  readonly code: NetworkErrorCode;
  /** The result that GNS gave: a number of `Result`. */
  declare readonly result?: number;
  /** The number that GNS gives for the reason why a connection ended. */
  declare readonly endReason?: number;
  /** The text that came with the end reason, as the other side sent it. */
  declare readonly endDebug?: string;
  /** Why the other side refused. `text` is as it was sent: put it through `printable` before you show it. */
  declare readonly reason?: { readonly code: number; readonly text: string };

  /** @param details each becomes a property of the error */
  constructor(code: NetworkErrorCode, message: string, details: NetworkErrorDetails = {}) {
    super(message);
    this.code = code;
    Object.assign(this, details);
  }

  /** `NetworkError`, or that of a subclass. */
  override get name(): string {
    return "NetworkError";
  }
}

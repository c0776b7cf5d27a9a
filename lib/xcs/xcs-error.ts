import type { XcsErrorCodes } from "../error-codes.js";
import { NetworkError } from "../network-error.js";

const codes = {
  EALREADY_OPEN: "ERR_XCS_ALREADY_OPEN",
  EADDRINUSE: "ERR_XCS_ADDRESS_IN_USE",
  EPROTONOSUPPORT: "ERR_XCS_PROTOCOL_UNSUPPORTED",
  EBADPORT: "ERR_XCS_BAD_PORT",
  EACCES: "ERR_XCS_ACCESS",
  ENOTOPEN: "ERR_XCS_NOT_OPEN",
  ETIMEDOUT: "ERR_XCS_TIMEOUT",
  ECLOSED: "ERR_XCS_CLOSED",
  EMSGSIZE: "ERR_XCS_MESSAGE_SIZE",
  EPROTO: "ERR_XCS_PROTOCOL",
  EACCES_MODULE: "ERR_XCS_OTHER_MODULE",
  ENOTACTIVE: "ERR_XCS_NOT_ACTIVE",
  ENOTCONN: "ERR_XCS_NOT_CONNECTED",
  EINVAL: "ERR_XCS_BAD_DATA",
  ENOBUFS: "ERR_XCS_QUEUE_FULL",
  ESYNTAX: "ERR_XCS_SYNTAX",
  EIO: "ERR_XCS_FAILED",
} as const satisfies Record<string, keyof XcsErrorCodes>;

/** What XCS calls an error. */
export type XcsErrorName = keyof typeof codes;

const names = Object.keys(codes) as XcsErrorName[];

/** What an {@link XcsError} is about. Each is absent if it does not apply. */
export interface XcsErrorDetails {
  /** The port that was used. */
  port?: number;
  /** The protocol that was asked for. */
  protocol?: string;
  /** The error that caused this one. */
  cause?: unknown;
}

/**
 * An error of the Socket module. `code` is one of the `ERR_XCS_…` of docs/errors.md, `reason.text` the name in XCS
 * (`ENOTOPEN`), and `reason.code` that name's row in the table of docs/xcs.md.
 */
export class XcsError extends NetworkError {
  /** Its name in XCS as `text`, and that name's row in the table of docs/xcs.md as `code`, from 1 on. */
  declare readonly reason: { readonly code: number; readonly text: XcsErrorName };
  /** The port that was used; absent if it does not apply. */
  declare readonly port?: number;
  /** The protocol that was asked for; absent if it does not apply. */
  declare readonly protocol?: string;

  /** @param name in XCS: `code` and `reason` follow from it */
  constructor(name: XcsErrorName, message: string, { port, protocol, cause }: XcsErrorDetails = {}) {
    super(codes[name], message, { reason: { code: names.indexOf(name) + 1, text: name } });
    if (port !== undefined) this.port = port;
    if (protocol !== undefined) this.protocol = protocol;
    if (cause !== undefined) this.cause = cause;
  }

  /** `XcsError`. */
  override get name(): string {
    return "XcsError";
  }
}

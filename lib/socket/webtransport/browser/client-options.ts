import { rangeError, typeError } from "../../../arguments.js";
import type { Clock } from "../../../clock.js";
import {
  clockOption,
  durationOption,
  integerOption,
  type OptionRule,
  type OptionRules,
  portOption,
  textOption,
} from "../../../options.js";
import { hostOption } from "../../building/end-point-errors.js";

/** Options of a WebTransportSocketFactory in browsers. */
export interface WebTransportClientOptions {
  /** What clients connect to: a name, a numeric address, or a whole `https:` URL. @defaultValue "localhost" */
  host?: string;
  /** The UDP port that clients connect to, 1 to 65535. @defaultValue 7777 */
  port?: number;
  /** The path of the URL. A server refuses connections to any other path. @defaultValue "/" */
  path?: string;
  /**
   * SHA-256 of the certificates that the server may have, in base64url: `certificateHashes` of its factory. Browsers
   * take these for certificates that are valid for at most 14 days. @defaultValue none: an authority has signed it
   */
  certificateHashes?: readonly string[];
  /**
   * How many bytes of a connection may wait to be sent, 1 to 2^30. With more, `send` refuses packets.
   *
   * @defaultValue 1 MiB
   */
  sendQueueBytes?: number;
  /** How long a close waits until the other side has what was sent reliably, 0 or more. @defaultValue 2000 ms */
  closeTimeoutMs?: number;
  /** What times opening and closing. @defaultValue the clock of the platform */
  clock?: Clock;
}

export const isWholeUrl = (host: string): boolean => /^https:\/\//.test(host);

/** A name, a numeric address, or a whole URL. */
export const webTransportHostOption: OptionRule = (name, value) => {
  if (typeof value !== "string" || !isWholeUrl(value)) return hostOption(name, value);
  if (!URL.canParse(value)) throw rangeError(name, "a name, a numeric address, or a whole https: URL");
};

/** SHA-256 in base64url has 43 characters. */
const isHash = (hash: unknown) => typeof hash === "string" && /^[\w-]{43}$/.test(hash);

export const hashesOption: OptionRule = (name, value) => {
  if (!Array.isArray(value)) throw typeError(name, "a list of strings");
  if (!value.every(isHash)) throw rangeError(name, "SHA-256 hashes in base64url, of 43 characters");
};

/** What their values may be. */
export const webTransportClientRules: OptionRules<WebTransportClientOptions> = {
  host: webTransportHostOption,
  port: portOption,
  path: textOption,
  certificateHashes: hashesOption,
  sendQueueBytes: integerOption(1, 2 ** 30),
  closeTimeoutMs: durationOption(),
  clock: clockOption,
};

/** What a WebTransport client connects to. */
export interface WebTransportConnectEndPoint {
  /** A whole `https:` URL. */
  readonly url: string;
  /** As the option of this name; left out: an authority has signed the certificate. */
  readonly certificateHashes?: readonly string[];
}

/** The limits of a connection; see {@link WebTransportClientOptions}. */
export type WebTransportClientLimits = Required<Pick<WebTransportClientOptions, "sendQueueBytes" | "closeTimeoutMs">>;

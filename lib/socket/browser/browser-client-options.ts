import type { Clock } from "../../clock.js";
import {
  booleanOption,
  clockOption,
  durationOption,
  functionOption,
  type OptionRule,
  type OptionRules,
  objectOption,
  portOption,
  textOption,
} from "../../options.js";
import { hostOption } from "../building/end-point-errors.js";
import type { DisconnectReason } from "../disconnect-reason.js";
import type { WebSocketClientFactoryOptions, WebSocketConnectEndPoint } from "../websocket/websocket-options.js";
import type { WebTransportClientOptions, WebTransportConnectEndPoint } from "../webtransport/browser/client-options.js";

/** Options of a BrowserSocketFactory in browsers. */
export interface BrowserClientOptions {
  /** What clients connect to: a name or a numeric address. @defaultValue "localhost" */
  host?: string;
  /**
   * The TCP port that clients connect to, 1 to 65535. The server says which UDP port it has. In a page 0 is 443 with
   * TLS and otherwise 80, as `Number(location.port)` is where the address names no port. @defaultValue 7777
   */
  port?: number;
  /** The path of both URLs. @defaultValue "/" */
  path?: string;
  /** Whether the server has TLS on its TCP port (`wss:`). @defaultValue true on a page from `https:` */
  secure?: boolean;
  /**
   * More options of WebTransport, or false for WebSocket alone. With a `port` or `certificateHashes` the server is not
   * asked for these.
   */
  webTransport?: Omit<WebTransportClientOptions, "host" | "path" | "clock"> | false;
  /** More options of WebSocket, or false for WebTransport alone. */
  webSocket?: Omit<WebSocketClientFactoryOptions, "host" | "port" | "path" | "secure" | "clock"> | false;
  /**
   * WebSocket is tried when WebTransport has failed, or has not connected after so long, 0 or more. Within 10 minutes
   * after WebSocket had to be taken, both are tried at once.
   *
   * @defaultValue 1000 ms
   */
  fallbackAfterMs?: number;
  /** Called when WebSocket was taken, with the reason. @defaultValue none */
  onFallback?(reason: DisconnectReason): void;
  /** What times `fallbackAfterMs` and the transports. @defaultValue the clock of the platform */
  clock?: Clock;
}

/** Its own factory checks what is in it. */
const partOption: OptionRule = (name, value) => {
  if (value !== false) objectOption()(name, value);
};

/** What their values may be. */
export const browserClientRules: OptionRules<BrowserClientOptions> = {
  host: hostOption,
  port: portOption,
  path: textOption,
  secure: booleanOption,
  webTransport: partOption,
  webSocket: partOption,
  fallbackAfterMs: durationOption(),
  onFallback: functionOption,
  clock: clockOption,
};

/** What to say of an option of one of the two transports that was given beside them; "": it is of neither. */
export const placeOfOption =
  (webTransport: object, webSocket: object) =>
  (name: string): string =>
    Object.entries({ webTransport, webSocket })
      .filter(([, rules]) => Object.hasOwn(rules, name))
      .map(([part]) => `write it into \`${part}\`, as in ${part}: { ${name}: … }`)
      .join(", or ");

/** What a client connects to. */
export interface BrowserConnectEndPoint {
  /** Null: without it. */
  readonly webSocket: WebSocketConnectEndPoint | null;
  /** Null: without it; a URL: where the server says the rest. */
  readonly webTransport: WebTransportConnectEndPoint | { readonly announcement: string; readonly path: string } | null;
}

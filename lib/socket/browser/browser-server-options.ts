import type { OptionRules } from "../../options.js";
import { hostOption } from "../building/end-point-errors.js";
import {
  serverRules,
  type WebSocketFactoryOptions,
  type WebSocketTlsOptions,
} from "../websocket/websocket-server-options.js";
import type { WebTransportOptions } from "../webtransport/node/web-transport-options.js";
import { type BrowserClientOptions, browserClientRules } from "./browser-client-options.js";

/** Options of a {@link BrowserSocketFactory}. */
export interface BrowserSocketFactoryOptions
  extends Omit<BrowserClientOptions, "webTransport" | "webSocket" | "secure" | "port"> {
  /**
   * Where servers listen, by TCP and by UDP, and clients connect to, 0 to 65535. With 0 a server takes a free port.
   * @defaultValue 7777
   */
  port?: number;
  /** Whether clients connect with `wss:`. @defaultValue true with a certificate in `tls` */
  secure?: boolean;
  /** What servers listen on. @defaultValue all addresses of this machine */
  bindHost?: string;
  /**
   * Origins of the web pages that may connect, such as `https://example.com`. Clients that are not browsers send no
   * origin and are always allowed. @defaultValue any origin
   */
  origins?: readonly string[];
  /**
   * The certificate of a server, which serves both transports: `cert` and `key` in PEM. How clients in Node check it:
   * `ca`, `rejectUnauthorized`. @defaultValue WebSocket without TLS; a certificate of its own for WebTransport
   */
  tls?: WebSocketTlsOptions;
  /**
   * More options of WebTransport, or false for WebSocket alone. `port` is the UDP port. @defaultValue the number of the
   * TCP port
   */
  webTransport?: Omit<WebTransportOptions, "host" | "path" | "bindHost" | "origins" | "tls" | "clock"> | false;
  /** More options of WebSocket, or false for WebTransport alone. With `server`, WebTransport has that server's port. */
  webSocket?:
    | Omit<WebSocketFactoryOptions, "host" | "path" | "bindHost" | "origins" | "tls" | "clock" | "port" | "secure">
    | false;
}

/** What their values may be. */
export const browserServerRules: OptionRules<BrowserSocketFactoryOptions> = {
  ...browserClientRules,
  bindHost: hostOption,
  origins: serverRules.origins,
  tls: serverRules.tls,
};

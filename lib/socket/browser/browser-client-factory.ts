import { NetworkError } from "../../network-error.js";
import { checkOptions } from "../../options.js";
import type { IBindEndPoint, ISocket } from "../socket.js";
import { WebSocketClientFactory } from "../websocket/websocket-client-factory.js";
import { clientRules } from "../websocket/websocket-options.js";
import { noWebTransport, WebTransportClientFactory } from "../webtransport/browser/client-factory.js";
import { webTransportClientRules } from "../webtransport/browser/client-options.js";
import { type BrowserClientOptions, browserClientRules, placeOfOption } from "./browser-client-options.js";
import { RacingFactory } from "./racing-factory.js";
import { fetchText } from "./read-announcement.js";

/** The page, in a browser. */
const platform = globalThis as { location?: { protocol: string } };

/**
 * Clients over WebTransport, and over WebSocket where that does not come about: in old browsers, on pages that are not
 * secure, behind firewalls without UDP, and with servers that have no WebTransport.
 */
export class BrowserClientFactory extends RacingFactory<IBindEndPoint> {
  constructor(options: BrowserClientOptions = {}) {
    checkOptions(
      "BrowserSocketFactory",
      options,
      browserClientRules,
      placeOfOption(webTransportClientRules, clientRules),
    );
    const { path, clock, webTransport = {}, webSocket = {} } = options;
    const { secure = platform.location?.protocol === "https:" } = options;
    const { port } = options;
    const both = { ...(path !== undefined && { path }), ...(clock && { clock }) };
    super(
      { ...options, secure, ...(port === 0 && { port: secure ? 443 : 80 }) },
      {
        webTransport: webTransport ? new WebTransportClientFactory({ ...webTransport, ...both }) : null,
        webSocket: webSocket ? new WebSocketClientFactory({ ...webSocket, ...both, secure }) : null,
        getText: fetchText,
        missing: noWebTransport,
      },
    );
  }

  /** @throws NetworkError `ERR_NOT_SUPPORTED`: browsers have no servers */
  createServerSocket(): ISocket {
    throw new NetworkError("ERR_NOT_SUPPORTED", "A server needs Node");
  }

  /** @throws NetworkError `ERR_NOT_SUPPORTED`: browsers have no servers */
  getBindEndPoint(): IBindEndPoint {
    throw new NetworkError("ERR_NOT_SUPPORTED", "A server needs Node");
  }
}

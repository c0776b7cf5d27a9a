import { systemClock } from "../../clock.js";
import { NetworkError } from "../../network-error.js";
import { checkOptions } from "../../options.js";
import type { ISocket } from "../socket.js";
import type { TlsCertificate } from "../tls/development-certificate.js";
import { WebSocketFactory } from "../websocket/websocket-server-factory.js";
import { serverRules } from "../websocket/websocket-server-options.js";
import { webTransportRules } from "../webtransport/node/web-transport-options.js";
import { WebTransportSocketFactory } from "../webtransport/node/web-transport-socket-factory.js";
import { placeOfOption } from "./browser-client-options.js";
import { type BrowserSocketFactoryOptions, browserServerRules } from "./browser-server-options.js";
import { type BrowserBindEndPoint, BrowserServerSocket } from "./browser-server-socket.js";
import { textGetter } from "./browser-server-text.js";
import { RacingFactory } from "./racing-factory.js";

/** The two transports of a server; null: without it. */
interface Servers {
  readonly webTransport: WebTransportSocketFactory | null;
  readonly webSocket: WebSocketFactory | null;
}

/**
 * Servers of web pages, over WebTransport and WebSocket: UDP where a page has it, and TCP where it has not. A page
 * needs to know the host and the TCP port only. Clients in Node choose as pages do.
 */
export class BrowserSocketFactory extends RacingFactory<readonly BrowserBindEndPoint[]> {
  readonly #options: BrowserSocketFactoryOptions;
  readonly #servers: Servers;

  /** @throws TypeError, RangeError for a wrong option */
  constructor(options: BrowserSocketFactoryOptions = {}) {
    checkOptions("BrowserSocketFactory", options, browserServerRules, placeOfOption(webTransportRules, serverRules));
    const { port, tls = {}, webTransport = {}, webSocket = {} } = options;
    const { host, path, bindHost, origins, clock, secure = tls.cert !== undefined } = options;
    const shared = given({ host, path, bindHost, origins, clock });
    const { cert, key } = tls;
    const certificate = given({ tls: cert !== undefined && key !== undefined ? { cert, key } : undefined });
    const servers = {
      webTransport: webTransport ? new WebTransportSocketFactory({ ...shared, ...certificate, ...webTransport }) : null,
      webSocket: webSocket ? new WebSocketFactory({ ...shared, ...given({ port }), secure, tls, ...webSocket }) : null,
    };
    super({ ...options, secure }, { ...servers, getText: textGetter(tls), missing });
    this.#options = options;
    this.#servers = servers;
  }

  /** SHA-256 of the certificates that pages may meet over WebTransport, in base64url; none of an authority's. */
  get certificateHashes(): readonly string[] {
    return this.#servers.webTransport?.certificateHashes ?? [];
  }

  /**
   * Replaces the certificate of both, for all connections from now on. WebSocket has one only if `tls` had one.
   *
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE` unless it is a certificate and its key
   */
  setCertificate(tls: TlsCertificate): void {
    const { webTransport, webSocket } = this.#servers;
    webTransport?.setCertificate(tls);
    if (this.#options.tls?.cert !== undefined) webSocket?.setCertificate(tls);
  }

  /** `boundPorts` has the TCP port and the UDP port of those two that it has. */
  createServerSocket(): ISocket<readonly BrowserBindEndPoint[]> & { readonly boundPorts: readonly (number | null)[] } {
    const { webTransport, webSocket } = this.#servers;
    const { clock = systemClock } = this.#options;
    const create = () => {
      const fast = webTransport?.createServerSocket();
      const announcement = () => {
        const port = fast?.boundPort ?? null;
        return port === null ? null : { port, hashes: this.certificateHashes };
      };
      return [webSocket?.createAnnouncingSocket(announcement), fast].filter((socket) => socket !== undefined);
    };
    return new BrowserServerSocket({ create: create as () => ISocket[], isOnePort: this.#isOnePort, clock });
  }

  getBindEndPoint(): readonly BrowserBindEndPoint[] {
    const { webTransport, webSocket } = this.#servers;
    if (webSocket) webSocket.port = this.port;
    if (webTransport && this.#isOnePort) webTransport.port = this.port;
    return [webSocket, webTransport].flatMap((factory) => factory?.getBindEndPoint() ?? []);
  }

  /** Whether UDP has the number of the TCP port. */
  get #isOnePort(): boolean {
    const { webTransport } = this.#options;
    return webTransport !== false && webTransport?.port === undefined;
  }
}

const missing = () =>
  new NetworkError(
    "ERR_MISSING_PACKAGE",
    "WebTransport in Node needs its package: npm install valve-sockets-webtransport",
  );

/** Without what is undefined. */
function given<Options extends object>(options: Options): { [Name in keyof Options]?: NonNullable<Options[Name]> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}

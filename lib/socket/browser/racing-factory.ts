import { rangeError } from "../../arguments.js";
import { systemClock } from "../../clock.js";
import { formatHost } from "../../format-host.js";
import type { NetworkError } from "../../network-error.js";
import { checkHost, checkRemotePort } from "../building/end-point-errors.js";
import type { IBindEndPoint, ISocket } from "../socket.js";
import { type IHasHost, type IHasPort, SocketFactory } from "../socket-factory.js";
import { announcementPath, type WebSocketConnectEndPoint } from "../websocket/websocket-options.js";
import type { WebTransportConnectEndPoint } from "../webtransport/browser/client-options.js";
import type { BrowserClientOptions, BrowserConnectEndPoint } from "./browser-client-options.js";
import { type BrowserClientParts, BrowserClientSocket } from "./browser-client-socket.js";
import type { GetText } from "./read-announcement.js";

/** The two transports of a factory; null: without it. */
export interface RacingTransports {
  readonly webTransport: SocketFactory<IBindEndPoint, WebTransportConnectEndPoint> | null;
  readonly webSocket: SocketFactory<IBindEndPoint, WebSocketConnectEndPoint> | null;
  readonly getText: GetText;
  /** What is wrong where WebTransport is not supported. */
  missing(): NetworkError;
}

/** Clients over two transports, of which the better one has a head start; in browsers and in Node. */
export abstract class RacingFactory<Bind extends IBindEndPoint>
  extends SocketFactory<Bind, BrowserConnectEndPoint>
  implements IHasHost, IHasPort
{
  /** The smaller one of the two, since no one knows which it will be. */
  readonly maxPacketSize: number;
  /** What clients connect to: a name or a numeric address. Set it before the next `connect`. */
  host: string;
  /** Where servers listen and clients connect to, 0 to 65535. */
  port: number;
  /** The path of both URLs. */
  readonly path: string;
  /** Whether WebSocket is `wss:`. WebTransport is always encrypted. */
  readonly secure: boolean;
  readonly #transports: RacingTransports;
  readonly #parts: BrowserClientParts;
  /** What the options say of the server's WebTransport; null: the server is asked. */
  readonly #known: { readonly port: number | undefined } | null;

  /** @param options checked, with defaults for `secure` */
  constructor(options: BrowserClientOptions & { secure: boolean }, transports: RacingTransports) {
    super();
    const { host = "localhost", port = 7777, path = "/", clock = systemClock, fallbackAfterMs = 1000 } = options;
    const { webTransport, webSocket } = transports;
    this.host = host;
    this.port = port;
    this.path = path;
    this.secure = options.secure;
    this.#transports = transports;
    const sizes = [webTransport, webSocket].flatMap((factory) => factory?.maxPacketSize ?? []);
    if (sizes.length === 0) throw rangeError("webTransport", "a transport where `webSocket` is false");
    this.maxPacketSize = Math.min(...sizes);
    const { port: udpPort, certificateHashes } = options.webTransport || {};
    this.#known = udpPort === undefined && certificateHashes === undefined ? null : { port: udpPort };
    this.#parts = {
      ...transports,
      clock,
      fallbackAfterMs,
      onFallback: (reason) => options.onFallback?.(reason),
      rememberedUntilMs: Number.NEGATIVE_INFINITY,
    };
  }

  override get isSupported(): boolean {
    const { webTransport, webSocket } = this.#transports;
    return webTransport?.isSupported || webSocket?.isSupported || false;
  }

  /** `websocket`: there the port of its WebTransport can be asked for. */
  override get addressKind(): string {
    return this.#known && !this.#transports.webSocket ? "webtransport" : "websocket";
  }

  override createClientSocket(): ISocket<IBindEndPoint, BrowserConnectEndPoint> {
    return new BrowserClientSocket(this.#parts);
  }

  getConnectEndPoint(host = this.host, port = this.port): BrowserConnectEndPoint {
    checkHost(host);
    checkRemotePort(port);
    const { webTransport, webSocket } = this.#transports;
    return {
      webSocket: webSocket?.getConnectEndPoint(host, port) ?? null,
      // A URL cannot hold the zone of a link-local address.
      webTransport: webTransport && !host.includes("%") ? this.#placeOf(webTransport, host, port) : null,
    };
  }

  #placeOf(
    webTransport: SocketFactory<IBindEndPoint, WebTransportConnectEndPoint>,
    host: string,
    port: number,
  ): BrowserConnectEndPoint["webTransport"] {
    if (this.#known) return webTransport.getConnectEndPoint(host, this.#known.port ?? port);
    const server = `${this.secure ? "https" : "http"}://${formatHost(host, port)}`;
    return { announcement: server + announcementPath(this.path), path: this.path };
  }
}

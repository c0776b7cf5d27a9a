import { rangeError } from "../../arguments.js";
import { systemClock } from "../../clock.js";
import { formatHost } from "../../format-host.js";
import { NetworkError } from "../../network-error.js";
import { checkOptions } from "../../options.js";
import { checkPort, checkRemotePort } from "../building/end-point-errors.js";
import type { IBindEndPoint, ISocket } from "../socket.js";
import { type IHasHost, type IHasPort, SocketFactory } from "../socket-factory.js";
import { WebSocketClientSocket } from "./websocket-client-socket.js";
import type { WebSocketLike } from "./websocket-handle.js";
import {
  clientRules,
  isWholeUrl,
  limitsOf,
  serverOption,
  type WebSocketBindEndPoint,
  type WebSocketClientFactoryOptions,
  type WebSocketConnectEndPoint,
} from "./websocket-options.js";

/** The platform's own `WebSocket`, which Node has from version 22 on. */
const platform = globalThis as { WebSocket?: new (url: string) => WebSocketLike };

/** WebSocket clients over the platform's `WebSocket`: the part of `WebSocketFactory` that works in browsers. */
export class WebSocketClientFactory
  extends SocketFactory<WebSocketBindEndPoint, WebSocketConnectEndPoint>
  implements IHasHost, IHasPort
{
  readonly maxPacketSize: number;
  /** What clients connect to: a name, a numeric address, or a whole `ws:` or `wss:` URL. */
  host: string;
  port: number;
  /** The path of the URL. A server refuses connections to any other path. */
  readonly path: string;
  /** Whether clients connect with `wss:`. */
  readonly secure: boolean;
  readonly #options: WebSocketClientFactoryOptions;

  /** @throws TypeError, RangeError for a wrong option */
  constructor(options: WebSocketClientFactoryOptions = {}) {
    super();
    checkOptions("WebSocketClientFactory", options, clientRules);
    const { host = "localhost", port = 7777, path = "/", secure = false } = options;
    this.host = host;
    this.port = port;
    this.path = path;
    this.secure = secure;
    this.maxPacketSize = limitsOf(options).maxPacketSize;
    this.#options = options;
  }

  override get isSupported(): boolean {
    return platform.WebSocket !== undefined;
  }

  /** @throws NetworkError `ERR_NOT_SUPPORTED`: browsers have no servers */
  createServerSocket(): ISocket<WebSocketBindEndPoint> {
    throw new NetworkError("ERR_NOT_SUPPORTED", "A WebSocket server needs Node");
  }

  override createClientSocket(): ISocket<IBindEndPoint, WebSocketConnectEndPoint> {
    const { clock = systemClock } = this.#options;
    // A browser checks every certificate.
    return new WebSocketClientSocket(limitsOf(this.#options), clock, openWebSocket, "authenticated");
  }

  getBindEndPoint(): WebSocketBindEndPoint {
    checkPort(this.port);
    return { host: null, port: this.port, path: this.path };
  }

  getConnectEndPoint(host = this.host, port = this.port): WebSocketConnectEndPoint {
    serverOption("host", host);
    if (isWholeUrl(host)) return { url: host };
    checkRemotePort(port);
    const [name = "", zone] = host.split("%");
    const url = `${this.secure ? "wss" : "ws"}://${formatHost(name, port)}${this.path}`;
    if (!URL.canParse(url)) throw rangeError("host", "a name, a numeric address, or a whole ws: or wss: URL");
    return { url, ...(zone && { zone }) };
  }
}

function openWebSocket({ url, zone }: WebSocketConnectEndPoint): WebSocketLike {
  if (zone) throw new NetworkError("ERR_NOT_SUPPORTED", "This platform has no WebSocket to link-local addresses");
  const { WebSocket } = platform;
  if (!WebSocket) throw new NetworkError("ERR_NOT_SUPPORTED", "There is no WebSocket on this platform");
  const webSocket = new WebSocket(url);
  webSocket.binaryType = "arraybuffer";
  return webSocket;
}

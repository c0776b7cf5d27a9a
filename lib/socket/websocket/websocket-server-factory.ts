import { systemClock } from "../../clock.js";
import { checkOptions } from "../../options.js";
import { bindHostOf } from "../building/bind-host.js";
import type { IBindEndPoint, ISocket } from "../socket.js";
import { WebSocketClientFactory } from "./websocket-client-factory.js";
import { WebSocketClientSocket } from "./websocket-client-socket.js";
import {
  clientRules,
  limitsOf,
  type WebSocketBindEndPoint,
  type WebSocketConnectEndPoint,
} from "./websocket-options.js";
import { serverRules, type WebSocketFactoryOptions } from "./websocket-server-options.js";
import { watchEnd, wsOpener } from "./websocket-server-package.js";
import { WebSocketServerSocket } from "./websocket-server-socket.js";

/** WebSocket, which browsers have too: connections with all packets in one order. In Node it needs the package `ws`. */
export class WebSocketFactory extends WebSocketClientFactory {
  readonly #options: WebSocketFactoryOptions;

  constructor(options: WebSocketFactoryOptions = {}) {
    checkOptions("WebSocketFactory", options, serverRules);
    super(Object.fromEntries(Object.entries(options).filter(([name]) => name in clientRules)));
    this.#options = options;
  }

  override get isSupported(): boolean {
    return true;
  }

  override createServerSocket(): ISocket<WebSocketBindEndPoint> {
    return new WebSocketServerSocket(this.#options);
  }

  override createClientSocket(): ISocket<IBindEndPoint, WebSocketConnectEndPoint> {
    const { tls = {}, clock = systemClock } = this.#options;
    const security = tls.rejectUnauthorized === false ? "encrypted" : "authenticated";
    const limits = limitsOf(this.#options);
    const open = wsOpener(limits.maxPacketSize, tls);
    return new WebSocketClientSocket(limits, clock, open, security, watchEnd(this.#options));
  }

  override getBindEndPoint(): WebSocketBindEndPoint {
    const { host, bindHost } = this.#options;
    return { ...super.getBindEndPoint(), host: bindHostOf(host, bindHost) };
  }
}

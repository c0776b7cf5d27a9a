import { type Clock, systemClock } from "../../clock.js";
import { NetworkError } from "../../network-error.js";
import type { IBindEndPoint, IConnectEndPoint, ISocket, Security } from "../socket.js";
import { type IHasAddress, type IHasPort, SocketFactory } from "../socket-factory.js";
import { type OpenWebSocket, WebSocketClientSocket, type WebSocketConnectEndPoint } from "./websocket-client-socket.js";
import type { WebSocketLike, WebSocketLimits } from "./websocket-handle.js";

export interface WebSocketClientFactoryOptions {
  /** Where clients connect to: a name or an address, or a whole `ws:` or `wss:` URL. Default `localhost`. */
  address?: string;
  /** Where servers listen and clients connect to, 0 to 65535; 0 lets a server take a free one. Default 7777. */
  port?: number;
  /** The path of the URL; a server refuses all others. Default `/`. */
  path?: string;
  /** Clients connect with `wss:`. Default false. */
  secure?: boolean;
  /** Largest packet in bytes. Default 16384. */
  maxPacketSize?: number;
  /** `send` refuses packets of a connection while more bytes of it wait to leave. Default 1 MiB. */
  sendQueueBytes?: number;
  /**
   * While more bytes of a connection wait for `receive`, nothing of it is read from the network; browsers cannot stop
   * reading and end the connection instead. Default 1 MiB.
   */
  receiveQueueBytes?: number;
  /** How long a close waits for the other side's answer, in milliseconds. Default 2000. */
  closeTimeoutMs?: number;
  clock?: Clock;
}

/** The platform's own `WebSocket`, absent in Node before 22. */
const platform = globalThis as { WebSocket?: new (url: string) => WebSocketLike };

/** WebSocket clients over the platform's `WebSocket`: what a browser can have of `WebSocketFactory`. */
export class WebSocketClientFactory extends SocketFactory implements IHasAddress, IHasPort {
  readonly maxPacketSize: number;
  address: string;
  port: number;
  readonly path: string;
  readonly secure: boolean;
  protected readonly clock: Clock;
  protected readonly limits: WebSocketLimits;

  constructor(options: WebSocketClientFactoryOptions = {}) {
    super();
    const { maxPacketSize = 16_384, sendQueueBytes = 2 ** 20, receiveQueueBytes = 2 ** 20 } = options;
    const { address = "localhost", port = 7777, path = "/", secure = false, closeTimeoutMs = 2000 } = options;
    this.address = address;
    this.port = port;
    this.path = path;
    this.secure = secure;
    this.maxPacketSize = maxPacketSize;
    this.clock = options.clock ?? systemClock;
    this.limits = { maxPacketSize, sendQueueBytes, receiveQueueBytes, closeTimeoutMs };
  }

  override get isSupported(): boolean {
    return platform.WebSocket !== undefined;
  }

  createServerSocket(): ISocket {
    throw new NetworkError("ERR_NOT_SUPPORTED", "A WebSocket server needs Node");
  }

  createClientSocket(): ISocket {
    return new WebSocketClientSocket(this.limits, this.clock, this.openWebSocket);
  }

  getBindEndPoint(): IBindEndPoint {
    return { port: this.port };
  }

  getConnectEndPoint(address = this.address, port = this.port): IConnectEndPoint {
    const isUrl = /^wss?:\/\//.test(address);
    const host = address.includes(":") ? `[${address}]` : address;
    const url = isUrl ? address : `${this.secure ? "wss" : "ws"}://${host}:${port}${this.path}`;
    const security = url.startsWith("wss:") ? this.tlsSecurity : "none";
    return { url, security } satisfies WebSocketConnectEndPoint;
  }

  /** What TLS proves: browsers check every certificate. */
  protected get tlsSecurity(): Security {
    return "authenticated";
  }

  protected get openWebSocket(): OpenWebSocket {
    return (url) => {
      const { WebSocket } = platform;
      if (!WebSocket) throw new NetworkError("ERR_NOT_SUPPORTED", "There is no WebSocket on this platform");
      const webSocket = new WebSocket(url);
      webSocket.binaryType = "arraybuffer";
      return webSocket;
    };
  }
}

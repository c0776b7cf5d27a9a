import { rangeError } from "../../../arguments.js";
import { systemClock } from "../../../clock.js";
import { formatHost } from "../../../format-host.js";
import { NetworkError } from "../../../network-error.js";
import { checkOptions } from "../../../options.js";
import { checkRemotePort } from "../../building/end-point-errors.js";
import type { IBindEndPoint, ISocket } from "../../socket.js";
import { type IHasHost, type IHasPort, SocketFactory } from "../../socket-factory.js";
import { MAX_DATAGRAM_PACKET_BYTES } from "./client-handle.js";
import {
  isWholeUrl,
  type WebTransportClientOptions,
  type WebTransportConnectEndPoint,
  webTransportClientRules,
  webTransportHostOption,
} from "./client-options.js";
import { WebTransportClientSocket } from "./client-socket.js";
import type { OpenWebTransport, WebTransportInit, WebTransportLike } from "./platform.js";

/** Only pages from https and from localhost have it. */
const platform = globalThis as { WebTransport?: new (url: string, init: WebTransportInit) => WebTransportLike };

/**
 * WebTransport clients over the platform's `WebTransport`: UDP for web pages, encrypted by TLS, with datagrams and with
 * reliable lanes that do not wait for one another.
 */
export class WebTransportClientFactory
  extends SocketFactory<IBindEndPoint, WebTransportConnectEndPoint>
  implements IHasHost, IHasPort
{
  readonly maxPacketSize = MAX_DATAGRAM_PACKET_BYTES;
  host: string;
  port: number;
  readonly path: string;
  readonly #options: WebTransportClientOptions;

  constructor(options: WebTransportClientOptions = {}) {
    super();
    checkOptions("WebTransportSocketFactory", options, webTransportClientRules);
    const { host = "localhost", port = 7777, path = "/" } = options;
    this.host = host;
    this.port = port;
    this.path = path;
    this.#options = options;
  }

  override get isSupported(): boolean {
    return platform.WebTransport !== undefined;
  }

  /** @throws NetworkError `ERR_NOT_SUPPORTED`: browsers have no servers */
  createServerSocket(): ISocket {
    throw new NetworkError("ERR_NOT_SUPPORTED", "A WebTransport server needs Node");
  }

  override createClientSocket(): ISocket<IBindEndPoint, WebTransportConnectEndPoint> {
    const { sendQueueBytes = 2 ** 20, closeTimeoutMs = 2000, clock = systemClock } = this.#options;
    return new WebTransportClientSocket({ sendQueueBytes, closeTimeoutMs }, clock, openWebTransport);
  }

  /** @throws NetworkError `ERR_NOT_SUPPORTED`: browsers have no servers */
  getBindEndPoint(): IBindEndPoint {
    throw new NetworkError("ERR_NOT_SUPPORTED", "A WebTransport server needs Node");
  }

  getConnectEndPoint(host = this.host, port = this.port): WebTransportConnectEndPoint {
    webTransportHostOption("host", host);
    const { certificateHashes } = this.#options;
    const hashes = certificateHashes && { certificateHashes };
    if (isWholeUrl(host)) return { url: host, ...hashes };
    checkRemotePort(port);
    const url = `https://${formatHost(host, port)}${this.path}`;
    if (!URL.canParse(url)) throw rangeError("host", "a name, a numeric address, or a whole https: URL");
    return { url, ...hashes };
  }
}

export const noWebTransport = () =>
  new NetworkError("ERR_NOT_SUPPORTED", "This browser has no WebTransport, or the page is not from https or localhost");

const openWebTransport: OpenWebTransport = (url, init) => {
  const { WebTransport } = platform;
  if (!WebTransport) throw noWebTransport();
  return new WebTransport(url, init);
};

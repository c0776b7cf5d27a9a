import type { Clock } from "../../clock.js";
import { formatHost } from "../../format-host.js";
import { NetworkError } from "../../network-error.js";
import { printable } from "../../printable.js";
import { type Trial, translateError, trialError } from "../../trial-errors.js";
import { abortable, refusedError } from "../building/socket-errors.js";
import type { DisconnectReason } from "../disconnect-reason.js";
import type { IBindEndPoint, ISocket, Security } from "../socket.js";
import type { WebSocketHandle, WebSocketLike } from "./websocket-handle.js";
import type { WebSocketConnectEndPoint, WebSocketLimits } from "./websocket-options.js";
import { type WatchEnd, WebSocketSocket } from "./websocket-socket.js";

/**
 * Begins a connection. Implementations that can tell why a server refused it call `onRefused`, with its reason or with
 * what else it answered.
 */
export type OpenWebSocket = (
  endPoint: WebSocketConnectEndPoint,
  onRefused: (why: DisconnectReason | string) => void,
) => WebSocketLike | Promise<WebSocketLike>;

/** What web servers answer that have no WebSocket server at a path; other answers may be those of a proxy. */
const NO_WEB_SOCKET = /^HTTP (2\d\d|3\d\d|400|404|405|406|426|501) /;

function httpError(trial: Trial, answer: string, isSecure: boolean): NetworkError {
  const [said, advice] = [printable(answer), httpAdvice(answer, isSecure)];
  if (!NO_WEB_SOCKET.test(answer)) return trialError(trial, `The server answered ${said}. ${advice}`);
  const text = `A web server answers there (${said}), but no WebSocket server: has the game on it started? ${advice}`;
  return trialError(trial, text, { code: "ERR_OTHER_PROTOCOL" });
}

/** A WebSocket client, over any implementation of `WebSocket`. */
export class WebSocketClientSocket extends WebSocketSocket implements ISocket<IBindEndPoint, WebSocketConnectEndPoint> {
  readonly boundPort = null;
  readonly #open: OpenWebSocket;
  readonly #tlsSecurity: Security;

  /** @param tlsSecurity of a connection over `wss:`: what the check of the server's certificate proves */
  constructor(
    limits: WebSocketLimits,
    clock: Clock,
    open: OpenWebSocket,
    tlsSecurity: Security,
    watchEnd: WatchEnd = () => () => {},
  ) {
    super(limits, clock, watchEnd);
    this.#open = open;
    this.#tlsSecurity = tlsSecurity;
  }

  async bind(): Promise<void> {
    throw new NetworkError("ERR_NOT_SUPPORTED", "A WebSocket client does not listen");
  }

  async connect(endPoint: WebSocketConnectEndPoint, signal?: AbortSignal): Promise<WebSocketHandle> {
    const { url, zone } = endPoint;
    const { protocol, hostname, port } = new URL(url);
    const isSecure = protocol === "wss:";
    const name = hostname.replace(/^\[(.*)\]$/, "$1");
    const place = { host: zone ? `${name}%${zone}` : name, port: Number(port) || (isSecure ? 443 : 80) };
    const startMs = this.clock.now();
    const trial = (): Trial => ({
      ...place,
      transport: "WebSocket",
      action: "connecting to",
      tookMs: this.clock.now() - startMs,
    });
    const run = async (attempt: AbortSignal) => {
      this.inbox.hold();
      let refuse: (why: DisconnectReason | string) => void = () => {};
      const webSocket = await this.#open(endPoint, (why) => refuse(why));
      try {
        const opened = new Promise<WebSocketHandle>((resolve, reject) => {
          refuse = (why) => {
            if (typeof why !== "string") reject(refusedError(url, why));
            else reject(httpError(trial(), why, isSecure));
          };
          // Adopted at once, because the first packet may arrive together with the response to the handshake.
          webSocket.onopen = () =>
            resolve(this.adopt(webSocket, isSecure ? this.#tlsSecurity : "none", formatHost(place.host, place.port)));
          webSocket.onerror = ({ error, message }) =>
            reject(error?.code ? error : trialError(trial(), message || "No WebSocket server answered"));
          webSocket.onclose = ({ code }) => reject(trialError(trial(), `It was closed with the code ${code}`));
        });
        return await abortable(opened, attempt);
      } catch (error) {
        webSocket.onopen = null;
        webSocket.onclose = null;
        webSocket.onerror = () => {};
        webSocket.close();
        throw error;
      }
    };
    const explain = (error: unknown) => {
      throw translateError(trial(), error);
    };
    const handle = await this.begin((attempt) => run(attempt).catch(explain), signal);
    this.inbox.release();
    return handle;
  }

  protected async closeTransport(): Promise<void> {}
}

function httpAdvice(answer: string, isSecure: boolean): string {
  if (/^HTTP 50[234]/.test(answer))
    return "A proxy is there, and does not reach the server behind it: check that it runs";
  const check = "Check host, port and path";
  return isSecure ? check : `${check}, and whether it wants wss:// (\`secure: true\`)`;
}

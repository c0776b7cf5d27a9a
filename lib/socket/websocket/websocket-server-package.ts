import type { IncomingMessage } from "node:http";
import { connect as connectTcp } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import type * as Ws from "ws";
import type { ClientOptions } from "ws";
import { onProcessEnd } from "../../addon/exits.js";
import { NetworkError } from "../../network-error.js";
import { MAX_REASON_BYTES } from "../../verdict.js";
import { type DisconnectReason, MAX_CODE } from "../disconnect-reason.js";
import { zoneForNode } from "../udp/zones.js";
import type { OpenWebSocket } from "./websocket-client-socket.js";
import type { WebSocketLike } from "./websocket-handle.js";
import type { WebSocketFactoryOptions, WebSocketTlsOptions } from "./websocket-server-options.js";
import type { WatchEnd } from "./websocket-socket.js";

/** The header with the code of a refusal. Its text is the body. */
export const REFUSAL_HEADER = "disconnect-code";

/** Loads the package `ws`, which is optional: only programs that use WebSocket in Node need it. */
export async function loadWs(): Promise<typeof Ws> {
  try {
    const ws = await import("ws");
    tryMask(ws as unknown as MaskingWs);
    return ws;
  } catch (cause) {
    // `ws` is CommonJS, and what esbuild makes of it in an ES module cannot load the modules of Node.js. For Vite see
    // `tryMask`; in development it throws an error that names bufferutil.
    const isBundled = /Dynamic require|bufferutil/.test(String(cause)) || cause instanceof TypeError;
    const advice = isBundled ? BUNDLED : "npm install ws";
    throw new NetworkError("ERR_MISSING_PACKAGE", `WebSocket in Node needs the package ws: ${advice}`, { cause });
  }
}

const BUNDLED = "leave it out of the bundle (--external:ws of esbuild, ssr.external of Vite)";

/** A part of `ws` that its types lack. Bun's own `ws` has none of it. */
interface MaskingWs {
  Sender?: { frame?(data: Uint8Array, options: object): unknown };
}

/**
 * Throws where Vite 7 or older has bundled `ws`. It puts an empty object in the place of the optional package
 * bufferutil, so `ws` takes that for installed, and could send no frame of 48 bytes or more.
 */
function tryMask({ Sender }: MaskingWs): void {
  Sender?.frame?.(new Uint8Array(48), { mask: true, generateMask: (mask: Uint8Array) => mask.fill(1) });
}

/** How the sockets of a factory hear of the end of the process. */
export function watchEnd({ closeOnExit = true }: WebSocketFactoryOptions): WatchEnd {
  return closeOnExit ? onProcessEnd : () => () => {};
}

/** Begins connections with `ws`, which gives access to the response of a server that refuses them. */
export function wsOpener(maxPayload: number, tls: WebSocketTlsOptions): OpenWebSocket {
  return async ({ url, zone }, onRefused) => {
    const { WebSocket } = await loadWs();
    const { ca, rejectUnauthorized } = tls;
    const options: ClientOptions = { maxPayload, perMessageDeflate: false, ca, rejectUnauthorized };
    if (zone) options.createConnection = connectorTo(zone, url.startsWith("wss:"));
    const webSocket = new WebSocket(url, options);
    webSocket.on("unexpected-response", async (request, response) => {
      onRefused(await readRefusal(response));
      request.destroy();
    });
    return webSocket as unknown as WebSocketLike;
  };
}

/** Connects to a link-local address by the interface `zone`. */
function connectorTo(zone: string, isSecure: boolean): typeof connectTcp {
  const connect = ({ host, port, ...options }: ConnectionOptions) => {
    const place = { host: `${host}%${zoneForNode(zone)}`, port: Number(port) };
    return isSecure ? connectTls({ ...options, ...place, path: undefined, servername: "" }) : connectTcp(place);
  };
  return connect as typeof connectTcp;
}

/** The reason of the server, or the status of a server that gives none. */
async function readRefusal(response: IncomingMessage): Promise<DisconnectReason | string> {
  const status = `HTTP ${response.statusCode} ${response.statusMessage}`;
  const code = Number(response.headers[REFUSAL_HEADER] ?? Number.NaN);
  if (!Number.isInteger(code) || code < 0 || code > MAX_CODE) return status;
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes > MAX_REASON_BYTES) return { code, text: status };
    }
  } catch {
    return { code, text: status };
  }
  return { code, text: Buffer.concat(chunks).toString() };
}

import type { IncomingMessage } from "node:http";
import type * as Ws from "ws";
import { NetworkError } from "../../network-error.js";
import { DisconnectCode, type DisconnectReason, MAX_REASON_BYTES } from "../disconnect-reason.js";
import type { WebSocketLike } from "./websocket-handle.js";
import type { WebSocketTlsOptions } from "./websocket-server-options.js";

/** The header with the code of a refusal. Its text is the body. */
export const REFUSAL_HEADER = "disconnect-code";

/** Loads the package `ws`, which is optional: only programs that use WebSocket in Node need it. */
export async function loadWs(): Promise<typeof Ws> {
  try {
    return await import("ws");
  } catch (cause) {
    throw new NetworkError("ERR_MISSING_PACKAGE", "WebSocket in Node needs the package ws: npm install ws", { cause });
  }
}

/** Begins a connection with `ws`, which gives access to the response of a server that refuses it. */
export async function openWs(
  url: string,
  maxPayload: number,
  tls: WebSocketTlsOptions,
  onRefused: (reason: DisconnectReason) => void,
): Promise<WebSocketLike> {
  const { WebSocket } = await loadWs();
  const webSocket = new WebSocket(url, { maxPayload, perMessageDeflate: false, ...tls });
  webSocket.on("unexpected-response", async (request, response) => {
    onRefused(await readRefusal(response));
    request.destroy();
  });
  return webSocket as unknown as WebSocketLike;
}

async function readRefusal(response: IncomingMessage): Promise<DisconnectReason> {
  const status = `HTTP ${response.statusCode} ${response.statusMessage}`;
  const code = Number(response.headers[REFUSAL_HEADER] ?? Number.NaN);
  if (!Number.isInteger(code)) return { code: DisconnectCode.ConnectionLost, text: status };
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

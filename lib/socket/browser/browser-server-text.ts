import { get as getHttp, type IncomingMessage } from "node:http";
import { get as getHttps } from "node:https";
import type { WebSocketTlsOptions } from "../websocket/websocket-server-options.js";
import type { GetText } from "./read-announcement.js";

/** As `fetchText`, with what a client in Node says about certificates. */
export const textGetter =
  ({ ca, rejectUnauthorized }: WebSocketTlsOptions): GetText =>
  async (url, maxBytes, signal) => {
    const options = { signal, ca, rejectUnauthorized, agent: false } as const;
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = url.startsWith("https:") ? getHttps(url, options, resolve) : getHttp(url, options, resolve);
      request.on("error", reject);
    });
    const { statusCode } = response;
    if (statusCode !== 200) response.destroy();
    if (statusCode === 404) return null;
    if (statusCode !== 200) throw new Error(`HTTP ${statusCode}`);
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) throw new Error(`It has more than ${maxBytes} bytes`);
    }
    return Buffer.concat(chunks).toString();
  };

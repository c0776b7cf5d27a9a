import { NetworkError } from "../../network-error.js";
import { remotePortOption } from "../../options.js";
import { hashesOption } from "../webtransport/browser/client-options.js";

/** Where a server is to be found over WebTransport. */
export interface WebTransportPlace {
  readonly port: number;
  readonly certificateHashes: readonly string[];
}

/** Gets a text of at most `maxBytes`; null: there is none (404). Rejects with any error. */
export type GetText = (url: string, maxBytes: number, signal: AbortSignal) => Promise<string | null>;

/** More than any server says. */
const MAX_BYTES = 4096;

/** Asks a server where it is to be found over WebTransport. @throws (rejects) NetworkError `ERR_CONNECT_FAILED` */
export async function readAnnouncement(url: string, get: GetText, signal: AbortSignal): Promise<WebTransportPlace> {
  let text: string | null;
  try {
    text = await get(url, MAX_BYTES, signal);
  } catch (cause) {
    signal.throwIfAborted();
    throw failure(`${url} does not answer`, cause);
  }
  if (text === null) throw failure("The server has none");
  try {
    const { port, hashes } = JSON.parse(text);
    remotePortOption("port", port);
    hashesOption("hashes", hashes);
    return { port, certificateHashes: hashes };
  } catch (cause) {
    throw failure(`${url} is no answer of a BrowserSocketFactory`, cause);
  }
}

const failure = (why: string, cause?: unknown) =>
  new NetworkError("ERR_CONNECT_FAILED", `WebTransport: ${why}`, cause === undefined ? {} : { cause });

/** With the platform's `fetch`. */
export const fetchText: GetText = async (url, maxBytes, signal) => {
  const response = await fetch(url, { signal });
  if (response.status === 404) return null;
  if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
  const decoder = new TextDecoder();
  let text = "";
  const reader = response.body.getReader();
  for (let bytes = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.length;
    if (bytes > maxBytes) {
      await reader.cancel();
      throw new Error(`It has more than ${maxBytes} bytes`);
    }
    text += decoder.decode(value, { stream: true });
  }
};

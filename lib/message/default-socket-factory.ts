import { NetworkError } from "../network-error.js";
import type { SocketFactory } from "../socket/index.js";

/** UDP in Node.js, WebSocket in browsers: package.json maps the name, so that neither loads the code of the other. */
export async function defaultSocketFactory(): Promise<SocketFactory> {
  throw new NetworkError("ERR_NO_SOCKET_FACTORY", "Give a socketFactory");
}

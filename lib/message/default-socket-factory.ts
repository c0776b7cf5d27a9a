import type { SocketFactory } from "../socket/index.js";

/**
 * UDP in Node.js, WebTransport or WebSocket in browsers: package.json maps the name, so that neither runtime loads the
 * other's code.
 */
export async function defaultSocketFactory(): Promise<SocketFactory> {
  const { DefaultSocketFactory } = await import("#default-socket-factory");
  return new DefaultSocketFactory();
}

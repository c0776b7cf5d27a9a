import type { SocketFactory } from "../socket/index.js";

/** UDP in Node.js, WebSocket in browsers: package.json maps the name, so that neither loads the code of the other. */
export async function defaultSocketFactory(): Promise<SocketFactory> {
  const { DefaultSocketFactory } = await import("#default-socket-factory");
  return new DefaultSocketFactory();
}

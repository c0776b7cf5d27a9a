import { connect, createServer, type Server, type Socket } from "node:net";

/** Relays TCP between clients and a server on 127.0.0.1: each byte arrives `delayMs` later, in both directions. */
export class DelayingRelay {
  readonly #sockets = new Set<Socket>();
  readonly #delayMs: number;
  readonly #server: Server;

  constructor(serverPort: number, delayMs: number) {
    this.#delayMs = delayMs;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      const server = connect({ port: serverPort, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
      this.#pass(client, server);
      this.#pass(server, client);
    });
  }

  /** @returns the port for clients */
  async start(): Promise<number> {
    await new Promise<void>((done) => this.#server.listen(0, "127.0.0.1", done));
    return (this.#server.address() as { port: number }).port;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #pass(from: Socket, to: Socket): void {
    const later = (body: () => void) => setTimeout(body, this.#delayMs);
    this.#sockets.add(from);
    from.on("data", (bytes) => later(() => to.write(bytes)));
    from.on("end", () => later(() => to.end()));
    from.on("error", () => {});
    from.on("close", () => {
      this.#sockets.delete(from);
      later(() => to.destroy());
    });
  }
}

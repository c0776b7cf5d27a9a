import { createSocket, type Socket } from "node:dgram";

/**
 * Relays UDP between one client and a server on 127.0.0.1. It keeps what passes, and may change what the server sends.
 */
export class UdpRelay {
  readonly passed: Buffer[] = [];
  #toClient: Socket | null = null;
  #toServer: Socket | null = null;

  /** Returns the port for the client to send to. */
  async start(serverPort: number, change: (packet: Buffer) => Buffer = (packet) => packet): Promise<number> {
    const toClient = createSocket("udp4");
    const toServer = createSocket("udp4");
    this.#toClient = toClient;
    this.#toServer = toServer;
    let clientPort = 0;
    toClient.on("message", (packet, { port }) => {
      clientPort = port;
      this.passed.push(packet);
      toServer.send(packet, serverPort, "127.0.0.1");
    });
    toServer.on("message", (packet) => {
      this.passed.push(packet);
      toClient.send(change(packet), clientPort, "127.0.0.1");
    });
    await Promise.all(
      [toClient, toServer].map((socket) => new Promise<void>((done) => socket.bind(0, "127.0.0.1", done))),
    );
    return toClient.address().port;
  }

  close(): void {
    this.#toClient?.close();
    this.#toServer?.close();
  }
}

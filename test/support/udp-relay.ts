import { createSocket, type Socket } from "node:dgram";

/**
 * Relays UDP between one client and a server on 127.0.0.1. It keeps what passes, and may change what the server sends.
 */
export class UdpRelay {
  readonly passed: Buffer[] = [];
  #toClient: Socket | null = null;
  #toServer: Socket | null = null;
  #clientPort = 0;
  #change: (packet: Buffer) => Buffer = (packet) => packet;

  /** Returns the port for the client to send to. */
  async start(serverPort: number, change: (packet: Buffer) => Buffer = (packet) => packet): Promise<number> {
    const toClient = createSocket("udp4");
    this.#toClient = toClient;
    this.#change = change;
    toClient.on("message", (packet, { port }) => {
      this.#clientPort = port;
      this.passed.push(packet);
      this.#toServer?.send(packet, serverPort, "127.0.0.1");
    });
    await new Promise<void>((done) => toClient.bind(0, "127.0.0.1", done));
    await this.rebind();
    return toClient.address().port;
  }

  /** From now on it sends to the server from another port, and hears nothing at the old one: as a NAT does. */
  async rebind(): Promise<void> {
    const toServer = createSocket("udp4");
    toServer.on("message", (packet) => {
      this.passed.push(packet);
      this.#toClient?.send(this.#change(packet), this.#clientPort, "127.0.0.1");
    });
    await new Promise<void>((done) => toServer.bind(0, "127.0.0.1", done));
    this.#toServer?.close();
    this.#toServer = toServer;
  }

  close(): void {
    this.#toClient?.close();
    this.#toServer?.close();
  }
}

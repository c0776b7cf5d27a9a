import type { IConnectionHandle, ReceivedPacket } from "../../lib/socket/index.js";
import { gns } from "./real-peers.js";
import { SocketUser } from "./socket-user.js";

/**
 * A man in the middle of GNS. It is a server for one client and a client of the real server, so both encrypted
 * connections end in it. It keeps the plaintext of what passes.
 */
export class GnsRelay {
  readonly passed: Buffer[] = [];
  readonly #factory = gns();
  readonly #toClient = new SocketUser(this.#factory.createServerSocket());
  readonly #toServer = new SocketUser(this.#factory.createClientSocket());

  /** `change` may alter what the server sends. Returns the port for the client to connect to. */
  async start(serverPort: number, change: (packet: Buffer) => Buffer = (packet) => packet): Promise<number> {
    await this.#toClient.socket.bind(this.#factory.getBindEndPoint());
    const server = await this.#toServer.connect(this.#factory.getConnectEndPoint(undefined, serverPort));
    this.#toClient.onPacket = (packet) => this.#pass(packet, this.#toServer, server);
    this.#toServer.onPacket = (packet) => {
      this.#pass(packet, this.#toClient, this.#toClient.connected[0] as IConnectionHandle, change);
    };
    return this.#toClient.socket.boundPort as number;
  }

  async close(): Promise<void> {
    await Promise.all([this.#toClient.socket.close(), this.#toServer.socket.close()]);
  }

  #pass(
    { buffer, offset, length, delivery, lane }: ReceivedPacket,
    side: SocketUser,
    handle: IConnectionHandle,
    change = (packet: Buffer) => packet,
  ): void {
    const bytes = Buffer.from(buffer.subarray(offset, offset + length));
    this.passed.push(bytes);
    side.send(handle, change(bytes), delivery, lane);
  }
}

import type { DisconnectReason } from "../../lib/socket/disconnect-reason.js";
import {
  Delivery,
  type IConnectEndPoint,
  type IConnectionHandle,
  type IncomingConnection,
  type ISocket,
  ReceivedPacket,
} from "../../lib/socket/index.js";

export interface TakenPacket {
  handle: IConnectionHandle;
  data: Uint8Array;
  delivery: Delivery;
  lane: number;
}

/**
 * A user of a socket, for tests: ticks and receives only when `onReadable` says so, keeps what arrives, and waits for
 * conditions. A missing wake-up fails the test.
 */
export class SocketUser {
  readonly socket: ISocket;
  readonly incoming: IncomingConnection[] = [];
  readonly connected: IConnectionHandle[] = [];
  readonly disconnected: { handle: IConnectionHandle; reason: DisconnectReason }[] = [];
  readonly packets: TakenPacket[] = [];
  writable = 0;
  /** What `onIncoming` answers. */
  verdict: true | DisconnectReason = true;
  /** Called for each packet instead of keeping it. */
  onPacket: ((packet: ReceivedPacket) => void) | null = null;
  /** Receives nothing while this is set. */
  isPaused = false;
  readonly #packet = new ReceivedPacket();
  #waiting: (() => void)[] = [];

  constructor(socket: ISocket) {
    this.socket = socket;
    socket.events = {
      onReadable: () => this.look(),
      onIncoming: (incoming) => {
        this.incoming.push(incoming);
        return this.verdict;
      },
      onConnect: (handle) => this.connected.push(handle),
      onDisconnect: (handle, reason) => this.disconnected.push({ handle, reason }),
      onWritable: () => this.writable++,
    };
  }

  look(): void {
    if (this.isPaused) return;
    const { socket } = this;
    const packet = this.#packet;
    socket.tick();
    while (socket.poll()) {
      socket.receive(packet);
      if (this.onPacket) this.onPacket(packet);
      else {
        const { handle, buffer, offset, length, delivery, lane } = packet;
        this.packets.push({ handle: handle.copy(), data: buffer.slice(offset, offset + length), delivery, lane });
      }
    }
    for (const check of [...this.#waiting]) check();
    socket.flush();
  }

  /** Waits until `condition` returns something other than undefined or false. It is called after each arrival. */
  until<T>(condition: () => T | undefined | false): Promise<T> {
    return new Promise((resolve) => {
      const check = () => {
        const value = condition();
        if (value === undefined || value === false) return;
        this.#waiting = this.#waiting.filter((other) => other !== check);
        resolve(value);
      };
      this.#waiting.push(check);
      check();
    });
  }

  connect(endPoint: IConnectEndPoint, signal?: AbortSignal): Promise<IConnectionHandle> {
    return this.socket.connect(endPoint, signal);
  }

  send(handle: IConnectionHandle, data: Uint8Array, delivery = Delivery.Reliable, lane = 0): boolean {
    const isTaken = this.socket.send(handle, data, data.length, delivery, lane);
    this.socket.flush();
    return isTaken;
  }
}

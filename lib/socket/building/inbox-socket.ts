import type { ReceivedPacket, SocketEvents } from "../socket.js";
import type { Inbox } from "./inbox.js";

/** A socket whose connections all go through one {@link Inbox}. */
export abstract class InboxSocket {
  events: SocketEvents | null = null;
  abstract readonly inbox: Inbox;

  tick(): void {
    this.inbox.tick();
  }

  poll(): boolean {
    return this.inbox.poll();
  }

  receive(packet: ReceivedPacket): void {
    this.inbox.receive(packet);
  }
}

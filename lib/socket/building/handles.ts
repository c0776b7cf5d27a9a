import type { Pass } from "../../guard/connection-guard.js";
import type { IConnectionHandle } from "../socket.js";

/** With more than this that waits, a connection whose transport makes no estimate of its speed is congested. */
export const CONGESTED_BYTES = 64 * 1024;

/** The other end of a connection of the transport, which is one object all the time. */
export abstract class StatefulHandle {
  readonly isStateful = true;
  readonly reliable = true;
  readonly addressVerified = true;
  readonly bytesPerSecond: number = Number.POSITIVE_INFINITY;
  abstract readonly isCongested: boolean;
  connection: unknown = null;
  pass: Pass | null = null;
  /** As in `InboxHandle`. */
  waitingPackets = 0;
  hasEnded = false;
  /** A packet was refused since it was last writable. */
  isBlocked = false;

  copy(): this {
    return this;
  }

  equals(other: unknown): boolean {
    return other === this;
  }
}

/** An address, with no connection and no guarantees: the base of handles of transports like UDP. */
export abstract class StatelessHandle implements IConnectionHandle {
  /** False: it is an address. */
  readonly isStateful = false;
  readonly reliable = false;
  readonly ordered = false;
  readonly isTls: boolean = false;
  readonly addressVerified = false;
  readonly bytesPerSecond = Number.POSITIVE_INFINITY;
  readonly bufferedBytes = 0;
  readonly isCongested = false;
  readonly connection = null;
  abstract readonly security: IConnectionHandle["security"];
  abstract readonly transport: string;
  abstract readonly maxPacketSize: number;
  abstract readonly address: string;
  abstract copy(): StatelessHandle;
  abstract equals(other: IConnectionHandle): boolean;

  async disconnect(): Promise<void> {}
}

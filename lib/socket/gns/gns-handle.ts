import { MAX_MESSAGE_BYTES } from "../../valve/messages/send-type.js";
import type { DisconnectReason } from "../disconnect-reason.js";
import type { IConnectionHandle, Security } from "../socket.js";

/**
 * The largest packet that travels in one datagram: GNS's packet size (1232) less 52 for headers, 16 for the tag, 8 for
 * the head of a segment and 24 for acknowledgements. With more of these it travels in two, and is lost when one of them
 * is; above 16,500 bytes GNS makes it reliable.
 */
export const MAX_UNRELIABLE_BYTES = 1132;

/** A connection of GNS. */
export abstract class GnsHandle implements IConnectionHandle {
  /** True: it stands for one connection of GNS. */
  readonly isStateful = true;
  readonly reliable = true;
  readonly ordered = false;
  readonly addressVerified = true;
  abstract readonly security: Security;
  readonly isTls = false;
  readonly transport = "gns";
  readonly maxPacketSize = MAX_UNRELIABLE_BYTES;
  /** For `Delivery.Reliable`: GNS's limit for a message. */
  readonly maxReliablePacketSize = MAX_MESSAGE_BYTES;
  connection: unknown = null;

  /** Asks GNS at each access. */
  abstract readonly bytesPerSecond: number;
  /** Asks GNS at each access. */
  abstract readonly bufferedBytes: number;
  abstract readonly isCongested: boolean;
  abstract readonly address: string;
  /** Who the other side says it is. This proves nothing unless `security` is `authenticated`. */
  abstract readonly identity: string;
  abstract disconnect(reason: DisconnectReason): Promise<void>;

  copy(): this {
    return this;
  }

  equals(other: IConnectionHandle): boolean {
    return this === other;
  }
}

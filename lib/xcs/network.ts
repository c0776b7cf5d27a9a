import type { XcsError } from "./xcs-error.js";

/** UDP is fast and loses datagrams; TCP repeats what is lost. */
export type XcsProtocol = "UDP" | "TCP";

/** The most bytes that a datagram of UDP over IPv4 holds. */
export const MAX_DATAGRAM_SIZE = 65_507;

/** What a port has done since it was opened. */
export interface PortCounters {
  /** Writes that are done, and their bytes. */
  sent: number;
  /** Bytes of these writes. */
  sentBytes: number;
  /** Entries that have come into the queue, and their bytes. */
  received: number;
  /** Bytes of these entries. */
  receivedBytes: number;
  /** Datagrams to this port that were lost on the way: on the virtual router, or by `simulateLoss`. */
  lost: number;
  /** Datagrams that made room for newer ones, because nobody read them in time. */
  dropped: number;
  /** TCP on the virtual router: parts of messages, and how often they were sent until each was acknowledged. */
  segments: number;
  /** How often these parts were sent, until each was acknowledged. */
  segmentsSent: number;
}

/** What a network gives to an open port. */
export interface PortSink {
  readonly counters: PortCounters;
  /** The most bytes of a message over TCP. */
  readonly maxMessageSize: number;
  /** Whether a message of this size can be received now. Over UDP older datagrams make room. */
  hasRoom(sizeBytes: number): boolean;
  /** Takes bytes that it may keep; over TCP only where there is room. */
  receive(data: Uint8Array): void;
  /** A peer over TCP has left; with an error if it was cut off. */
  disconnected(address: string, error: XcsError | null): void;
}

/** An open port, as its network sees it. */
export interface NetworkPort {
  /**
   * Sends to all who have the port open.
   *
   * @throws XcsError `ERR_XCS_NOT_CONNECTED`, `ERR_XCS_CLOSED`, `ERR_XCS_FAILED`
   */
  write(data: Uint8Array): Promise<void>;
  /** The sink has room again. */
  resume(): void;
  close(): Promise<void>;
}

/** How one computer reaches the others. */
export interface XcsNetwork {
  /** The computer's address. */
  readonly address: string;
  /** @throws XcsError `ERR_XCS_ADDRESS_IN_USE`, `ERR_XCS_ACCESS`, `ERR_XCS_BAD_PORT`, `ERR_XCS_NOT_CONNECTED` */
  open(port: number, protocol: XcsProtocol, sink: PortSink): Promise<NetworkPort>;
}

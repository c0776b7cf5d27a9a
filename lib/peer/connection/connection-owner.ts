import type { Delivery, DisconnectReason, IConnectionHandle } from "../../socket/index.js";
import type { Channel } from "../channel.js";
import type { AgreedConnection } from "../handshake/handshake-owner.js";
import type { PeerConfig } from "../peer-config.js";
import type { PathHost, Profile, ProfileHost } from "../profile.js";
import type { ReassemblyPool } from "../reassembly.js";
import type { PeerConnection } from "./peer-connection.js";

/** What a connection needs of its Peer. */
export interface ConnectionOwner {
  readonly config: PeerConfig;
  readonly reassembly: ReassemblyPool;
  now(): number;
  createProfile(host: ProfileHost & PathHost, agreed: AgreedConnection): Profile;
  /** The packet with Close of a connection that ends before it has a profile. Over stateless handles. */
  onlyClose(agreed: AgreedConnection, reason: DisconnectReason): Uint8Array;
  transmit(handle: IConnectionHandle, packet: Uint8Array, length: number, delivery: Delivery, lane: number): boolean;
  /** Ends the transport's connection. Never rejects. */
  leave(handle: IConnectionHandle, reason: DisconnectReason): Promise<void>;
  /** No place is left for one more connection. */
  readonly isFull: boolean;
  /** A server's client has proved that it got our Accept. */
  established(connection: PeerConnection): void;
  message(from: PeerConnection, channel: Channel, lane: number, buffer: Uint8Array, at: number, length: number): void;
  drained(connection: PeerConnection): void;
  /** The other side has another address now. */
  moved(connection: PeerConnection, from: string): void;
  /** The user is to hear of the end. */
  ended(connection: PeerConnection): void;
  /** Nothing of it is left to do. */
  forget(connection: PeerConnection): void;
  /** It has something to send. */
  changed(connection: PeerConnection): void;
  /** Something has failed that nobody waits for. @param connection whose `onStream` it was */
  report(error: unknown, connection?: PeerConnection): void;
}

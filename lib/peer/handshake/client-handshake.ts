import { equalBytes } from "../../bytes.js";
import type { HandshakeState } from "../../noise/index.js";
import { Delivery, type DisconnectReason, type IConnectionHandle, type ReceivedPacket } from "../../socket/index.js";
import type { Waiting } from "../collections/deadline-queue.js";
import { PacketReader } from "../frames/packet-reader.js";
import { MIN_PACKET_SIZE, PacketKind, ProfileKind } from "../packet-format.js";
import { clientStreamRefusal, profileOf } from "./encryption.js";
import type { AgreedConnection, HandshakeOwner } from "./handshake-owner.js";
import {
  NONCE_BYTES,
  readAccept,
  readChallenge,
  readNonce,
  readReject,
  readTerms,
  SecurityPattern,
  type Terms,
  writeConnectRequest,
} from "./handshake-packets.js";

export interface ClientHandshakeOwner extends HandshakeOwner {
  /** The server has accepted. */
  accepted(agreed: AgreedConnection): void;
  failed(handshake: ClientHandshake, reason: DisconnectReason): void;
  /** The server has not decided within `handshakeTimeoutMs`. */
  timedOut(handshake: ClientHandshake): void;
}

/** A client's side of a handshake, from the first request to the server's decision. */
export class ClientHandshake implements Waiting {
  readonly handle: IConnectionHandle;
  readonly pattern: SecurityPattern;
  queuePlace = -1;
  deadlineMs = 0;
  readonly #owner: ClientHandshakeOwner;
  readonly #profile: ProfileKind;
  readonly #nonce: Uint8Array;
  readonly #reader = new PacketReader();
  readonly #endMs: number;
  #request: Uint8Array;
  #noise: HandshakeState | null = null;
  #hasCookie = false;
  #nextRequestMs: number;

  constructor(owner: ClientHandshakeOwner, handle: IConnectionHandle, endMs: number) {
    this.handle = handle;
    this.#owner = owner;
    this.#profile = profileOf(handle);
    const canEncrypt = owner.encryption && this.#profile !== ProfileKind.Stream;
    this.pattern = canEncrypt ? owner.encryption.pattern : SecurityPattern.Plain;
    this.#nonce = owner.config.randomBytes(NONCE_BYTES);
    this.#endMs = endMs;
    this.#nextRequestMs = owner.now();
    this.#request = this.#writeRequest(new Uint8Array(0), handle.addressVerified);
  }

  updateDeadline(): void {
    this.deadlineMs = Math.min(this.#nextRequestMs, this.#endMs);
  }

  update(nowMs: number): void {
    const refusal =
      this.#profile === ProfileKind.Stream ? clientStreamRefusal(this.#owner.encryption, this.handle) : null;
    if (refusal) {
      this.#owner.failed(this, refusal);
      return;
    }
    if (nowMs >= this.#endMs) {
      this.#owner.timedOut(this);
      return;
    }
    if (nowMs < this.#nextRequestMs) return;
    // A transport that is reliable needs one request only.
    this.#nextRequestMs = this.handle.reliable
      ? Number.POSITIVE_INFINITY
      : nowMs + this.#owner.config.connectIntervalMs;
    this.#owner.transmit(this.handle, this.#request, this.#request.length, Delivery.Reliable, 0);
  }

  /** What does not fit the request that is under way is from somebody else, or late, and ignored. */
  receive({ buffer, offset, length }: ReceivedPacket, nowMs: number): void {
    const reader = this.#reader;
    reader.start(buffer, offset, offset + length);
    const kind = reader.u8();
    if (!equalBytes(readNonce(reader), this.#nonce)) return;
    if (kind === PacketKind.Challenge) this.#answerChallenge(reader, nowMs);
    else if (kind === PacketKind.Accept) this.#finish(reader);
    else if (kind === PacketKind.Reject) {
      const reason = readReject(reader);
      if (reason) this.#owner.failed(this, reason);
    }
  }

  #answerChallenge(reader: PacketReader, nowMs: number): void {
    const cookie = readChallenge(reader);
    // One whose address the transport has proved is not asked for a cookie.
    if (!cookie || this.#hasCookie || this.handle.addressVerified) return;
    this.#hasCookie = true;
    this.#request = this.#writeRequest(cookie, true);
    this.#nextRequestMs = nowMs;
    this.update(nowMs);
  }

  #finish(reader: PacketReader): void {
    const terms = this.#readTerms(readAccept(reader));
    if (!terms || terms.profile !== this.#profile || terms.maxPacketSize < MIN_PACKET_SIZE) return;
    this.#owner.accepted({
      handle: this.handle,
      session: terms.session,
      profile: terms.profile,
      maxPacketSize: Math.min(this.#owner.maxPacketSize, terms.maxPacketSize),
      fingerprintMatches: equalBytes(terms.fingerprint, this.#owner.config.fingerprint),
      pattern: this.pattern,
      keys: this.#noise?.split() ?? null,
    });
  }

  /** Gives null for an answer that is not the server's: the true one may follow. */
  #readTerms(body: Uint8Array): Terms | null {
    if (this.pattern === SecurityPattern.Plain) return readTerms(body);
    try {
      return this.#noise && readTerms(this.#noise.readMessage(body));
    } catch {
      return null;
    }
  }

  #writeRequest(cookie: Uint8Array, withNoise: boolean): Uint8Array {
    const { encryption, config, maxPacketSize } = this.#owner;
    const fields = {
      nonce: this.#nonce,
      profile: this.#profile,
      security: this.pattern,
      maxPacketSize,
      maxReliableMessageSize: config.maxReliableMessageSize,
      fingerprint: config.fingerprint,
      cookie,
    };
    if (!encryption || this.pattern === SecurityPattern.Plain || !withNoise) return writeConnectRequest(fields, null);
    return writeConnectRequest(fields, (prologue) => {
      this.#noise = encryption.begin(prologue);
      return this.#noise.writeMessage(new Uint8Array(0));
    });
  }
}

import { equalBytes } from "../../bytes.js";
import type { HandshakeState } from "../../noise/index.js";
import { Delivery, type DisconnectReason, type IConnectionHandle, type ReceivedPacket } from "../../socket/index.js";
import type { Waiting } from "../collections/deadline-queue.js";
import { PacketReader } from "../frames/packet-reader.js";
import { MIN_PACKET_SIZE, PacketKind, ProfileKind } from "../packet-format.js";
import { clientTransportRefusal, profileOf, takesNoise } from "./encryption.js";
import { gnsIsThere, isGnsAnswer, writeGnsQuestion } from "./gns-packets.js";
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
import { Heard } from "./heard.js";

/** The sizes of requests, one after the other. Larger packets are asked for later. */
const REQUEST_SIZES = [1232, 1200, MIN_PACKET_SIZE];
/** After so many requests without an answer the next smaller size is tried: one of them may be lost, or slow. */
const REQUESTS_PER_SIZE = 3;
/** The path is too small when small packets are answered, and so many requests of the smallest size are not. */
const MAX_SMALLEST_REQUESTS = 6;

export interface ClientHandshakeOwner extends HandshakeOwner {
  /** The server has accepted. */
  accepted(agreed: AgreedConnection): void;
  failed(handshake: ClientHandshake, reason: DisconnectReason): void;
  /** The server has not decided within `handshakeTimeoutMs`. */
  timedOut(handshake: ClientHandshake): void;
  /** Packets of `sizeBytes` do not get through, and smaller ones do. */
  pathTooSmall(handshake: ClientHandshake, sizeBytes: number): void;
  /** Who has answered. */
  heard: Heard;
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
  #cookie: Uint8Array = new Uint8Array(0);
  /** Whether a challenge is answered: one for each repetition of the request. */
  #takesChallenge = true;
  readonly #maxPacketSize: number;
  /** Datagrams: the size that requests have, so that the path is proved for it. */
  #requestBytes: number;
  /** How many requests of this size have had no answer. */
  #requests = 0;
  /** A request without padding is sent under this nonce, to tell a path that is too small from a silent server. */
  readonly #smallNonce: Uint8Array;
  #isSmallAnswered = false;
  #nextRequestMs: number;

  constructor(owner: ClientHandshakeOwner, handle: IConnectionHandle, endMs: number) {
    this.handle = handle;
    this.#owner = owner;
    this.#profile = profileOf(handle);
    const withNoise = takesNoise(handle) ? owner.encryption : null;
    this.pattern = withNoise?.pattern ?? SecurityPattern.Plain;
    this.#nonce = owner.config.randomBytes(NONCE_BYTES);
    this.#smallNonce = this.#nonce.map((byte) => byte ^ 0xff);
    this.#maxPacketSize = owner.maxPacketSize;
    if (this.#isDatagrams) this.#maxPacketSize = Math.min(this.#maxPacketSize, handle.maxPacketSize);
    this.#requestBytes = Math.min(this.#maxPacketSize, REQUEST_SIZES[0] as number);
    this.#endMs = endMs;
    this.#nextRequestMs = owner.now();
    this.#request = this.#writeRequest();
  }

  get #isDatagrams(): boolean {
    return this.#profile === ProfileKind.RawUdp;
  }

  updateDeadline(): void {
    this.deadlineMs = Math.min(this.#nextRequestMs, this.#endMs);
  }

  update(nowMs: number): void {
    const refusal = takesNoise(this.handle) ? null : clientTransportRefusal(this.#owner.encryption, this.handle);
    if (refusal) {
      this.#owner.failed(this, refusal);
      return;
    }
    const isTooSmall = this.#isSmallAnswered && (nowMs >= this.#endMs || this.#requests >= MAX_SMALLEST_REQUESTS);
    if (isTooSmall) {
      this.#owner.pathTooSmall(this, this.#requestBytes);
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
    this.#takesChallenge = true;
    this.#send(this.#nextRequest());
  }

  #send(request: Uint8Array): void {
    this.#owner.transmit(this.handle, request, request.length, Delivery.Reliable, 0);
  }

  #nextRequest(): Uint8Array {
    if (!this.#isDatagrams || this.#cookie.length > 0) return this.#request;
    this.#requests++;
    if (this.#requests <= REQUESTS_PER_SIZE) return this.#request;
    const smaller = REQUEST_SIZES.find((size) => size < this.#requestBytes);
    if (smaller === undefined) {
      const isSmall = this.#requests % 2 === 0 && !this.#isSmallAnswered;
      return isSmall ? writeConnectRequest({ ...this.#fields, nonce: this.#smallNonce }, null) : this.#request;
    }
    if (this.handle.transport === "udp") this.#send(writeGnsQuestion(this.#nonce));
    this.#requestBytes = smaller;
    this.#requests = 1;
    this.#request = this.#writeRequest();
    return this.#request;
  }

  /** What does not fit the request that is under way is from somebody else, or late, and ignored. */
  receive(packet: ReceivedPacket, nowMs: number): void {
    if (isGnsAnswer(packet, this.#nonce)) {
      this.#owner.failed(this, gnsIsThere);
      return;
    }
    const { buffer, offset, length } = packet;
    const reader = this.#reader;
    reader.start(buffer, offset, offset + length);
    const kind = reader.u8();
    const nonce = readNonce(reader);
    const isAnswer = equalBytes(nonce, this.#nonce);
    if (isAnswer || equalBytes(nonce, this.#smallNonce)) this.#owner.heard = Heard.Server;
    if (kind === PacketKind.Challenge && !this.#isSmallAnswered && equalBytes(nonce, this.#smallNonce)) {
      this.#isSmallAnswered = true;
      this.#requests = 0; // The server may not have been there before.
    }
    if (!isAnswer) return;
    if (kind === PacketKind.Challenge) this.#answerChallenge(reader, nowMs);
    else if (kind === PacketKind.Accept) this.#finish(reader);
    else if (kind === PacketKind.Reject) {
      const reason = readReject(reader);
      if (reason) this.#owner.failed(this, reason);
    }
  }

  /** A client whose address has changed since is challenged again: its cookie is that of the old address. */
  #answerChallenge(reader: PacketReader, nowMs: number): void {
    const cookie = readChallenge(reader);
    // One whose address the transport has proved is not asked for a cookie.
    if (!cookie || !this.#takesChallenge || this.handle.addressVerified || equalBytes(cookie, this.#cookie)) return;
    this.#takesChallenge = false;
    this.#cookie = cookie;
    this.#isSmallAnswered = false;
    this.#request = this.#writeRequest();
    this.#nextRequestMs = nowMs + this.#owner.config.connectIntervalMs;
    this.#send(this.#request);
  }

  #finish(reader: PacketReader): void {
    const terms = this.#readTerms(readAccept(reader));
    if (!terms || terms.profile !== this.#profile || terms.maxPacketSize < MIN_PACKET_SIZE) return;
    const maxPacketSize = Math.min(this.#maxPacketSize, terms.maxPacketSize);
    this.#owner.accepted({
      handle: this.handle,
      session: terms.session,
      profile: terms.profile,
      maxPacketSize,
      provedPacketSize: Math.min(maxPacketSize, this.#requestBytes),
      fingerprintMatches: equalBytes(terms.fingerprint, this.#owner.config.fingerprint),
      pattern: this.pattern,
      keys: this.#noise?.split() ?? null,
      resetToken: terms.resetToken,
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

  get #fields() {
    const { config } = this.#owner;
    return {
      nonce: this.#nonce,
      profile: this.#profile,
      security: this.pattern,
      maxPacketSize: this.#maxPacketSize,
      maxReliableMessageSize: config.maxReliableMessageSize,
      fingerprint: config.fingerprint,
      cookie: this.#cookie,
    };
  }

  #writeRequest(): Uint8Array {
    const { encryption } = this.#owner;
    const bytes = this.#isDatagrams ? this.#requestBytes : undefined;
    const isWithNoise = this.#cookie.length > 0 || this.handle.addressVerified;
    if (!encryption || this.pattern === SecurityPattern.Plain || !isWithNoise)
      return writeConnectRequest(this.#fields, null, bytes);
    const noise = (prologue: Uint8Array) => {
      this.#noise = encryption.begin(prologue);
      return this.#noise.writeMessage(new Uint8Array(0));
    };
    return writeConnectRequest(this.#fields, noise, bytes);
  }
}

import { isThenable } from "../../brands.js";
import { equalBytes } from "../../bytes.js";
import { SharedRate } from "../../guard/shared-rate.js";
import { keyOfAddress } from "../../guard/source.js";
import type { TransportKeys } from "../../noise/index.js";
import { guardRefusal, serverFull } from "../../socket/building/socket-errors.js";
import {
  Delivery,
  DisconnectCode,
  type DisconnectReason,
  type IConnectionHandle,
  type IncomingConnection,
  type ReceivedPacket,
} from "../../socket/index.js";
import type { Verdict } from "../../verdict.js";
import { PacketReader } from "../frames/packet-reader.js";
import { MIN_PACKET_SIZE, PacketKind, ProfileKind } from "../packet-format.js";
import { Cookies } from "./cookies.js";
import { type Decision, Decisions } from "./decisions.js";
import { CLEAR_TEXT_REFUSED, type Encryption, profileOf, serverTransportRefusal, takesNoise } from "./encryption.js";
import { GnsClients } from "./gns-packets.js";
import type { AgreedConnection } from "./handshake-owner.js";
import {
  type ConnectRequest,
  readConnectRequest,
  readRequestNonce,
  SecurityPattern,
  writeAccept,
  writeChallenge,
  writeReject,
  writeTerms,
} from "./handshake-packets.js";
import { InfoDesk } from "./info-desk.js";
import { type ResetOwner, Resets } from "./resets.js";

/** Of key agreements: one takes about 0.15 ms. 300 honest clients of one address get in at once. */
const AGREEMENTS = { perSecond: 1000, burst: 2000, sourceBurst: 500 };

export interface ServerHandshakeOwner extends ResetOwner {
  /** No place is left for one more connection. */
  readonly isFull: boolean;
  /** Whether there is room for one more, and the application wants it. */
  admit(incoming: IncomingConnection): Verdict | Promise<Verdict>;
  /** Something was sent outside of a turn of the Peer. */
  planFlush(): void;
  /** Ends the transport's connection to a stranger, where there is one. */
  dismiss(handle: IConnectionHandle, reason: DisconnectReason): void;
  /** A number that no other connection has. */
  newSession(): number;
  /** Makes the connection of `request`, which waits for its first packet. False: there is no place for it. */
  open(agreed: AgreedConnection): boolean;
}

interface Answer {
  prologue: Uint8Array;
  noiseMessage: Uint8Array;
  session: number;
  accept: Uint8Array;
}

/** A server's side of all handshakes. Of a stranger without a cookie it keeps nothing. */
export class ServerHandshake {
  readonly #owner: ServerHandshakeOwner;
  readonly #cookies: Cookies;
  readonly #reader = new PacketReader();
  /** By address: what was answered, as long as there is the connection of that answer. */
  readonly #answers = new Map<string, Answer>();
  readonly #decisions: Decisions;
  readonly #info: InfoDesk | null;
  readonly #agreements: SharedRate;
  readonly #resets: Resets | null;
  readonly #gnsClients: GnsClients;

  constructor(owner: ServerHandshakeOwner) {
    this.#owner = owner;
    this.#cookies = new Cookies(owner.config.randomBytes, owner.now());
    this.#decisions = new Decisions(owner.config);
    this.#info = owner.config.info && new InfoDesk(owner, owner.config.info);
    this.#agreements = new SharedRate(owner.config.clock, AGREEMENTS);
    this.#resets = Resets.create(owner);
    this.#gnsClients = new GnsClients(owner);
  }

  /** @returns false: the packet is no request */
  receive({ handle, buffer, offset, length }: ReceivedPacket): boolean {
    if (this.#isBanned(handle)) return true;
    const reader = this.#reader;
    reader.start(buffer, offset, offset + length);
    const kind = reader.u8();
    if (kind === PacketKind.InfoRequest) return this.#info?.receive(handle, reader) ?? false;
    if (kind !== PacketKind.ConnectRequest) return false;
    const head = readRequestNonce(reader);
    if (!head) return false;
    if (!head.isOurVersion) {
      this.#reject(handle, head.nonce, {
        code: DisconnectCode.VersionMismatch,
        text: "The server speaks another version",
      });
      return true;
    }
    const request = readConnectRequest(reader, offset, head.nonce);
    if (!request) return false;
    const { address } = handle;
    if (!handle.addressVerified && !this.#isAddressProved(handle, address, request)) return true;
    this.#answer(handle, address, request);
    return true;
  }

  /** A datagram of a banned source gets no answer. The others were asked about when their connection came. */
  #isBanned({ address, isStateful }: IConnectionHandle): boolean {
    if (isStateful || !this.#owner.config.guard?.isBanned(address)) return false;
    this.#owner.metrics.bannedPackets++;
    return true;
  }

  /**
   * A packet belongs to no connection, and is no request: its sender may have had one before a restart, or speak GNS.
   */
  answerStray(packet: ReceivedPacket): void {
    this.#resets?.answer(packet);
    this.#gnsClients.answer(packet);
  }

  /** The connection of an answer has gone: a request like that one opens a new one. */
  forget(address: string, session: number): void {
    if (this.#answers.get(address)?.session === session) this.#answers.delete(address);
  }

  #isAddressProved(handle: IConnectionHandle, address: string, { cookie, nonce }: ConnectRequest): boolean {
    const { metrics } = this.#owner;
    const now = this.#owner.now();
    if (cookie.length > 0) {
      if (this.#cookies.check(cookie, address, nonce, now)) return true;
      // It is old, or was issued for the address that the client had then.
      metrics.cookiesRefused++;
    }
    metrics.challengesSent++;
    this.#send(handle, writeChallenge(nonce, this.#cookies.issue(address, nonce, now)));
    return false;
  }

  #answer(handle: IConnectionHandle, address: string, request: ConnectRequest): void {
    const earlier = this.#answers.get(address);
    if (earlier && isRepeated(earlier, request)) {
      this.#send(handle, earlier.accept);
      return;
    }
    const refusal = this.#refusal(handle, request);
    if (refusal) this.#reject(handle, request.nonce, refusal);
    // The application was asked about a stateful connection before its transport accepted it.
    else if (handle.isStateful) this.#settle(handle, address, request, true);
    else this.#decide(handle, address, request);
  }

  /** The application may take its time: the client goes on asking meanwhile. */
  #decide(handle: IConnectionHandle, address: string, request: ConnectRequest): void {
    const known = this.#decisions.find(address, request.nonce);
    if (known) {
      if (known.verdict) this.#settle(handle, address, request, known.verdict, known);
      return;
    }
    const decision = this.#decisions.begin(address, request.nonce);
    if (!decision) return; // Without a word: the client asks again.
    const verdict = this.#admit(decision, handle);
    if (!isThenable(verdict)) {
      decision.verdict = verdict;
      this.#settle(handle, address, request, verdict, decision);
      return;
    }
    const kept = handle.copy();
    void verdict.then((answer) => {
      decision.verdict = answer;
      if (this.#decisions.find(address, request.nonce) !== decision) return;
      this.#settle(kept, address, request, answer, decision);
      this.#owner.planFlush();
    });
  }

  /** The guard is asked before the application is. */
  #admit(decision: Decision, { security }: IConnectionHandle): Verdict | Promise<Verdict> {
    const { address } = decision;
    const pass = this.#owner.config.guard?.accept(address) ?? null;
    if (pass?.refused) return guardRefusal(pass);
    decision.pass = pass;
    return this.#owner.admit({ address, security });
  }

  /** @param decision remembers a refusal */
  #settle(
    handle: IConnectionHandle,
    address: string,
    request: ConnectRequest,
    verdict: Verdict,
    decision?: Decision,
  ): void {
    const judged = verdict === true && this.#owner.isFull ? serverFull : verdict;
    if (judged !== true) {
      this.#reject(handle, request.nonce, judged);
      return;
    }
    const { encryption, config, metrics } = this.#owner;
    const { profile } = request;
    const isDatagrams = profile === ProfileKind.RawUdp;
    const maxPacketSize = Math.min(this.#owner.maxPacketSize, isDatagrams ? handle.maxPacketSize : 0xffff);
    const session = this.#owner.newSession();
    const isSealed = request.security !== SecurityPattern.Plain;
    const hasReset = isSealed && isDatagrams;
    const resetToken = hasReset ? (this.#resets?.token(session, address) ?? null) : null;
    const terms = writeTerms({ session, profile, maxPacketSize, fingerprint: config.fingerprint, resetToken });
    let keys: TransportKeys | null = null;
    let body = terms;
    if (isSealed) {
      if (!this.#agreements.tryTake(keyOfAddress(address))) {
        metrics.agreementsDropped++;
        return;
      }
      const answer = (encryption as Encryption).answer(request.security, request.prologue, request.noiseMessage, terms);
      if ("code" in answer) {
        if (decision) decision.verdict = answer;
        this.#reject(handle, request.nonce, answer);
        return;
      }
      keys = answer.keys;
      body = answer.message;
    }
    const kept = handle.copy();
    if (decision?.pass) kept.pass = decision.pass;
    const isOpen = this.#owner.open({
      handle: kept,
      session,
      profile,
      maxPacketSize: Math.min(maxPacketSize, request.maxPacketSize),
      provedPacketSize: MIN_PACKET_SIZE,
      fingerprintMatches: equalBytes(request.fingerprint, config.fingerprint),
      pattern: request.security,
      keys,
      resetToken: null,
    });
    if (!isOpen) return;
    if (decision) decision.pass = null;
    const accept = writeAccept(request.nonce, body);
    const { prologue, noiseMessage } = request;
    this.#answers.set(address, { prologue, noiseMessage, session, accept });
    this.#send(handle, accept);
  }

  /** Why what the client asks for does not fit this server. */
  #refusal(handle: IConnectionHandle, request: ConnectRequest): DisconnectReason | null {
    const { config, encryption } = this.#owner;
    // Who keeps a connection of the transport in reserve comes back by none after a ban.
    if (handle.isStateful && config.guard?.isBanned(handle.address)) return guardRefusal({ refused: "banned" });
    const profile = profileOf(handle);
    if (request.profile !== profile) {
      const seen = ProfileKind[request.profile] ?? "something";
      const text = `The client sees ${seen} here, the server ${ProfileKind[profile]}`;
      return { code: DisconnectCode.ProfileMismatch, text };
    }
    if (request.maxPacketSize < MIN_PACKET_SIZE)
      return { code: DisconnectCode.InvalidPacket, text: "Packets are too small" };
    if (config.onFingerprintMismatch === "reject" && !equalBytes(request.fingerprint, config.fingerprint)) {
      return { code: DisconnectCode.ProtocolMismatch, text: "The two ends speak different protocols" };
    }
    if (request.maxReliableMessageSize !== config.maxReliableMessageSize) {
      const [own, other] = [config.maxReliableMessageSize, request.maxReliableMessageSize];
      const text = `maxReliableMessageSize has to be the same: server ${own}, client ${other}`;
      return { code: DisconnectCode.ProtocolMismatch, text };
    }
    const hasNoise = takesNoise(handle);
    const isPlain = request.security === SecurityPattern.Plain;
    if (!hasNoise) {
      const refusal = serverTransportRefusal(encryption, handle);
      if (refusal) return refusal;
    } else if (isPlain && encryption?.required) {
      return CLEAR_TEXT_REFUSED;
    }
    if (!isPlain && (!encryption || !hasNoise)) {
      return { code: DisconnectCode.EncryptionUnsupported, text: "The server has no encryption of this kind" };
    }
    return null;
  }

  #reject(handle: IConnectionHandle, nonce: Uint8Array, reason: DisconnectReason): void {
    this.#owner.metrics.rejectsSent++;
    this.#send(handle, writeReject(nonce, reason));
    this.#owner.dismiss(handle, reason);
  }

  #send(handle: IConnectionHandle, packet: Uint8Array): void {
    this.#owner.transmit(handle, packet, packet.length, Delivery.Reliable, 0);
  }
}

/** Whether a client has sent the same request again. Bits that were altered on the way make it another one. */
function isRepeated(earlier: Answer, { prologue, noiseMessage }: ConnectRequest): boolean {
  return equalBytes(earlier.prologue, prologue) && equalBytes(earlier.noiseMessage, noiseMessage);
}

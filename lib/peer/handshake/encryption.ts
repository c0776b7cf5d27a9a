import { hkdf } from "../../noise/hkdf.js";
import {
  acceptHandshake,
  deriveSpaceKey,
  HandshakePattern,
  HandshakeRole,
  HandshakeState,
  type KeyPair,
  type NoisePrimitives,
  PacketOpener,
  PacketSealer,
  parseServerPrivateKey,
  parseServerPublicKey,
  type TransportKeys,
} from "../../noise/index.js";
import { DisconnectCode, type DisconnectReason, type IConnectionHandle, type Security } from "../../socket/index.js";
import { ProfileKind } from "../packet-format.js";
import type { PeerEncryption } from "../peer-config.js";
import type { PacketSeal } from "../profile.js";
import { SecurityPattern } from "./handshake-packets.js";

const RESET_LABEL = new TextEncoder().encode("valve-sockets reset");

/** {@link PeerEncryption} with its keys read. @throws NetworkError `ERR_BAD_SERVER_KEY` */
export class Encryption {
  readonly primitives: NoisePrimitives;
  readonly required: boolean;
  readonly pinnedKey: Uint8Array | null;
  readonly #serverKeys: readonly KeyPair[];

  constructor({ primitives, serverKeys = [], serverKey, required = true }: PeerEncryption) {
    this.primitives = primitives;
    this.required = required;
    this.pinnedKey = serverKey === undefined ? null : parseServerPublicKey(primitives, serverKey);
    this.#serverKeys = serverKeys.map((key) => parseServerPrivateKey(primitives, key));
  }

  /** What a client asks for. */
  get pattern(): SecurityPattern {
    return this.pinnedKey ? SecurityPattern.NK : SecurityPattern.NN;
  }

  begin(prologue: Uint8Array): HandshakeState {
    const common = { primitives: this.primitives, role: HandshakeRole.Initiator, prologue };
    if (!this.pinnedKey) return new HandshakeState({ ...common, pattern: HandshakePattern.NN });
    return new HandshakeState({ ...common, pattern: HandshakePattern.NK, remoteKey: this.pinnedKey });
  }

  /**
   * A server's answer to a client's first message: the keys and the second message, which carries `payload`; or a
   * refusal.
   */
  answer(
    pattern: SecurityPattern,
    prologue: Uint8Array,
    message: Uint8Array,
    payload: Uint8Array,
  ): { keys: TransportKeys; message: Uint8Array } | DisconnectReason {
    if (pattern === SecurityPattern.NK && this.#serverKeys.length === 0) {
      return { code: DisconnectCode.ServerKeyMismatch, text: "The server has no key" };
    }
    try {
      const handshake =
        pattern === SecurityPattern.NK
          ? acceptHandshake(this.primitives, this.#serverKeys, prologue, message).handshake
          : this.#acceptAnybody(prologue, message);
      const answer = handshake.writeMessage(payload);
      return { keys: handshake.split(), message: answer };
    } catch {
      return {
        code: DisconnectCode.ServerKeyMismatch,
        text: "The server has another key than the client expects, or the request was altered",
      };
    }
  }

  /** What makes reset tokens: it is the same after a restart with the same (first) key. Null: there is no key. */
  get resetSecret(): Uint8Array | null {
    const [key] = this.#serverKeys;
    // Nobody can compute this without the private key.
    return key ? hkdf(this.primitives, RESET_LABEL, key.diffieHellman(key.publicKey))[0] : null;
  }

  /** The seal of one space of numbers; each packet number comes once in it. */
  createSeal(keys: TransportKeys, space: number): PacketSeal {
    return new NoiseSeal(
      new PacketSealer(this.primitives, deriveSpaceKey(this.primitives, keys.sendKey, space)),
      new PacketOpener(this.primitives, deriveSpaceKey(this.primitives, keys.receiveKey, space)),
    );
  }

  #acceptAnybody(prologue: Uint8Array, message: Uint8Array): HandshakeState {
    const common = { primitives: this.primitives, role: HandshakeRole.Responder, prologue };
    const handshake = new HandshakeState({ ...common, pattern: HandshakePattern.NN });
    handshake.readMessage(message);
    return handshake;
  }
}

class NoiseSeal implements PacketSeal {
  readonly #sealer: PacketSealer;
  readonly #opener: PacketOpener;

  constructor(sealer: PacketSealer, opener: PacketOpener) {
    this.#sealer = sealer;
    this.#opener = opener;
  }

  seal(number: number, buffer: Uint8Array, start: number, headerBytes: number, end: number): number {
    return this.#sealer.seal(number, buffer, start, headerBytes, end);
  }

  open(number: number, buffer: Uint8Array, start: number, headerBytes: number, end: number): number {
    return this.#opener.open(number, buffer, start, headerBytes, end);
  }
}

/**
 * What protects a connection: its transport or Noise, whichever is stronger. In NK both ends have used the server's
 * key, so nobody can be between them.
 */
export function combinedSecurity(transport: Security, pattern: SecurityPattern): Security {
  if (pattern === SecurityPattern.NK) return "authenticated";
  return transport === "none" && pattern === SecurityPattern.NN ? "encrypted" : transport;
}

/** What a client says to itself: it has not asked the server. */
export const INSECURE_TRANSPORT: DisconnectReason = {
  code: DisconnectCode.EncryptionRequired,
  text: "Its `peer.encryption` asks for encryption, which WebSocket has from TLS only",
};

/** What a server says. */
export const CLEAR_TEXT_REFUSED: DisconnectReason = {
  code: DisconnectCode.EncryptionRequired,
  text: "The server talks to nobody in the clear",
};

/** Noise has no place on a stream, and would be a second encryption over TLS. */
export const takesNoise = ({ ordered, isTls }: IConnectionHandle): boolean => !ordered && !isTls;

/**
 * Where Noise has no place, the transport's own protection counts. A client that has pinned a key takes only a server
 * that has proved who it is.
 */
export function clientTransportRefusal(
  encryption: Encryption | null,
  handle: IConnectionHandle,
): DisconnectReason | null {
  if (encryption?.pinnedKey) return handle.security === "authenticated" ? null : INSECURE_TRANSPORT;
  return serverTransportRefusal(encryption, handle) && INSECURE_TRANSPORT;
}

export function serverTransportRefusal(
  encryption: Encryption | null,
  handle: IConnectionHandle,
): DisconnectReason | null {
  return encryption?.required && handle.security === "none" ? CLEAR_TEXT_REFUSED : null;
}

/** Which profile a handle asks for. */
export function profileOf(handle: IConnectionHandle): ProfileKind {
  if (!handle.reliable) return ProfileKind.RawUdp;
  return handle.ordered ? ProfileKind.Stream : ProfileKind.ReliableLanes;
}

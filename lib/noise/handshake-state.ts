import { checkBytes } from "../arguments.js";
import { concatBytes } from "../bytes.js";
import { NetworkError } from "../network-error.js";
import { KEY_SIZE_BYTES, type KeyPair, type NoisePrimitives, primitivesOption } from "./primitives.js";
import { SymmetricState } from "./symmetric-state.js";

/** The Noise patterns that are used here. In both the initiator stays anonymous. */
export enum HandshakePattern {
  /** The initiator knows the static key of the responder beforehand, so nobody else can answer. */
  NK = "NK",
  /** No static keys: safe from eavesdroppers, but not from a man in the middle. */
  NN = "NN",
}

/** Which end of a Noise handshake this is. */
export enum HandshakeRole {
  /** Writes the first message: a client. */
  Initiator = "initiator",
  /** Writes the second message: a server. */
  Responder = "responder",
}

/** What a Noise handshake needs. */
export interface HandshakeOptions {
  /** The cryptography: what `nativePrimitives` or `nodePrimitives` returns. */
  primitives: NoisePrimitives;
  /** NK, where the initiator knows the responder's key, or NN. */
  pattern: HandshakePattern;
  /** Which end this is. */
  role: HandshakeRole;
  /** What both ends have exchanged or agreed on before. The handshake fails if theirs differ. */
  prologue: Uint8Array;
  /** NK, initiator: the public key of the responder. */
  remoteKey?: Uint8Array;
  /** NK, responder: the key pair with that public key. */
  staticKey?: KeyPair;
}

/** The result of a finished handshake. */
export interface TransportKeys {
  /** 32 bytes: seals the packets that this end sends. */
  sendKey: Uint8Array;
  /** 32 bytes: opens the packets that this end receives. */
  receiveKey: Uint8Array;
  /**
   * 32 bytes, the same at both ends of this handshake and different in every other: a channel binding. Not a secret.
   */
  handshakeHash: Uint8Array;
}

/** The longest message that Noise allows. Longer ones are not read. */
const MAX_MESSAGE_SIZE_BYTES = 65_535;

/**
 * A handshake of the Noise Protocol Framework, revision 34: Noise_NK and Noise_NN with 25519 and SHA256. The initiator
 * writes the first message, the responder the second one, and each carries a payload. In NK both payloads are
 * encrypted, but the first message may be a replay of an old one. In NN the first payload is in the clear.
 *
 * A message that cannot be read changes nothing, so a forged one does no harm: the real one can still be read after it.
 */
export class HandshakeState {
  readonly #options: HandshakeOptions;
  #symmetric: SymmetricState;
  #ephemeralKey: KeyPair | undefined;
  #remoteEphemeralKey: Uint8Array | undefined;
  #messages = 0;

  /** @throws RangeError for NK without the key that the role needs, or with a key that is not 32 bytes long */
  constructor(options: HandshakeOptions) {
    primitivesOption("primitives", options?.primitives);
    checkBytes("prologue", options.prologue);
    const { primitives, pattern, prologue } = options;
    this.#options = options;
    this.#symmetric = new SymmetricState(primitives, `Noise_${pattern}_25519_${primitives.cipher}_SHA256`);
    this.#symmetric.mixHash(prologue);
    if (pattern === HandshakePattern.NK) {
      const responderKey = this.#isInitiator ? options.remoteKey : options.staticKey?.publicKey;
      if (responderKey?.length !== KEY_SIZE_BYTES) {
        throw new RangeError(
          `NK needs ${this.#isInitiator ? "a remoteKey" : "a staticKey"} of ${KEY_SIZE_BYTES} bytes`,
        );
      }
      this.#symmetric.mixHash(responderKey);
    }
  }

  /** Whether both messages have been written or read. */
  get isFinished(): boolean {
    return this.#messages === 2;
  }

  /**
   * Writes this end's message, which carries `payload`.
   *
   * @returns the message to send
   * @param payload at most 65,471 bytes
   * @throws NetworkError `ERR_NOISE_STATE` if it is not this end's turn, `ERR_NOISE_KEY` for a remote public key of
   *   small order
   */
  writeMessage(payload: Uint8Array): Uint8Array {
    this.#expectTurn(this.#isInitiator ? 0 : 1);
    if (payload.length > MAX_MESSAGE_SIZE_BYTES - 2 * KEY_SIZE_BYTES)
      throw new RangeError("payload must have at most 65,471 bytes");
    this.#ephemeralKey = this.#options.primitives.generateKeyPair();
    const { publicKey } = this.#ephemeralKey;
    this.#symmetric.mixHash(publicKey);
    this.#mixSecret(this.#symmetric);
    this.#messages++;
    return concatBytes([publicKey, this.#symmetric.encryptAndHash(payload)]);
  }

  /**
   * Reads the far end's message.
   *
   * @returns the payload
   * @throws NetworkError `ERR_NOISE_DECRYPT` if the far end has other keys or another prologue, or the message was
   *   altered on the way; `ERR_NOISE_MESSAGE` if it does not have the length of a handshake message; `ERR_NOISE_KEY`
   *   for a public key of small order; `ERR_NOISE_STATE` if it is not the far end's turn
   */
  readMessage(message: Uint8Array): Uint8Array {
    this.#expectTurn(this.#isInitiator ? 1 : 0);
    if (message.length < KEY_SIZE_BYTES || message.length > MAX_MESSAGE_SIZE_BYTES) {
      throw new NetworkError("ERR_NOISE_MESSAGE", `A handshake message cannot have ${message.length} bytes`);
    }
    const attempt = this.#symmetric.copy();
    this.#remoteEphemeralKey = new Uint8Array(message.subarray(0, KEY_SIZE_BYTES));
    attempt.mixHash(this.#remoteEphemeralKey);
    this.#mixSecret(attempt);
    const payload = attempt.decryptAndHash(message.subarray(KEY_SIZE_BYTES));
    this.#symmetric = attempt;
    this.#messages++;
    return payload;
  }

  /** The keys for the packets that follow. @throws NetworkError `ERR_NOISE_STATE` before both messages are through */
  split(): TransportKeys {
    this.#expectTurn(2);
    const [initiatorKey, responderKey] = this.#symmetric.split();
    const [sendKey, receiveKey] = this.#isInitiator ? [initiatorKey, responderKey] : [responderKey, initiatorKey];
    return { sendKey, receiveKey, handshakeHash: this.#symmetric.hash };
  }

  get #isInitiator(): boolean {
    return this.#options.role === HandshakeRole.Initiator;
  }

  #expectTurn(messages: number): void {
    if (this.#messages !== messages) {
      throw new NetworkError("ERR_NOISE_STATE", `The handshake is at message ${this.#messages}, not ${messages}`);
    }
  }

  /** Does the token after `e`: `es` in the first message of NK, none in that of NN, `ee` in the second of both. */
  #mixSecret(symmetric: SymmetricState): void {
    const { pattern, remoteKey, staticKey } = this.#options;
    if (this.#messages === 0 && pattern === HandshakePattern.NN) return;
    const remote = this.#messages === 0 && this.#isInitiator ? remoteKey : this.#remoteEphemeralKey;
    const own = this.#messages === 0 && !this.#isInitiator ? staticKey : this.#ephemeralKey;
    symmetric.mixKey(sharedSecret(own as KeyPair, remote as Uint8Array));
  }
}

/** Whoever sends a key that gives no shared secret would choose the keys of both ends, so such a key is refused. */
function sharedSecret(own: KeyPair, remote: Uint8Array): Uint8Array {
  let secret: Uint8Array | undefined;
  let cause: unknown;
  try {
    secret = own.diffieHellman(remote);
  } catch (error) {
    cause = error;
  }
  if (!secret?.some((byte) => byte !== 0)) {
    throw new NetworkError("ERR_NOISE_KEY", "The remote public key gives no shared secret", { cause });
  }
  return secret;
}

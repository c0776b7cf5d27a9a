/// <reference path="../globals.ts" preserve="true" />
import {
  type CipherGCMTypes,
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";
import { type RandomBytes, secureRandomBytes } from "../random.js";
import { type AeadKey, KEY_SIZE_BYTES, type KeyPair, type NoisePrimitives, TAG_SIZE_BYTES } from "./primitives.js";

/** Options of {@link nodePrimitives}. */
export interface NodePrimitivesOptions {
  /**
   * The AEAD. AES-GCM is the cheaper one in Node: to seal and to open take 3.2 and 3.1 us at 64 bytes, 4.5 and 4.1 us
   * at 1200, with ChaChaPoly 3.5 and 3.1, 5.0 and 4.5 us (Node 20.20, AES-NI). Most of that is making a cipher object,
   * which Node needs for every packet. @defaultValue "AESGCM"
   */
  cipher?: NoisePrimitives["cipher"];
  /** For tests only: where private keys come from. @defaultValue `node:crypto` and `crypto.getRandomValues` */
  randomBytes?: RandomBytes;
}

/** The primitives of Noise from `node:crypto`. */
export function nodePrimitives(options: NodePrimitivesOptions = {}): NoisePrimitives {
  const { cipher = "AESGCM", randomBytes } = options;
  return {
    cipher,
    randomBytes: randomBytes ?? secureRandomBytes,
    sha256: (bytes) => createHash("sha256").update(bytes).digest(),
    // Importing a key takes 900 us in Node 20, making a new pair 70 us.
    generateKeyPair: () => (randomBytes ? importKeyPair(randomBytes(KEY_SIZE_BYTES)) : newKeyPair()),
    keyPair: importKeyPair,
    aeadKey: (key) => new NodeAeadKey(cipher, key),
  };
}

/**
 * What precedes a raw private key in DER (RFC 8410). A JWK would be quicker, but in Node 26 it needs the public key.
 */
const privateKeyHeader = Buffer.from("302e020100300506032b656e04220420", "hex");

const publicKeyEncoding = { format: "der", type: "spki" } as const;

function importKeyPair(privateKey: Uint8Array): KeyPair {
  const der = Buffer.concat([privateKeyHeader, privateKey]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return new NodeKeyPair(key, createPublicKey(key).export(publicKeyEncoding));
}

/**
 * Makes a pair and its public key in one call. Asking a new key for it afterwards (`export`) can stop the process for
 * ever in Node 20: it holds the key's lock, and the garbage collection in it may end the job that made the key, which
 * waits for that lock.
 */
function newKeyPair(): KeyPair {
  const options = { publicKeyEncoding };
  const { publicKey, privateKey } = generateKeyPairSync("x25519", options);
  // The types of `node:crypto` know encodings for both keys or for none.
  return new NodeKeyPair(privateKey, publicKey as unknown as Buffer);
}

class NodeKeyPair implements KeyPair {
  readonly publicKey: Uint8Array;
  readonly #privateKey: KeyObject;

  constructor(privateKey: KeyObject, publicKeyDer: Buffer) {
    this.#privateKey = privateKey;
    this.publicKey = new Uint8Array(publicKeyDer.subarray(-KEY_SIZE_BYTES));
  }

  diffieHellman(publicKey: Uint8Array): Uint8Array {
    const x = Buffer.from(publicKey).toString("base64url");
    // Reading it as DER would take 120 us instead of 5, which is longer than the key agreement itself.
    const key = createPublicKey({ key: { kty: "OKP", crv: "X25519", x }, format: "jwk" });
    return diffieHellman({ privateKey: this.#privateKey, publicKey: key });
  }
}

const cipherOptions = { authTagLength: TAG_SIZE_BYTES };

// Everything here is synchronous, so all keys can share the buffers that a call needs.
const nonce = new Uint8Array(12);
const nonceView = new DataView(nonce.buffer);
const tag = new Uint8Array(TAG_SIZE_BYTES);

class NodeAeadKey implements AeadKey {
  readonly #key: KeyObject;
  /** The types of `node:crypto` have the methods that both ciphers share under the type of AES-GCM only. */
  readonly #algorithm: CipherGCMTypes;
  /** Noise puts the nonce in the byte order that the specification of the cipher uses. */
  readonly #isLittleEndian: boolean;

  constructor(cipher: NoisePrimitives["cipher"], key: Uint8Array) {
    this.#key = createSecretKey(key);
    this.#isLittleEndian = cipher === "ChaChaPoly";
    this.#algorithm = (this.#isLittleEndian ? "chacha20-poly1305" : "aes-256-gcm") as CipherGCMTypes;
  }

  seal(low: number, high: number, buffer: Uint8Array, start: number, headerBytes: number, end: number): void {
    const content = start + headerBytes;
    this.#setNonce(low, high);
    const cipher = createCipheriv(this.#algorithm, this.#key, nonce, cipherOptions);
    cipher.setAAD(buffer.subarray(start, content));
    buffer.set(cipher.update(buffer.subarray(content, end)), content);
    cipher.final();
    buffer.set(cipher.getAuthTag(), end);
  }

  open(low: number, high: number, buffer: Uint8Array, start: number, headerBytes: number, end: number): boolean {
    const content = start + headerBytes;
    const tagStart = end - TAG_SIZE_BYTES;
    this.#setNonce(low, high);
    for (let index = 0; index < TAG_SIZE_BYTES; index++) tag[index] = buffer[tagStart + index] as number;
    const decipher = createDecipheriv(this.#algorithm, this.#key, nonce, cipherOptions);
    decipher.setAuthTag(tag);
    decipher.setAAD(buffer.subarray(start, content));
    const opened = decipher.update(buffer.subarray(content, tagStart));
    try {
      decipher.final();
    } catch {
      buffer.fill(0, content, end);
      return false;
    }
    buffer.set(opened, content);
    return true;
  }

  #setNonce(low: number, high: number): void {
    nonceView.setUint32(4, this.#isLittleEndian ? low : high, this.#isLittleEndian);
    nonceView.setUint32(8, this.#isLittleEndian ? high : low, this.#isLittleEndian);
  }
}

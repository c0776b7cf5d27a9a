import { concatBytes, equalBytes } from "../bytes.js";
import { NetworkError } from "../network-error.js";
import { HandshakePattern, HandshakeRole, HandshakeState } from "./handshake-state.js";
import { KEY_SIZE_BYTES, type KeyPair, type NoisePrimitives, primitivesOption } from "./primitives.js";

/** The key pair of a server, as text. */
export interface ServerKey {
  /** Goes to every client: `vs1public_` and 48 characters. */
  publicKey: string;
  /** Stays on the server: `vs1private_` and 48 characters. Whoever has it can pass for the server. */
  privateKey: string;
}

/** The result of {@link acceptHandshake}. */
export interface AcceptedHandshake {
  /** The handshake, in which the responder writes next. */
  handshake: HandshakeState;
  /** That of the initiator's message. It may be a replay of an old one. */
  payload: Uint8Array;
  /** The index of the key that the client has pinned. */
  keyIndex: number;
}

const PUBLIC_PREFIX = "vs1public_";
const PRIVATE_PREFIX = "vs1private_";
const CHECKSUM_SIZE_BYTES = 4;

/** Makes a key pair for a server. @throws TypeError `ERR_INVALID_ARG_TYPE` without primitives */
export function generateServerKey(primitives: NoisePrimitives): ServerKey {
  primitivesOption("primitives", primitives);
  const privateKey = primitives.randomBytes(KEY_SIZE_BYTES);
  return {
    publicKey: format(primitives, PUBLIC_PREFIX, primitives.keyPair(privateKey).publicKey),
    privateKey: format(primitives, PRIVATE_PREFIX, privateKey),
  };
}

/**
 * The bytes of a `ServerKey.publicKey`, which a client pins. White space around it is ignored, as at the end of a file.
 *
 * @throws NetworkError `ERR_BAD_SERVER_KEY`
 */
export function parseServerPublicKey(primitives: NoisePrimitives, text: string): Uint8Array {
  return parse(primitives, PUBLIC_PREFIX, text);
}

/**
 * The key pair of a `ServerKey.privateKey`. White space around it is ignored.
 *
 * @throws NetworkError `ERR_BAD_SERVER_KEY`
 */
export function parseServerPrivateKey(primitives: NoisePrimitives, text: string): KeyPair {
  return primitives.keyPair(parse(primitives, PRIVATE_PREFIX, text));
}

/**
 * Reads the first message of NK at a server with one key, or with several: the old and the new one while clients move
 * over. A message that fits no key costs a key agreement for each of them.
 *
 * @throws NetworkError `ERR_NOISE_DECRYPT` if the message was written for another key or prologue, or altered;
 *   `ERR_NOISE_MESSAGE` and `ERR_NOISE_KEY` as `HandshakeState.readMessage`
 */
export function acceptHandshake(
  primitives: NoisePrimitives,
  keys: readonly KeyPair[],
  prologue: Uint8Array,
  message: Uint8Array,
): AcceptedHandshake {
  for (const [keyIndex, staticKey] of keys.entries()) {
    const role = HandshakeRole.Responder;
    const handshake = new HandshakeState({ primitives, pattern: HandshakePattern.NK, role, prologue, staticKey });
    try {
      return { handshake, payload: handshake.readMessage(message), keyIndex };
    } catch (error) {
      if (keyIndex === keys.length - 1) throw error;
    }
  }
  throw new RangeError("keys must not be empty");
}

function format(primitives: NoisePrimitives, prefix: string, key: Uint8Array): string {
  const bytes = concatBytes([key, checksum(primitives, prefix, key)]);
  return (
    prefix +
    btoa(String.fromCharCode(...bytes))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
  );
}

function parse(primitives: NoisePrimitives, prefix: string, given: string): Uint8Array {
  primitivesOption("primitives", primitives);
  // Errors never contain the text itself: it may be a secret in the wrong place.
  if (typeof given !== "string") throw badKey(`it is not a text that starts with ${prefix}`);
  const text = given.trim();
  const other = prefix === PUBLIC_PREFIX ? PRIVATE_PREFIX : PUBLIC_PREFIX;
  if (text.startsWith(other)) throw badKey(`it starts with ${other}, but a key that starts with ${prefix} is needed`);
  if (!text.startsWith(prefix)) throw badKey(`it does not start with ${prefix}`);
  const encoded = text.slice(prefix.length);
  if (!/^[\w-]{48}$/.test(encoded)) throw badKey(`${prefix} is not followed by 48 letters, digits, - or _`);
  const bytes = Uint8Array.from(atob(encoded.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
  const key = bytes.slice(0, KEY_SIZE_BYTES);
  const expected = checksum(primitives, prefix, key);
  if (!equalBytes(expected, bytes.subarray(KEY_SIZE_BYTES))) {
    throw badKey("its checksum is wrong, so it was altered or copied with a mistake");
  }
  return key;
}

function checksum(primitives: NoisePrimitives, prefix: string, key: Uint8Array): Uint8Array {
  return primitives.sha256(concatBytes([new TextEncoder().encode(prefix), key])).subarray(0, CHECKSUM_SIZE_BYTES);
}

function badKey(why: string): NetworkError {
  return new NetworkError("ERR_BAD_SERVER_KEY", `This is not a server key: ${why}`);
}

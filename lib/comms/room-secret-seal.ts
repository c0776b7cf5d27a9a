import { checkBytes, outOfRange } from "../arguments.js";
import { nonceOf, ROOM_SEAL, SaltedKeys, type VoiceSeal, type VoiceToSeal } from "./wire/voice-seal.js";

/** The fewest bytes of a secret. */
const MIN_SECRET_BYTES = 16;

/** @throws TypeError, RangeError unless it is a secret of at least 16 bytes */
export function checkSecret(secret: Uint8Array): void {
  checkBytes("secret", secret);
  if (secret.length < MIN_SECRET_BYTES) {
    throw outOfRange(`A secret has at least ${MIN_SECRET_BYTES} random bytes, not ${secret.length}`);
  }
}

/**
 * Seals voice with a secret that all players of a room have, and the server does not: AES-128-GCM, by WebCrypto, in
 * Node.js and browsers. How players get the secret is up to you. A packet has 20 bytes more.
 *
 * @param secret at least 16 random bytes
 * @throws TypeError, RangeError
 */
export function roomSecretSeal(secret: Uint8Array): VoiceSeal {
  checkSecret(secret);
  const { subtle } = globalThis.crypto;
  const material = subtle.importKey("raw", copied(secret), "HKDF", false, ["deriveKey"]);
  const keys = new SaltedKeys(async (salt) => {
    const derivation = { name: "HKDF", hash: "SHA-256", salt: copied(salt), info: encoder.encode(ROOM_SEAL.info) };
    const algorithm = { name: "AES-GCM", length: 8 * ROOM_SEAL.keyBytes };
    return subtle.deriveKey(derivation, await material, algorithm, false, ["encrypt", "decrypt"]);
  });
  const parametersOf = ({ counter, header }: VoiceToSeal) => {
    return { name: "AES-GCM", iv: copied(nonceOf(counter)), additionalData: copied(header) };
  };
  return {
    overheadBytes: ROOM_SEAL.tagBytes,
    seal: async (voice) => {
      const [parameters, bytes] = [parametersOf(voice), copied(voice.bytes)];
      return new Uint8Array(await subtle.encrypt(parameters, await keys.of(voice.salt), bytes));
    },
    open: async (voice) => {
      const [parameters, bytes] = [parametersOf(voice), copied(voice.bytes)];
      const key = await keys.of(voice.salt);
      return subtle.decrypt(parameters, key, bytes).then(
        (opened) => new Uint8Array(opened),
        () => null,
      );
    },
  };
}

const encoder = new TextEncoder();
/** In memory of its own, as WebCrypto wants it. */
const copied = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => Uint8Array.from(bytes);

import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";
import { checkSecret } from "./room-secret-seal.js";
import { nonceOf, ROOM_SEAL, SaltedKeys, type VoiceSeal } from "./wire/voice-seal.js";

const CIPHER = "aes-128-gcm";

/**
 * The same seal as that of `valve-sockets/comms`, by OpenSSL and at once: it takes a fifth of the time. Players with
 * either hear each other.
 *
 * @param secret at least 16 random bytes
 * @throws TypeError, RangeError
 */
export function roomSecretSeal(secret: Uint8Array): VoiceSeal {
  checkSecret(secret);
  const own = Uint8Array.from(secret);
  const { info, keyBytes, tagBytes } = ROOM_SEAL;
  const keys = new SaltedKeys((salt) => new Uint8Array(hkdfSync("sha256", own, salt, info, keyBytes)));
  return {
    overheadBytes: tagBytes,
    seal: ({ bytes, counter, header, salt }) => {
      const cipher = createCipheriv(CIPHER, keys.of(salt), nonceOf(counter));
      cipher.setAAD(header);
      return Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
    },
    open: ({ bytes, counter, header, salt }) => {
      if (bytes.length < tagBytes) return null;
      const end = bytes.length - tagBytes;
      const decipher = createDecipheriv(CIPHER, keys.of(salt), nonceOf(counter), { authTagLength: tagBytes });
      decipher.setAAD(header).setAuthTag(bytes.subarray(end));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(0, end)), decipher.final()]);
      } catch {
        return null;
      }
    },
  };
}

import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import { checkBytes, rangeError, typeError } from "../../arguments.js";
import { concatBytes, equalBytes } from "../../bytes.js";
import { type RandomBytes, secureRandomBytes } from "../../random.js";

const MIN_KEY_BYTES = 32;
/** Which of the keys it was: the first bytes of a session's id and of what is sealed. */
const TAG_BYTES = 4;
const SESSION_BYTES = 16;
const NONCE_BYTES = 12;
const SEAL_BYTES = 16;
const CIPHER = "aes-256-gcm";

interface Key {
  readonly tag: Uint8Array;
  readonly session: Uint8Array;
  readonly seal: Uint8Array;
}

/**
 * What follows from the fleet's key, which all hosts have: the secrets of sessions, which are never stored or sent
 * between hosts, and the seal of tickets. During a rotation there are two keys: all hosts get the new one as the second
 * first, and then as the first.
 */
export class FleetKeys {
  readonly #keys: readonly Key[];
  readonly #randomBytes: RandomBytes;

  /**
   * @param keys one or two, of 32 bytes or more each. The first makes what is new; what the second made holds as well
   * @throws TypeError, RangeError for wrong keys, or the same one twice
   */
  constructor(keys: readonly Uint8Array[], randomBytes: RandomBytes = secureRandomBytes) {
    if (!Array.isArray(keys)) throw typeError("fleetKey", "an array of keys");
    if (keys.length < 1 || keys.length > 2) throw rangeError("fleetKey", "one key, or two during a rotation");
    this.#keys = keys.map((key, at) => {
      checkBytes(`fleetKey[${at}]`, key);
      if (key.length < MIN_KEY_BYTES) throw rangeError(`fleetKey[${at}]`, `${MIN_KEY_BYTES} bytes or more`);
      const derive = (label: string) => hmac(key, new TextEncoder().encode(`valve-sockets fleet ${label}`));
      return { tag: derive("tag").subarray(0, TAG_BYTES), session: derive("session"), seal: derive("seal") };
    });
    const [first, second] = this.#keys;
    if (first && second && equalBytes(first.tag, second.tag)) throw rangeError("fleetKey", "two different keys");
    this.#randomBytes = randomBytes;
  }

  /** What the keys are called: it tells nothing of them. The first is of the key that makes what is new. */
  get tags(): Uint8Array[] {
    return this.#keys.map(({ tag }) => tag);
  }

  /** Whether a host whose keys have these tags reads what this one makes. */
  isReadBy(tags: readonly Uint8Array[]): boolean {
    const [{ tag: mine }] = this.#keys as [Key];
    return tags.some((tag) => equalBytes(tag, mine));
  }

  /** Whether this host reads what a host makes whose keys have these tags, and that one what this one makes. */
  agreeWith(tags: readonly Uint8Array[]): boolean {
    const [first] = tags;
    return first !== undefined && this.#keyOf(first) !== undefined && this.isReadBy(tags);
  }

  /** A new session: its id of 16 bytes, and its secret of 32. */
  createSession(): { id: Uint8Array; secret: Uint8Array } {
    const [{ tag, session }] = this.#keys as [Key];
    const id = concatBytes([tag, this.#randomBytes(SESSION_BYTES - TAG_BYTES)]);
    return { id, secret: hmac(session, id) };
  }

  /** The secret of a session of any host; `null` if its key is no longer among the keys. */
  secretOf(id: Uint8Array): Uint8Array | null {
    const key = id.length === SESSION_BYTES && this.#keyOf(id);
    return key ? hmac(key.session, id) : null;
  }

  /** Encrypts what only hosts of the fleet can read and make: 32 bytes more. */
  seal(bytes: Uint8Array): Uint8Array {
    const [{ tag, seal }] = this.#keys as [Key];
    const nonce = this.#randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, seal, nonce);
    const sealed = concatBytes([cipher.update(bytes), cipher.final()]);
    return concatBytes([tag, nonce, sealed, cipher.getAuthTag()]);
  }

  /** What was sealed; `null` if it was altered, or sealed with another key. */
  open(sealed: Uint8Array): Uint8Array | null {
    const key = sealed.length >= TAG_BYTES + NONCE_BYTES + SEAL_BYTES && this.#keyOf(sealed);
    if (!key) return null;
    const start = TAG_BYTES + NONCE_BYTES;
    const end = sealed.length - SEAL_BYTES;
    const decipher = createDecipheriv(CIPHER, key.seal, sealed.subarray(TAG_BYTES, start), {
      authTagLength: SEAL_BYTES,
    });
    decipher.setAuthTag(sealed.subarray(end));
    const bytes = decipher.update(sealed.subarray(start, end));
    try {
      return concatBytes([bytes, decipher.final()]);
    } catch {
      return null;
    }
  }

  #keyOf(bytes: Uint8Array): Key | undefined {
    const tag = bytes.subarray(0, TAG_BYTES);
    return this.#keys.find((key) => equalBytes(key.tag, tag));
  }
}

const hmac = (key: Uint8Array, bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHmac("sha256", key).update(bytes).digest());

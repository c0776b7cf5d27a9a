/** A voice packet on its way through a seal. Its bytes are valid during the call. */
export interface VoiceToSeal {
  /** 16 random bytes that the speaker drew when it started, and that it has told everybody. */
  readonly salt: Uint8Array;
  /** Counts the packets under this salt: below 2^48, each number once. */
  readonly counter: number;
  /** What is authenticated and travels in the clear: the speaker's id, speech, packet and frame counter. */
  readonly header: Uint8Array;
  /** The frames: to be sealed, or as they were sealed. */
  readonly bytes: Uint8Array;
}

/**
 * Seals voice from end to end: the server sends on what it cannot hear. Both functions may be async, and then copy what
 * they need before they wait.
 */
export interface VoiceSeal {
  /** How much longer `seal` makes the bytes, 0 to 64. */
  readonly overheadBytes: number;
  /** The sealed frames: exactly `overheadBytes` longer than they were. */
  seal(voice: VoiceToSeal): Uint8Array | Promise<Uint8Array>;
  /** The frames; null for bytes that were sealed otherwise, or changed. */
  open(voice: VoiceToSeal): Uint8Array | null | Promise<Uint8Array | null>;
}

export const SALT_BYTES = 16;
/** The most that a seal may add to the frames. */
export const MAX_OVERHEAD_BYTES = 64;

/** How `roomSecretSeal` makes a key of a secret and a salt (HKDF-SHA-256), and seals with it (AES-128-GCM). */
export const ROOM_SEAL = {
  info: "valve-sockets voice 1",
  keyBytes: 16,
  nonceBytes: 12,
  tagBytes: 16,
  /** Keys of speakers that are kept. */
  keys: 4096,
} as const;

/** The nonce of a packet: its counter, in the last 6 bytes. */
export function nonceOf(counter: number): Uint8Array {
  const nonce = new Uint8Array(ROOM_SEAL.nonceBytes);
  const view = new DataView(nonce.buffer);
  view.setUint16(6, Math.floor(counter / 2 ** 32));
  view.setUint32(8, counter % 2 ** 32);
  return nonce;
}

/** The keys of speakers by their salts, each made once; the one used longest ago leaves. */
export class SaltedKeys<Key> {
  readonly #keys = new Map<string, Key>();
  readonly #derive: (salt: Uint8Array) => Key;

  constructor(derive: (salt: Uint8Array) => Key) {
    this.#derive = derive;
  }

  of(salt: Uint8Array): Key {
    const name = String.fromCharCode(...salt);
    const known = this.#keys.get(name);
    const key = known ?? this.#derive(salt);
    this.#keys.delete(name);
    if (this.#keys.size >= ROOM_SEAL.keys) this.#keys.delete(this.#keys.keys().next().value as string);
    this.#keys.set(name, key);
    return key;
  }
}

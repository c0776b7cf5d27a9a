import { hkdf } from "./hkdf.js";
import {
  type AeadKey,
  checkKey,
  KEY_SIZE_BYTES,
  type NoisePrimitives,
  primitivesOption,
  TAG_SIZE_BYTES,
} from "./primitives.js";

/**
 * How many packets use the same key: the epoch of a packet is its counter divided by this. It is far below the 2^28
 * packets that AES-GCM allows for one key (RFC 9001, B.1), and more than can be lost in a row before a connection times
 * out.
 */
export const PACKETS_PER_EPOCH = 2 ** 20;

/** Counters are whole numbers up to 2^53 - 1, enough for a million packets a second over 285 years. */
const isCounter = (counter: number) => Number.isSafeInteger(counter) && counter >= 0;

/** Whether a header and at least a tag behind it lie within the buffer. */
function isPacket(buffer: Uint8Array, start: number, headerBytes: number, end: number): boolean {
  const areWhole = Number.isInteger(start) && Number.isInteger(headerBytes) && Number.isInteger(end);
  return (
    areWhole && start >= 0 && headerBytes >= 0 && start + headerBytes + TAG_SIZE_BYTES <= end && end <= buffer.length
  );
}

/**
 * The key for one of several spaces of counters in one direction. Each space starts at 0, so two spaces with the same
 * key would use nonces twice.
 *
 * @param key the key of the direction, from `HandshakeState.split`
 * @param space 0 to 255
 * @throws RangeError for a space outside 0 to 255
 */
export function deriveSpaceKey(primitives: NoisePrimitives, key: Uint8Array, space: number): Uint8Array {
  if (!Number.isInteger(space) || space < 0 || space > 255) throw new RangeError("space must be from 0 to 255");
  return hkdf(primitives, key, new TextEncoder().encode(`space ${space}`))[0];
}

/** The key of an epoch. The key of the next one follows from it (Rekey in the Noise specification, section 11.3). */
class EpochKey {
  readonly aead: AeadKey;
  readonly #primitives: NoisePrimitives;

  constructor(primitives: NoisePrimitives, key: Uint8Array) {
    this.#primitives = primitives;
    this.aead = primitives.aeadKey(key);
  }

  next(): EpochKey {
    const sealed = new Uint8Array(KEY_SIZE_BYTES + TAG_SIZE_BYTES);
    this.aead.seal(0xffffffff, 0xffffffff, sealed, 0, 0, KEY_SIZE_BYTES);
    return new EpochKey(this.#primitives, sealed.slice(0, KEY_SIZE_BYTES));
  }
}

/** Seals the packets of one direction. */
export class PacketSealer {
  #key: EpochKey;
  #epoch = 0;
  #last = -1;

  /** @param key 32 bytes, used for this direction and this space of counters only */
  constructor(primitives: NoisePrimitives, key: Uint8Array) {
    primitivesOption("primitives", primitives);
    checkKey("key", key);
    this.#key = new EpochKey(primitives, key);
  }

  /**
   * Seals a packet in place: `headerBytes` from `start` on stay readable but cannot be altered, what follows up to
   * `end` is encrypted, and a tag of `TAG_SIZE_BYTES` is written behind it.
   *
   * @param counter larger than that of the packet before, by at most `PACKETS_PER_EPOCH`. It is never used twice, since
   *   a repeated nonce would reveal the key.
   * @returns the new end
   * @throws RangeError for any other counter, or if `buffer` does not hold the packet and its tag
   */
  seal(counter: number, buffer: Uint8Array, start: number, headerBytes: number, end: number): number {
    if (!isCounter(counter) || counter <= this.#last || counter > this.#last + PACKETS_PER_EPOCH) {
      throw new RangeError(`counter must be from ${this.#last + 1} to ${this.#last + PACKETS_PER_EPOCH}`);
    }
    const sealedEnd = end + TAG_SIZE_BYTES;
    if (!isPacket(buffer, start, headerBytes, sealedEnd)) throw new RangeError("the buffer has no room for the packet");
    const epoch = Math.floor(counter / PACKETS_PER_EPOCH);
    if (epoch > this.#epoch) {
      this.#key = this.#key.next();
      this.#epoch = epoch;
    }
    this.#last = counter;
    this.#key.aead.seal(counter >>> 0, Math.floor(counter / 2 ** 32), buffer, start, headerBytes, end);
    return sealedEnd;
  }
}

/**
 * Opens the packets of one direction, in any order. It keeps the keys of three epochs: that of the newest packet
 * opened, the one before and the one after. It does not notice packets that come twice: {@link ReplayWindow} does.
 */
export class PacketOpener {
  #previous: EpochKey | null = null;
  #current: EpochKey;
  #next: EpochKey;
  #epoch = 0;

  /** @param key the 32 bytes of the sealer's key */
  constructor(primitives: NoisePrimitives, key: Uint8Array) {
    primitivesOption("primitives", primitives);
    checkKey("key", key);
    this.#current = new EpochKey(primitives, key);
    // Derived before it is needed, so that a packet with a forged counter costs no more than any other.
    this.#next = this.#current.next();
  }

  /**
   * Opens a packet in place: `headerBytes` from `start` on, and what is sealed behind them up to `end`. It never
   * throws, whatever the packet contains.
   *
   * @returns the new end; or -1 if the packet is not within `buffer`, is more than one epoch away from the newest
   *   packet opened, or was not sealed by the far end with this counter and header. In the last case everything behind
   *   the header is zero afterwards.
   */
  open(counter: number, buffer: Uint8Array, start: number, headerBytes: number, end: number): number {
    if (!isCounter(counter) || !isPacket(buffer, start, headerBytes, end)) return -1;
    const ahead = Math.floor(counter / PACKETS_PER_EPOCH) - this.#epoch;
    const key = this.#keyAhead(ahead);
    const high = Math.floor(counter / 2 ** 32);
    if (!key?.aead.open(counter >>> 0, high, buffer, start, headerBytes, end)) return -1;
    if (ahead === 1) {
      this.#previous = this.#current;
      this.#current = this.#next;
      this.#next = this.#current.next();
      this.#epoch++;
    }
    return end - TAG_SIZE_BYTES;
  }

  #keyAhead(epochs: number): EpochKey | null {
    if (epochs === 0) return this.#current;
    if (epochs === 1) return this.#next;
    return epochs === -1 ? this.#previous : null;
  }
}

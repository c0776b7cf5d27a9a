import { checkBytes, checkInteger } from "../../arguments.js";
import { isThenable } from "../../brands.js";
import { concatBytes } from "../../bytes.js";
import { ByteSegment } from "../../peer/index.js";
import { HEADER_BYTES } from "../wire/packets.js";
import { SEALED_HEADER_BYTES, type VoicePacket } from "../wire/voice-packet.js";
import { SALT_BYTES, type VoiceSeal } from "../wire/voice-seal.js";

/** Packets that may wait for a seal at once. */
const MAX_WAITING = 256;

/** What a sealer needs of its session. */
export interface SealerOwner {
  randomBytes(count: number): Uint8Array;
  /** Runs what follows a wait. */
  within(run: () => void): void;
  report(error: unknown): void;
}

/** Seals the packets of this client, and opens those of others, at once or when an async seal has. */
export class VoiceSealer {
  readonly salt: Uint8Array;
  readonly #seal: VoiceSeal;
  readonly #owner: SealerOwner;
  readonly #segment = new ByteSegment();
  #waiting = 0;
  /** The last of the results that were waited for. */
  #last: Promise<void> = Promise.resolve();

  constructor(seal: VoiceSeal, owner: SealerOwner) {
    this.#seal = seal;
    this.#owner = owner;
    this.salt = owner.randomBytes(SALT_BYTES).slice();
  }

  get overheadBytes(): number {
    return this.#seal.overheadBytes;
  }

  /** @param framesOffset where the frames begin in the packet */
  seal(packet: ByteSegment, framesOffset: number, counter: number, send: (sealed: ByteSegment) => void): void {
    const bytes = packet.copy();
    const [front, frames] = [bytes.subarray(0, framesOffset), bytes.subarray(framesOffset)];
    const header = bytes.subarray(HEADER_BYTES, HEADER_BYTES + SEALED_HEADER_BYTES);
    const expected = frames.length + this.overheadBytes;
    this.#pass(
      () => this.#seal.seal({ salt: this.salt, counter, header, bytes: frames }),
      (sealed) => {
        checkBytes("What seal() makes", sealed);
        checkInteger("The length of what seal() makes", sealed.length, expected, expected);
        const whole = concatBytes([front, sealed]);
        send(this.#segment.set(whole, 0, whole.length));
      },
    );
  }

  /** Calls `hear` with the frames of a packet of the speaker with this salt, or with null if they cannot be opened. */
  open(voice: VoicePacket, salt: Uint8Array, hear: (frames: Uint8Array | null) => void): void {
    const { buffer, frame, headerOffset, sealCounter: counter } = voice;
    const header = buffer.slice(headerOffset, headerOffset + SEALED_HEADER_BYTES);
    const bytes = buffer.slice(frame.offset, frame.offset + frame.length);
    this.#pass(
      () => this.#seal.open({ salt, counter, header, bytes }),
      (frames) => {
        if (frames) checkBytes("What open() makes", frames);
        hear(frames);
      },
    );
  }

  #pass<T>(run: () => T | Promise<T>, then: (result: T) => void): void {
    try {
      const result = run();
      if (!isThenable(result)) then(result);
      else if (this.#waiting < MAX_WAITING) void this.#wait(result as Promise<T>, then);
      // The packet is lost, and so is what comes of it: nobody waits for a promise that fails.
      else void Promise.resolve(result).catch((error) => this.#owner.report(error));
    } catch (error) {
      this.#owner.report(error);
    }
  }

  /** Results are handed on in the order in which they were asked for: WebCrypto's threads may change it. */
  async #wait<T>(result: Promise<T>, then: (result: T) => void): Promise<void> {
    const before = this.#last;
    this.#waiting++;
    const settled = result.then(
      () => {},
      () => {},
    );
    this.#last = before.then(() => settled);
    try {
      const value = await result;
      await before;
      this.#owner.within(() => then(value));
    } catch (error) {
      this.#owner.report(error);
    } finally {
      this.#waiting--;
    }
  }
}

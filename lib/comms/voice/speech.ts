import { MAX_CHANNELS, type VoicePacket, VoiceTarget } from "../wire/voice-packet.js";
import { Arrival, PacketWindow, WINDOW } from "./packet-window.js";
import { VoiceAge } from "./voice-age.js";

const SESSIONS = 128;
/**
 * No packet is under way for so long. Of a speaker of whom nothing came for that time, numbers that seem old are new:
 * they have begun again, or have gone on, in speech that was for others.
 */
const REST_MS = 5000;

/** How a player is heard, over all channels on which its speech reaches this client. */
export interface Hearing {
  /** Only if all channels are positional. */
  isPositional: boolean;
  /** The highest of all channels. */
  priority: number;
  /** The largest of all channels, 0 to 2. */
  amplitude: number;
}

/** What one player says, as it arrives here: each packet once, and none of older speech. */
export class Speech implements Hearing {
  isSpeaking = false;
  isPositional = false;
  priority = 0;
  amplitude = 0;
  /** When the last packet came. */
  heardMs = 0;
  duplicates = 0;
  /** Packets of older speech, too old in this one, or with a frame that came more than 200 ms late. */
  late = 0;
  #session = -1;
  /** When the last packet came that was new. */
  #acceptedMs = Number.NEGATIVE_INFINITY;
  #sealCounter = -1;
  #isInterrupted = false;
  /** The channels of the last packet. */
  #channelCount = 0;
  readonly #bits = new Int32Array(MAX_CHANNELS);
  readonly #targets = new Int32Array(MAX_CHANNELS);
  readonly #age = new VoiceAge();
  #window = new PacketWindow();
  #receivedBefore = 0;
  #expectedBefore = 0;
  #gapsBefore = 0;

  get received(): number {
    return this.#receivedBefore + this.#window.received;
  }

  get lost(): number {
    return Math.max(0, this.expected - this.received);
  }

  get expected(): number {
    return this.#expectedBefore + this.#window.expected;
  }

  /** How often packets were missing in a row. */
  get gaps(): number {
    return this.#gapsBefore + this.#window.gaps;
  }

  /** It goes on without this client: what is said meanwhile is not lost. */
  interrupt(): void {
    this.#isInterrupted = true;
  }

  /** Whether a sealed packet is older than all that count: speech that was heard before begins again. */
  isRepeated(sealCounter: number): boolean {
    return sealCounter + WINDOW <= this.#sealCounter;
  }

  /** A sealed packet with this number was opened. */
  noteCounter(sealCounter: number): void {
    this.#sealCounter = Math.max(this.#sealCounter, sealCounter);
  }

  /** Whether the packet is to be heard. */
  accept({ channelSession, packetCounter }: VoicePacket, nowMs: number): boolean {
    const isRested = nowMs - this.#acceptedMs >= REST_MS;
    if (channelSession !== this.#session) {
      const ahead = (channelSession - this.#session + SESSIONS) % SESSIONS;
      if (this.#session >= 0 && ahead >= SESSIONS / 2 && !isRested) {
        this.late++;
        return false;
      }
      this.#restart(channelSession);
    }
    let arrival = this.#window.accept(packetCounter, this.#isInterrupted);
    this.#isInterrupted = false;
    if (arrival === Arrival.TooOld && isRested) {
      this.#restart(channelSession);
      arrival = this.#window.accept(packetCounter);
    }
    if (arrival === Arrival.Duplicate) this.duplicates++;
    else if (arrival === Arrival.TooOld) this.late++;
    else this.#acceptedMs = nowMs;
    return arrival === Arrival.New;
  }

  /** Whether the frame of a packet came too late to be heard. */
  isTooOld({ frameCounter }: VoicePacket, frameMs: number, nowMs: number): boolean {
    const isTooOld = this.#age.isTooOld(frameCounter, frameMs, nowMs);
    if (isTooOld) this.late++;
    return isTooOld;
  }

  /** Whether the last packet came on a channel that `isForUs` accepts. */
  isHeard(isForUs: (channel: VoiceTarget) => boolean): boolean {
    const channel = new VoiceTarget();
    for (let index = 0; index < this.#channelCount; index++) {
      channel.bits = this.#bits[index] as number;
      channel.target = this.#targets[index] as number;
      if (isForUs(channel)) return true;
    }
    return false;
  }

  /** Collects how the packet is heard on the channels that `isForUs` accepts. What is heard
   * on several channels is heard once. */
  hear(packet: VoicePacket, isForUs: (channel: VoiceTarget) => boolean): "not for us" | "closed" | "open" {
    let matching = 0;
    let open = 0;
    this.isPositional = true;
    this.priority = 0;
    this.amplitude = 0;
    this.#channelCount = packet.channelCount;
    for (let index = 0; index < packet.channelCount; index++) {
      const channel = packet.channels[index] as VoiceTarget;
      this.#bits[index] = channel.bits;
      this.#targets[index] = channel.target;
      if (!isForUs(channel)) continue;
      matching++;
      if (!channel.isClosing) open++;
      this.isPositional &&= channel.isPositional;
      this.priority = Math.max(this.priority, channel.priority);
      this.amplitude = Math.max(this.amplitude, channel.amplitudeByte / 128);
    }
    if (matching === 0) return "not for us";
    return open === 0 ? "closed" : "open";
  }

  #restart(session: number): void {
    this.#receivedBefore += this.#window.received;
    this.#expectedBefore += this.#window.expected;
    this.#gapsBefore += this.#window.gaps;
    this.#window = new PacketWindow();
    this.#session = session;
  }
}

import type { Clock } from "../../clock.js";
import { TokenBucket } from "../../guard/token-bucket.js";
import { type CodecSettings, framesPerSecond } from "../values/codec-settings.js";
import { TEXT_RATE } from "../wire/packets.js";
import { checkName } from "../wire/room-id.js";
import { WorstReport } from "./worst-report.js";

const VOICE_BURST = 50;
const VOICE_BYTES_PER_SECOND = 16_000;
const STATES_PER_SECOND = 20;
const STATE_BURST = 100;
const SIGNALS_PER_SECOND = 20;
/** One for each speaker, once a second. */
const REPORTS_PER_SECOND = 200;
/** A client above twice its rate for so long is at fault; a line that stalled is not. */
const FAULT_SECONDS = 10;

/** A client of a voice session, as its server sees it. */
export interface IServerClient<TPeer> {
  /** Its connection, as the network's transport has it. */
  readonly peer: TPeer;
  /** 0 to 65,535, given by the server. */
  readonly id: number;
  /** Unique in the session: 1 to 64 bytes of UTF-8 in the form NFC. */
  readonly name: string;
  /** What it speaks, as it says. */
  readonly codec: Readonly<CodecSettings>;
  /** The rooms that it listens to. */
  readonly rooms: readonly string[];
  /** What it says goes nowhere. @defaultValue false */
  muteOnServer: boolean;
  /** It hears nothing. @defaultValue false */
  deafenOnServer: boolean;
  /** Makes it leave a room; it may join again. @returns whether it was there; @throws TypeError for what is no name */
  removeFromRoom(room: string): boolean;
}

/** A room with listeners. */
export class ServerRoom<TPeer> {
  /** Dense, so that voice is sent on without going through a set. */
  readonly members: ServerClient<TPeer>[] = [];

  constructor(
    readonly id: number,
    readonly name: string,
  ) {}

  remove(client: ServerClient<TPeer>): void {
    const index = this.members.indexOf(client);
    const last = this.members.pop();
    if (last && last !== client) this.members[index] = last;
  }
}

export class ServerClient<TPeer> implements IServerClient<TPeer> {
  readonly joined = new Map<number, ServerRoom<TPeer>>();
  readonly texts: TokenBucket;
  readonly states: TokenBucket;
  readonly signals: TokenBucket;
  /** What it says of the loss of others, which is not to cost it its rooms. */
  readonly lossReports: TokenBucket;
  /** What its listeners report. */
  readonly reports = new WorstReport();
  muteOnServer = false;
  deafenOnServer = false;
  /** It was suspended: its connection is away, and nothing is sent to it. */
  isSuspended = false;
  /** The packet that it was given last, so that each gets a packet once. */
  stamp = 0;
  readonly #voice: TokenBucket;
  readonly #voiceBytes: TokenBucket;
  readonly #excess: TokenBucket;
  readonly #leave: (client: ServerClient<TPeer>, room: ServerRoom<TPeer>) => void;

  constructor(
    readonly peer: TPeer,
    readonly id: number,
    readonly name: string,
    readonly codec: Readonly<CodecSettings>,
    readonly salt: Uint8Array,
    clock: Clock,
    leave: (client: ServerClient<TPeer>, room: ServerRoom<TPeer>) => void,
  ) {
    const perSecond = 1.2 * framesPerSecond(codec);
    this.#voice = new TokenBucket(clock, VOICE_BURST, perSecond);
    this.#voiceBytes = new TokenBucket(clock, VOICE_BYTES_PER_SECOND, VOICE_BYTES_PER_SECOND);
    this.#excess = new TokenBucket(clock, FAULT_SECONDS * 2 * perSecond, 2 * perSecond);
    this.texts = new TokenBucket(clock, TEXT_RATE.burst, TEXT_RATE.perSecond);
    this.states = new TokenBucket(clock, STATE_BURST, STATES_PER_SECOND);
    this.signals = new TokenBucket(clock, SIGNALS_PER_SECOND, SIGNALS_PER_SECOND);
    this.lossReports = new TokenBucket(clock, REPORTS_PER_SECOND, REPORTS_PER_SECOND);
    this.#leave = leave;
  }

  get rooms(): readonly string[] {
    return [...this.joined.values()].map(({ name }) => name);
  }

  /** Whether a voice packet is within its rate; what is above is dropped, and a fault only if it lasts. */
  judgeVoice(bytes: number): "taken" | "dropped" | "fault" {
    const isFault = this.#excess.take(1) < 0;
    if (this.#voice.tryTake(1) && this.#voiceBytes.tryTake(bytes)) return "taken";
    return isFault ? "fault" : "dropped";
  }

  removeFromRoom(room: string): boolean {
    const name = checkName("The name of a room", room);
    for (const joined of this.joined.values()) {
      if (joined.name !== name) continue;
      this.#leave(this, joined);
      return true;
    }
    return false;
  }
}

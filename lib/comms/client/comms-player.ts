import type { TokenBucket } from "../../guard/token-bucket.js";
import { gainOption } from "../values/channel-options.js";
import type { CodecSettings } from "../values/codec-settings.js";
import { LossMeter } from "../voice/loss-meter.js";
import { Speech } from "../voice/speech.js";

/** What has become of the voice packets of one player on the way here. */
export interface VoiceStatistics {
  /** Those that came, without copies. */
  readonly received: number;
  /** Those whose number is missing. */
  readonly lost: number;
  /** Those that came again. */
  readonly duplicates: number;
  /** Those that came too late to be of use. */
  readonly late: number;
}

/** A player of a voice session. */
export interface ICommsPlayer {
  /** Unique in the session: 1 to 64 bytes of UTF-8 in the form NFC. */
  readonly name: string;
  /** Given by the server of this session: 0 to 65,535. */
  readonly id: number;
  /** This client itself. */
  readonly isLocal: boolean;
  /** What it speaks. */
  readonly codec: Readonly<CodecSettings>;
  /** The rooms that it listens to. */
  readonly rooms: ReadonlySet<string>;
  /** Whether what it says can be heard here at the moment. */
  readonly isSpeaking: boolean;
  /** What it says is not to be heard here. @defaultValue false */
  isLocallyMuted: boolean;
  /** How loud it is to be here, 0 to 2. Setting it throws TypeError, RangeError for anything else. @defaultValue 1 */
  volume: number;
  /** Whether voice goes to it directly, without the server. */
  readonly isDirect: boolean;
  /** Whether it says that its voice is sealed from end to end. */
  readonly isSealed: boolean;
  /** What has become of its voice packets on the way here. */
  readonly statistics: VoiceStatistics;
}

/** What is known of one client, with how it can be reached without the server. */
export interface ClientInfo<TPeer> {
  /** Unique in the session: 1 to 64 bytes of UTF-8 in the form NFC. */
  readonly name: string;
  /** Given by the server of this session: 0 to 65,535. */
  readonly id: number;
  /** What it speaks. */
  readonly codec: Readonly<CodecSettings>;
  /** The rooms that it listens to. */
  readonly rooms: ReadonlySet<string>;
  /** Null: by the server only. */
  readonly connection: TPeer;
}

export class CommsPlayer<TPeer> implements ICommsPlayer, ClientInfo<TPeer | null> {
  readonly rooms = new Set<string>();
  /** Their numbers on the wire, which are asked for with each packet. */
  readonly roomIds = new Set<number>();
  readonly speech = new Speech();
  readonly losses = new LossMeter(this.speech);
  connection: TPeer | null = null;
  /** How many texts it may send without the server, which counts its own; made with the first one. */
  directTexts: TokenBucket | null = null;
  isLocallyMuted = false;
  #volume = 1;

  constructor(
    readonly name: string,
    readonly id: number,
    public codec: Readonly<CodecSettings>,
    /** Of its sealed voice; empty: it is not sealed. */
    public salt: Uint8Array,
    readonly isLocal: boolean,
  ) {}

  get volume(): number {
    return this.#volume;
  }

  set volume(volume: number) {
    gainOption("volume", volume);
    this.#volume = volume;
  }

  get isSpeaking(): boolean {
    return this.speech.isSpeaking;
  }

  get isSealed(): boolean {
    return this.salt.length > 0;
  }

  get isDirect(): boolean {
    return this.connection !== null;
  }

  get statistics(): VoiceStatistics {
    const { received, lost, duplicates, late } = this.speech;
    return { received, lost, duplicates, late };
  }
}

import type { Clock } from "../../clock.js";
import { NetworkError } from "../../network-error.js";
import { ByteSegment } from "../../peer/index.js";
import { NetworkReader } from "../../serialization/index.js";
import { frameMs } from "../values/codec-settings.js";
import { HEADER_BYTES } from "../wire/packets.js";
import { roomIdOf } from "../wire/room-id.js";
import { VoicePacket, type VoiceTarget } from "../wire/voice-packet.js";
import type { CommsCore, HeardVoice } from "./comms-core.js";
import type { CommsPlayer } from "./comms-player.js";
import type { PlayerTable } from "./player-table.js";
import type { VoiceSealer } from "./voice-sealer.js";

const SPEECH_TIMEOUT_MS = 500;

/** What a session has counted of the voice of others. */
export interface HeardMetrics {
  malformed: number;
  /** Voice that is not for this client, or is not to be heard. */
  voiceForOthers: number;
  /** Voice that is not sealed though all is to be, that no seal of this client opens, or that was altered. */
  sealFailures: number;
}

/** What the voice of others needs of its session. */
export interface ReceiverOwner<TPeer> {
  readonly id: number;
  readonly metrics: HeardMetrics;
  readonly clock: Clock;
  readonly comms: CommsCore;
  readonly players: PlayerTable<TPeer>;
  /** Null: voice is not sealed. */
  readonly sealer: VoiceSealer | null;
}

/** What other players say: to whom it is said, sealed or not, once, until they are silent. */
export class VoiceReceiver<TPeer> {
  readonly #owner: ReceiverOwner<TPeer>;
  readonly #roomIds = new Set<number>();
  readonly #reader = new NetworkReader();
  readonly #voice = new VoicePacket();
  readonly #frame = new ByteSegment();

  constructor(owner: ReceiverOwner<TPeer>) {
    this.#owner = owner;
  }

  /** When the next speaker counts as silent, unless a packet comes before. */
  get nextSilenceMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { speech } of this.#owner.players.speaking) next = Math.min(next, speech.heardMs + SPEECH_TIMEOUT_MS);
    return next;
  }

  /** Speakers of whom nothing has come for a while are silent. */
  update(now: number): void {
    const { players } = this.#owner;
    for (const player of players.speaking)
      if (now - player.speech.heardMs >= SPEECH_TIMEOUT_MS) players.silence(player);
  }

  /** This client listens to these rooms. */
  listenTo(rooms: Iterable<string>): void {
    this.#roomIds.clear();
    for (const room of rooms) this.#roomIds.add(roomIdOf(room));
    const { players } = this.#owner;
    for (const player of players.speaking) if (!player.speech.isHeard(this.#isForUs)) this.#leave(player);
  }

  /** Reads a packet behind its header. @throws NetworkError for one that cannot be read */
  read(reader: NetworkReader, packet: ByteSegment): VoicePacket {
    this.#voice.read(reader, packet);
    return this.#voice;
  }

  /** Takes the packet that was read last. */
  receive(packet: ByteSegment): void {
    const voice = this.#voice;
    const { metrics, players, sealer } = this.#owner;
    const player = players.find(voice.sender);
    if (!player || player.isLocal) return;
    if (!sealer && !voice.isSealed) this.#hear(player);
    // Whoever has a seal hears nothing else: the server could say it.
    else if (!sealer || !voice.isSealed) metrics.sealFailures++;
    else if (!player.speech.isRepeated(voice.sealCounter)) this.#open(sealer, player, packet.copy());
  }

  #open(sealer: VoiceSealer, player: CommsPlayer<TPeer>, packet: Uint8Array): void {
    const { metrics, players } = this.#owner;
    sealer.open(this.#voice, player.salt, (frames) => {
      if (!frames) metrics.sealFailures++;
      if (!frames || players.find(player.id) !== player) return;
      try {
        this.#reader.reset(packet, HEADER_BYTES);
        this.#voice.read(this.#reader, this.#frame.set(packet, 0, packet.length));
        this.#voice.opened(this.#reader, frames);
      } catch (error) {
        // A player that knows the secret has sealed what is no voice.
        if (!(error instanceof NetworkError)) throw error;
        metrics.malformed++;
        return;
      }
      player.speech.noteCounter(this.#voice.sealCounter);
      this.#hear(player);
    });
  }

  /** Takes the packet in `#voice`, whose frames are there to be heard. */
  #hear(player: CommsPlayer<TPeer>): void {
    const { clock, comms, metrics, players } = this.#owner;
    const voice = this.#voice;
    const now = clock.now();
    if (!player.speech.accept(voice, now)) return;
    const isTooOld = player.speech.isTooOld(voice, frameMs(player.codec), now);
    const hearing = player.speech.hear(voice, this.#isForUs);
    if (hearing === "not for us" || player.isLocallyMuted || comms.isDeafened) {
      metrics.voiceForOthers++;
      players.silence(player);
      return;
    }
    if (isTooOld) comms.lateness.add(1, now);
    else player.speech.heardMs = now;
    if (voice.frame.length > 0 && !isTooOld) {
      if (!player.isSpeaking && hearing === "open") players.speaks(player);
      comms.events.emit("voiceReceived", this.#heard(player));
    }
    if (hearing === "closed") this.#leave(player);
  }

  /** A player may speak on, and this client does not hear it. */
  #leave(player: CommsPlayer<TPeer>): void {
    player.speech.interrupt();
    this.#owner.players.silence(player);
  }

  #heard(player: CommsPlayer<TPeer>): HeardVoice {
    const { buffer, frame } = this.#voice;
    const { amplitude, isPositional, priority } = player.speech;
    const bytes = this.#frame.set(buffer, frame.offset, frame.length);
    return { player, frame: bytes, packet: this.#voice, amplitude: amplitude * player.volume, isPositional, priority };
  }

  readonly #isForUs = ({ isToPlayer, target }: VoiceTarget): boolean =>
    isToPlayer ? target === this.#owner.id : this.#roomIds.has(target);
}

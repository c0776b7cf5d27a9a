import { NetworkError } from "../../network-error.js";
import { ByteSegment } from "../../peer/index.js";
import type { NetworkReader } from "../../serialization/index.js";
import { contents, HEADER_BYTES, MAGIC, PacketType } from "../wire/packets.js";
import { VoicePacket, type VoiceTarget } from "../wire/voice-packet.js";
import type { RoomsTable } from "./rooms-table.js";
import type { ServerClient } from "./server-client.js";
import { COST, type ServerOwner, type SessionEvents, type SessionMetrics } from "./server-owner.js";

/** What a router knows of its session. */
export interface RoutedSession<TPeer> {
  readonly id: number;
  readonly events: SessionEvents<TPeer>;
  readonly metrics: SessionMetrics;
  readonly byId: ReadonlyMap<number, ServerClient<TPeer>>;
  readonly rooms: RoomsTable<TPeer>;
  /** Sends reliably; whoever does not take it joins anew. */
  transmit(to: ServerClient<TPeer>, packet: ByteSegment): void;
}

/** A player, or a room, by its number on the wire. */
interface Destination {
  readonly isToPlayer: boolean;
  readonly target: number;
}

const isSilent = <TPeer>({ isSuspended, muteOnServer }: ServerClient<TPeer>): boolean => muteOnServer || isSuspended;

/** Sends voice on, to whom its channels lead: the same bytes to each, once. */
export class VoiceRouter<TPeer> {
  readonly #session: RoutedSession<TPeer>;
  readonly #owner: ServerOwner<TPeer>;
  readonly #voice = new VoicePacket();
  readonly #frame = new ByteSegment();
  readonly #inner = new ByteSegment();
  readonly #targets: TPeer[] = [];
  #targetCount = 0;
  #stamp = 0;

  constructor(session: RoutedSession<TPeer>, owner: ServerOwner<TPeer>) {
    this.#session = session;
    this.#owner = owner;
  }

  /** A voice packet of `client`. @throws NetworkError for one that cannot be read */
  voice(client: ServerClient<TPeer>, reader: NetworkReader, packet: ByteSegment): void {
    const voice = this.#voice;
    voice.read(reader, packet);
    if (!this.#takeVoice(client, packet) || !this.isOwn(client, voice.sender) || !this.#passes(client)) return;
    this.#beginTargets(client);
    for (let index = 0; index < voice.channelCount; index++)
      this.#addTarget(client, voice.channels[index] as VoiceTarget);
    this.#sendToTargets(packet);
  }

  /** Sends what is inside on to the clients that are named. */
  relay(client: ServerClient<TPeer>, type: PacketType, reader: NetworkReader, packet: ByteSegment): void {
    const ids = contents.destinations.read(reader);
    reader.align();
    const start = reader.bitPosition >>> 3;
    const inner = this.#inner.set(packet.buffer, start, packet.offset + packet.length - start);
    if (inner.length < HEADER_BYTES || reader.readUint16() !== MAGIC)
      throw new NetworkError("ERR_BAD_VALUE", "no packet");
    const innerType = reader.readUint8() as PacketType;
    if (reader.readUint32() !== this.#session.id) return;
    const isVoice = innerType === PacketType.VoiceData;
    if (isVoice !== (type === PacketType.RelayUnreliable) || (!isVoice && innerType !== PacketType.TextData)) {
      this.#owner.charge(client.peer, COST.refused, `A relayed packet of type ${innerType}`);
      return;
    }
    if (isVoice) this.#voice.read(reader, inner);
    const text = isVoice ? null : contents.text.read(reader);
    if (text) reader.finish();
    const isWithinRate = text ? this.takeText(client) : this.#takeVoice(client, packet);
    if (!isWithinRate || !this.isOwn(client, text?.sender ?? this.#voice.sender)) return;
    if (text) this.#relayText(client, ids, text, inner);
    else if (this.#passes(client)) this.#relayVoice(client, ids, inner);
  }

  #relayVoice(client: ServerClient<TPeer>, ids: readonly number[], inner: ByteSegment): void {
    this.#beginTargets(client);
    for (const id of ids) {
      const other = this.#session.byId.get(id);
      if (other && this.#mayHear(client, other)) this.#addListener(other);
    }
    this.#sendToTargets(inner);
  }

  #relayText(client: ServerClient<TPeer>, ids: readonly number[], text: Destination, inner: ByteSegment): void {
    if (client.muteOnServer || client.isSuspended) return;
    for (const id of new Set(ids)) {
      const other = this.#session.byId.get(id);
      if (other && other !== client && this.#leadsTo(client, other, text)) this.#session.transmit(other, inner);
    }
  }

  /**
   * Whether what `client` says, which is in `#voice`, goes to anybody. The application hears it first, whatever way it
   * is to take, and may mute the client or put it out.
   */
  #passes(client: ServerClient<TPeer>): boolean {
    const { events, metrics } = this.#session;
    if (!isSilent(client) && events.listenerCount("voiceFrame") > 0) {
      const { buffer, frame } = this.#voice;
      events.emit("voiceFrame", client, this.#frame.set(buffer, frame.offset, frame.length), this.#voice);
    }
    if (!isSilent(client)) return true;
    metrics.dropped++;
    return false;
  }

  /** Whether a text of `client` is within its rate. */
  takeText(client: ServerClient<TPeer>): boolean {
    if (client.texts.tryTake(1)) return true;
    this.#session.metrics.dropped++;
    this.#owner.charge(client.peer, COST.flood, "More texts than a player writes");
    return false;
  }

  #takeVoice(client: ServerClient<TPeer>, packet: ByteSegment): boolean {
    const verdict = client.judgeVoice(packet.length);
    if (verdict === "taken") return true;
    this.#session.metrics.dropped++;
    if (verdict === "fault") this.#owner.charge(client.peer, COST.flood, "More voice than its codec makes");
    return false;
  }

  /** Whether one of the channels of the voice packet leads to `listener`, and the speaker may use it. */
  #mayHear(client: ServerClient<TPeer>, listener: ServerClient<TPeer>): boolean {
    const { channels, channelCount } = this.#voice;
    for (let index = 0; index < channelCount; index++) {
      if (this.#leadsTo(client, listener, channels[index] as VoiceTarget)) return true;
    }
    return false;
  }

  /** Whether this target is `listener`, or a room with it where `client` may speak. */
  #leadsTo(client: ServerClient<TPeer>, listener: ServerClient<TPeer>, { isToPlayer, target }: Destination): boolean {
    if (isToPlayer) return target === listener.id;
    const room = listener.joined.get(target);
    return room !== undefined && this.#owner.canSpeak(client, room.name);
  }

  /** Whether `client` speaks under its own id; another one is reported. */
  isOwn(client: ServerClient<TPeer>, sender: number): boolean {
    if (sender === client.id) return true;
    this.#session.metrics.spoofed++;
    this.#session.events.emit("voicePacketSpoofed", client, this.#session.byId.get(sender) ?? null);
    this.#owner.charge(client.peer, COST.spoofed, "Voice under the id of another");
    return false;
  }

  #beginTargets(client: ServerClient<TPeer>): void {
    this.#targetCount = 0;
    this.#stamp = (this.#stamp + 1) | 0;
    client.stamp = this.#stamp;
  }

  #addTarget(client: ServerClient<TPeer>, { isToPlayer, target }: VoiceTarget): void {
    if (isToPlayer) {
      const other = this.#session.byId.get(target);
      if (other) this.#addListener(other);
      return;
    }
    const room = this.#session.rooms.find(target);
    if (!room || !this.#owner.canSpeak(client, room.name)) return;
    for (const member of room.members) this.#addListener(member);
  }

  #addListener(client: ServerClient<TPeer>): void {
    if (client.stamp === this.#stamp || client.deafenOnServer || client.isSuspended) return;
    client.stamp = this.#stamp;
    this.#targets[this.#targetCount++] = client.peer;
  }

  #sendToTargets(packet: ByteSegment): void {
    if (this.#targetCount === 0) return;
    this.#session.metrics.forwarded += this.#targetCount;
    this.#owner.transmitMany(this.#targets, this.#targetCount, packet);
  }
}

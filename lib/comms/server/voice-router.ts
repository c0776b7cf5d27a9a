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
}

/** A player, or a room, by its number on the wire. */
interface Destination {
  readonly isToPlayer: boolean;
  readonly target: number;
}

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
    if (!this.#takeVoice(client, packet) || !this.isOwn(client, voice.sender)) return;
    if (client.muteOnServer || client.isSuspended) {
      this.#session.metrics.dropped++;
      return;
    }
    const { buffer, frame } = voice;
    if (this.#session.events.listenerCount("voiceFrame") > 0) {
      this.#session.events.emit("voiceFrame", client, this.#frame.set(buffer, frame.offset, frame.length), voice);
    }
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
    if (client.muteOnServer || client.isSuspended) return;
    this.#beginTargets(client);
    for (const id of ids) {
      const other = this.#session.byId.get(id);
      if (other && (text ? this.#leadsTo(client, other, text) : this.#mayHear(client, other))) this.#addListener(other);
    }
    if (isVoice) this.#sendToTargets(inner);
    else for (const peer of this.#targets.slice(0, this.#targetCount)) this.#owner.transmitReliable(peer, inner);
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

import type { Clock } from "../../clock.js";
import { NetworkError } from "../../network-error.js";
import type { ByteSegment } from "../../peer/index.js";
import { printable } from "../../printable.js";
import { type Codec, type Infer, NetworkReader } from "../../serialization/index.js";
import { frameMs } from "../values/codec-settings.js";
import type { PeerKey } from "../values/peer-key.js";
import type { OpenChannel } from "../voice/open-channel.js";
import { PacketWriter } from "../wire/packet-writer.js";
import { contents, MAGIC, MAX_PACKET_BYTES, PacketType, RefusalKind, WIRE_VERSION } from "../wire/packets.js";
import { roomIdOf } from "../wire/room-id.js";
import type { VoiceTarget } from "../wire/voice-packet.js";
import type { VoiceSeal } from "../wire/voice-seal.js";
import type { CommsCore, CommsSession } from "./comms-core.js";
import type { CommsPlayer } from "./comms-player.js";
import { PlayerTable } from "./player-table.js";
import { RoomTeller } from "./room-teller.js";
import { TextInbox, type TextOwner } from "./text-inbox.js";
import { type ReceiverOwner, VoiceReceiver } from "./voice-receiver.js";
import { VoiceSealer } from "./voice-sealer.js";
import { VoiceSender } from "./voice-sender.js";

/** How far a client's session has come. */
export enum ClientPhase {
  /** Its transport connects. */
  Connecting = 0,
  /** It has said hello. */
  Greeting = 1,
  /** It knows its id, and the others are being listed. */
  Listing = 2,
  Connected = 3,
}

/** What a client of voice does for its session. */
export interface ClientOwner<TPeer> {
  readonly clock: Clock;
  readonly token: Uint8Array;
  /** Null: voice is not sealed. */
  readonly seal: VoiceSeal | null;
  randomBytes(count: number): Uint8Array;
  peerKey(peer: TPeer): PeerKey;
  within(run: () => void): void;
  report(error: unknown): void;
  transmitReliable(packet: ByteSegment): boolean;
  transmitUnreliable(packet: ByteSegment): boolean;
  /** Sends to these directly where that is possible, and by `relay` otherwise. */
  transmitP2P(to: CommsPlayer<TPeer>[], packet: ByteSegment): void;
  sessionAssigned(session: number, id: number): void;
  signalReceived(from: CommsPlayer<TPeer>, bytes: Uint8Array): void;
  phaseChanged(): void;
  /** A reliable packet was lost, or the server has refused this client: the session is over. */
  failed(error: NetworkError): void;
}

/** What a client may send another directly. */
const PEER_TYPES: ReadonlySet<PacketType> = new Set([
  PacketType.VoiceData,
  PacketType.TextData,
  PacketType.HandshakeP2P,
]);

const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 5000;
const RESET_INTERVAL_MS = 1000;

/** A voice session on a client: the handshake, who is there, what is heard. */
export class ClientSession<TPeer> implements CommsSession {
  readonly metrics = {
    packets: 0,
    malformed: 0,
    otherSession: 0,
    voiceForOthers: 0,
    spoofed: 0,
    /** Texts that came directly, above the rate of a player. */
    textFloods: 0,
    sealFailures: 0,
    sendFailures: 0,
  };
  phase = ClientPhase.Connecting;
  id = 0;
  /** Its transport is away for now: nothing is sent. */
  isAway = false;
  /** That of the server; -1 before it has answered. */
  sessionId = -1;
  readonly #owner: ClientOwner<TPeer>;
  readonly #comms: CommsCore;
  readonly #players: PlayerTable<TPeer>;
  readonly #reader = new NetworkReader();
  readonly #packets = new PacketWriter();
  readonly #heard: VoiceReceiver<TPeer>;
  readonly #texts: TextInbox<TPeer>;
  readonly #rooms: RoomTeller;
  readonly #sender: VoiceSender;
  readonly #sealer: VoiceSealer | null;
  #isClosed = false;
  #retryMs = FIRST_RETRY_MS;
  #retryAtMs = Number.POSITIVE_INFINITY;
  #resetMs = Number.NEGATIVE_INFINITY;

  constructor(owner: ClientOwner<TPeer>, comms: CommsCore) {
    this.#owner = owner;
    this.#comms = comms;
    this.#players = new PlayerTable(comms, (peer) => owner.peerKey(peer));
    this.#sealer = owner.seal && new VoiceSealer(owner.seal, owner);
    const idOf = (name: string) => this.#players.findByName(name)?.id ?? null;
    this.#sender = new VoiceSender({ idOf }, this.#sealer?.overheadBytes ?? null, frameMs(comms.codec));
    const receiver = this.#receiverOwner();
    this.#heard = new VoiceReceiver(receiver);
    this.#texts = new TextInbox(receiver);
    this.#rooms = new RoomTeller(owner.clock, comms.rooms, (room, isJoining) => {
      const value = { id: this.id, isJoining, room };
      return this.#sendReliable(PacketType.DeltaClientState, contents.deltaClientState, value);
    });
    comms.session = this;
  }

  get players(): readonly CommsPlayer<TPeer>[] {
    return this.#players.all;
  }

  get expectedLoss(): number {
    return this.#sender.redundancy.expectedLoss;
  }

  /** The transport is connected. A second call does nothing. */
  connected(): void {
    if (this.phase === ClientPhase.Connecting && !this.#isClosed) this.#greet();
  }

  /** The transport was away, and is back: the server says what has happened meanwhile. */
  returned(): void {
    this.isAway = false;
    if (this.phase !== ClientPhase.Connecting && !this.#isClosed) this.#greet();
  }

  /** Does what is due. */
  update(): void {
    const now = this.#owner.clock.now();
    if (now >= this.#retryAtMs && !this.isAway) {
      this.#retryMs = Math.min(MAX_RETRY_MS, this.#retryMs * 1.5);
      this.#sendHello();
    }
    if (now >= this.#rooms.dueMs) this.#tellRooms();
    for (const player of this.#players.speaking) this.#reportLoss(player, now);
    this.#heard.update(now);
    this.#players.forgetUnknownPeers(now);
  }

  /** Whether `update` will have something to do, at `nextDeadlineMs`. */
  get isAnythingDue(): boolean {
    return this.#players.speaking.size > 0 || (this.#ownDeadlineMs < Number.POSITIVE_INFINITY && !this.isAway);
  }

  /** When `update` has something to do next, unless a packet comes before. */
  get nextDeadlineMs(): number {
    return Math.min(this.isAway ? Number.POSITIVE_INFINITY : this.#ownDeadlineMs, this.#heard.nextSilenceMs);
  }

  /** When it has something to say to the server. */
  get #ownDeadlineMs(): number {
    return this.phase === ClientPhase.Connected ? this.#rooms.dueMs : this.#retryAtMs;
  }

  /** The session is over: everybody has left. */
  close(): void {
    this.#isClosed = true;
    if (this.#comms.session === this) this.#comms.session = null;
    this.#players.removeAll();
  }

  /** Takes a packet of the server, or of the client `from`. @returns the id of a client that offers to talk directly */
  receive(packet: ByteSegment, from?: TPeer): number | null {
    if (this.#isClosed) return null;
    this.metrics.packets++;
    const reader = this.#reader;
    try {
      reader.reset(packet.buffer, packet.offset, packet.length);
      if (packet.length > MAX_PACKET_BYTES || reader.readUint16() !== MAGIC) throw notAPacket();
      const type = reader.readUint8() as PacketType;
      const session = reader.readUint32();
      if (from !== undefined && !PEER_TYPES.has(type)) throw notAPacket();
      if (type === PacketType.HandshakeResponse) this.#accepted(session, this.#content(contents.handshakeResponse).id);
      else if (type === PacketType.ErrorWrongSession) this.#wrongSession(session);
      else if (type === PacketType.Refused) this.#refused(this.#content(contents.refused));
      else if (session !== this.sessionId || this.phase < ClientPhase.Listing) this.metrics.otherSession++;
      else if (type === PacketType.HandshakeP2P) return this.#content(contents.handshakeP2P).id;
      else this.#receiveOf(type, packet, from);
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      this.metrics.malformed++;
    }
    return null;
  }

  /** `peer` is client `id`, and can be reached directly. @returns whether that is news, and is to be answered */
  bind(id: number, peer: TPeer): boolean {
    return this.#players.bind(id, peer, this.#owner.clock.now());
  }

  /** The direct way to `peer` is lost: what goes there goes by the server again. */
  unbind(peer: TPeer): void {
    this.#players.unbind(peer);
  }

  roomsChanged(): void {
    this.#heard.listenTo(this.#comms.rooms);
    this.#tellRooms();
  }

  channelClosed(channel: OpenChannel): void {
    this.#sendClosing([channel], this.#comms.channels);
  }

  endSpeech(): void {
    this.#sendClosing(this.#comms.channels, []);
  }

  sendVoice(frame: Uint8Array): boolean {
    if (this.phase !== ClientPhase.Connected || this.isAway) return false;
    const now = this.#owner.clock.now();
    const packet = this.#sender.packetOf(frame, this.id, this.sessionId, this.#comms.channels, now);
    return packet !== null && this.#sendVoice(packet);
  }

  sendText(target: string, isToPlayer: boolean, text: string): boolean {
    const id = isToPlayer ? this.#players.findByName(target)?.id : roomIdOf(target);
    if (this.phase !== ClientPhase.Connected || this.isAway || id === undefined) return false;
    return this.#sendReliable(PacketType.TextData, contents.text, { isToPlayer, sender: this.id, target: id, text });
  }

  sendSignal(to: CommsPlayer<TPeer>, bytes: Uint8Array): boolean {
    return this.#sendReliable(PacketType.Signal, contents.signal, { client: to.id, bytes });
  }

  /** A reliable packet for these clients by way of the server. */
  relay(to: readonly { readonly id: number }[], packet: ByteSegment): void {
    const most = PacketWriter.relayRoom(packet.length);
    if (most === 0) {
      this.metrics.sendFailures++;
      return;
    }
    for (let from = 0; from < to.length; from += most) {
      this.#transmitReliable(this.#relayed(PacketType.RelayReliable, to.slice(from, from + most), packet));
    }
  }

  /**
   * Voice for these clients by way of the server, in one packet. Where they do not fit beside it, the server sends it
   * to all: those who have had it directly hear it once, and several packets for one frame would be above the rate.
   */
  relayVoice(to: readonly { readonly id: number }[], packet: ByteSegment): void {
    const fits = to.length <= PacketWriter.relayRoom(packet.length);
    this.transmitVoice(fits ? this.#relayed(PacketType.RelayUnreliable, to, packet) : packet);
  }

  transmitVoice(packet: ByteSegment): boolean {
    const isSent = this.#owner.transmitUnreliable(packet);
    if (!isSent) this.metrics.sendFailures++;
    return isSent;
  }

  #receiverOwner(): ReceiverOwner<TPeer> & TextOwner<TPeer> {
    const session = this;
    return {
      get id() {
        return session.id;
      },
      metrics: this.metrics,
      clock: this.#owner.clock,
      comms: this.#comms,
      players: this.#players,
      sealer: this.#sealer,
    };
  }

  #content<T>(codec: Codec<T>): T {
    const value = codec.read(this.#reader);
    this.#reader.finish();
    return value;
  }

  #relayed(type: PacketType, to: readonly { readonly id: number }[], packet: ByteSegment): ByteSegment {
    const ids = to.map(({ id }) => id);
    return this.#packets.relay(type, this.sessionId, ids, packet);
  }

  /** Says hello, at `atMs` if that is later than now. */
  #greet(atMs = 0): void {
    this.phase = ClientPhase.Greeting;
    this.#retryMs = FIRST_RETRY_MS;
    this.#retryAtMs = atMs;
    if (atMs <= this.#owner.clock.now()) this.#sendHello();
    this.#owner.phaseChanged();
  }

  #sendHello(): void {
    this.#retryAtMs = this.#owner.clock.now() + this.#retryMs;
    const { name, codec } = this.#comms;
    const salt = this.#sealer?.salt ?? new Uint8Array(0);
    const hello = { version: WIRE_VERSION, codec, name, salt, token: this.#owner.token };
    this.#sendReliable(PacketType.HandshakeRequest, contents.handshakeRequest, hello);
  }

  #accepted(session: number, id: number): void {
    if (this.phase === ClientPhase.Connecting) return;
    // The answer to a repeated hello, or the state anew: whoever has left meanwhile is not in the list that follows.
    this.#players.beginList();
    const isNew = session !== this.sessionId || id !== this.id;
    if (isNew) this.#players.removeAll();
    this.sessionId = session;
    this.id = id;
    this.phase = ClientPhase.Listing;
    this.#retryAtMs = Number.POSITIVE_INFINITY;
    if (!isNew) return;
    this.#heard.listenTo(this.#comms.rooms);
    this.#owner.sessionAssigned(session, id);
  }

  #wrongSession(session: number): void {
    if (session === this.sessionId || this.phase < ClientPhase.Listing) return;
    // Once a second at most; the server says it once, so it is not forgotten.
    this.#resetMs = Math.max(this.#owner.clock.now(), this.#resetMs + RESET_INTERVAL_MS);
    this.#players.removeAll();
    this.#greet(this.#resetMs);
  }

  #refused({ kind, code, text }: { kind: number; code: number; text: string }): void {
    if (kind === RefusalKind.NotInSession) {
      this.#wrongSession(-1);
      return;
    }
    if (kind === RefusalKind.Room || kind === RefusalKind.RoomCollision) {
      const room = text;
      const reason =
        kind === RefusalKind.Room
          ? `No place in the room ${room}`
          : `The room ${room} cannot be opened: the name of another room has the same number`;
      this.#comms.events.emit("roomRefused", reason, room);
      return;
    }
    if (this.phase !== ClientPhase.Greeting) return;
    this.#owner.failed(
      new NetworkError("ERR_REFUSED", `The voice server refused: ${printable(text)}`, { reason: { code, text } }),
    );
  }

  #receiveOf(type: PacketType, packet: ByteSegment, from?: TPeer): void {
    switch (type) {
      case PacketType.VoiceData:
        if (this.#isFrom(this.#heard.read(this.#reader, packet).sender, from)) this.#heard.receive(packet);
        return;
      case PacketType.ClientState:
        this.#addPlayer(this.#content(contents.clientState));
        return;
      case PacketType.DeltaClientState:
        this.#setRoom(this.#content(contents.deltaClientState));
        return;
      case PacketType.RemoveClient:
        this.#players.remove(this.#content(contents.removeClient).id);
        return;
      case PacketType.SnapshotDone:
        this.#snapshotDone();
        return;
      case PacketType.TextData: {
        const text = this.#content(contents.text);
        if (this.#isFrom(text.sender, from)) this.#texts.receive(text, from !== undefined);
        return;
      }
      case PacketType.Signal: {
        const { client, bytes } = this.#content(contents.signal);
        const player = this.#players.find(client);
        if (player) this.#owner.signalReceived(player, bytes);
        return;
      }
      case PacketType.VoiceReport: {
        const { burst, lossPercent, speaker } = this.#content(contents.voiceReport);
        if (speaker === this.id)
          this.#sender.redundancy.report({ loss: lossPercent / 100, burst }, this.#owner.clock.now());
        return;
      }
      default:
        throw notAPacket();
    }
  }

  /** Whether `from` may send under the id `sender`: the server may send for everybody. */
  #isFrom(sender: number, from: TPeer | undefined): boolean {
    const player = this.#players.find(sender);
    if (from === undefined || (player && this.#players.isAt(player, from))) return true;
    this.metrics.spoofed++;
    return false;
  }

  #addPlayer({ id, name, codec, salt }: Infer<typeof contents.clientState>): void {
    this.#players.add(id, name, codec, salt, id === this.id);
  }

  #setRoom({ id, isJoining, room }: { id: number; isJoining: boolean; room: string }): void {
    this.#players.setRoom(id, room, isJoining);
  }

  #snapshotDone(): void {
    this.#players.endList();
    this.#rooms.begin(this.#players.find(this.id)?.rooms ?? []);
    if (this.phase !== ClientPhase.Listing) return;
    this.phase = ClientPhase.Connected;
    this.#owner.phaseChanged();
  }

  #reportLoss(player: CommsPlayer<TPeer>, now: number): void {
    const report = player.losses.take(now);
    if (!report) return;
    const value = { speaker: player.id, ...report };
    this.transmitVoice(this.#packets.write(PacketType.VoiceReport, this.sessionId, contents.voiceReport, value));
  }

  /** While the server lists everybody it says what it knows of this client, too: that comes first. */
  #tellRooms(): void {
    if (this.phase === ClientPhase.Connected && !this.isAway) this.#rooms.tell();
  }

  #sendClosing(closed: readonly OpenChannel[], open: readonly OpenChannel[]): void {
    if (this.phase !== ClientPhase.Connected || this.isAway) return;
    const packet = this.#sender.closing(closed, open, this.id, this.sessionId);
    if (packet) this.#sendVoice(packet);
  }

  #sendVoice(packet: ByteSegment): boolean {
    const listeners = this.#listeners();
    if (!this.#sealer) return this.#sendTo(listeners, packet);
    const { framesOffset, sealCounter } = this.#sender;
    this.#sealer.seal(packet, framesOffset, sealCounter, (sealed) => {
      if (!this.#isClosed && !this.isAway) this.#sendTo(listeners, sealed);
    });
    return true;
  }

  /** To the server; or, where some listeners can be reached directly, to these, and by the server to the others. */
  #sendTo(listeners: CommsPlayer<TPeer>[] | null, packet: ByteSegment): boolean {
    if (!listeners) return this.transmitVoice(packet);
    if (listeners.length > 0) this.#owner.transmitP2P(listeners, packet);
    return true;
  }

  /** Who hears the packet that was written last; null: nobody can be reached directly, so the server is to find out. */
  #listeners(): CommsPlayer<TPeer>[] | null {
    const players = this.#players.all;
    if (!players.some(({ connection }) => connection !== null)) return null;
    return players.filter((player) => !player.isLocal && this.#sender.targets.some((one) => hears(player, one)));
  }

  #sendReliable<T>(type: PacketType, codec: Codec<T>, value: T): boolean {
    return this.#transmitReliable(this.#packets.write(type, this.sessionId, codec, value));
  }

  #transmitReliable(packet: ByteSegment): boolean {
    if (this.#owner.transmitReliable(packet)) return true;
    this.#owner.failed(new NetworkError("ERR_CONNECTION_LOST", "A reliable packet of the voice session was not sent"));
    return false;
  }
}

const hears = (player: CommsPlayer<unknown>, { isToPlayer, target }: VoiceTarget): boolean =>
  isToPlayer ? player.id === target : player.roomIds.has(target);

const notAPacket = () => new NetworkError("ERR_BAD_VALUE", "These bytes are no packet of voice comms");

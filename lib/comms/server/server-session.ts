import { typeError } from "../../arguments.js";
import { isThenable } from "../../brands.js";
import { equalBytes } from "../../bytes.js";
import { EventHub } from "../../event-hub.js";
import { NetworkError } from "../../network-error.js";
import type { ByteSegment } from "../../peer/index.js";
import { type Codec, NetworkReader } from "../../serialization/index.js";
import { serverFailed } from "../../socket/building/socket-errors.js";
import { judge, type Verdict } from "../../verdict.js";
import { type CodecSettings, isSameCodec } from "../values/codec-settings.js";
import type { PeerKey } from "../values/peer-key.js";
import { PacketWriter } from "../wire/packet-writer.js";
import {
  contents,
  type HandshakeRequest,
  MAGIC,
  MAX_CLIENTS,
  MAX_PACKET_BYTES,
  MAX_ROOMS,
  PacketType,
  RefusalKind,
  WIRE_VERSION,
} from "../wire/packets.js";
import { checkSentName } from "../wire/room-id.js";
import { ClientIds } from "./client-ids.js";
import { ClientLists } from "./client-lists.js";
import { PeerRates } from "./peer-rates.js";
import { RoomsTable } from "./rooms-table.js";
import { ServerClient, type ServerRoom } from "./server-client.js";
import { COST, type JoinRequest, type ServerEvents, type ServerOwner, type SessionMetrics } from "./server-owner.js";
import { Strangers } from "./strangers.js";
import { VoiceRouter } from "./voice-router.js";

const RESET_INTERVAL_MS = 1000;
/** A hello is answered with everybody who is there: an honest client says few, one after a pause. */
const HELLO_BURST = 10;
const HELLOS_PER_SECOND = 0.2;

const EVENTS = [
  "clientJoined",
  "clientLeft",
  "startedListening",
  "stoppedListening",
  "voicePacketSpoofed",
  "voiceFrame",
] as const;

/** A voice session on its server: who is there, who listens where, and where each packet goes. */
export class ServerSession<TPeer> {
  readonly id: number;
  readonly events: EventHub<ServerEvents<TPeer>>;
  readonly metrics: SessionMetrics = { packets: 0, malformed: 0, dropped: 0, forwarded: 0, spoofed: 0 };
  readonly #owner: ServerOwner<TPeer>;
  readonly #byPeer = new Map<PeerKey, ServerClient<TPeer>>();
  readonly #byId = new Map<number, ServerClient<TPeer>>();
  readonly #names = new Set<string>();
  readonly #rooms = new RoomsTable<TPeer>();
  readonly #ids: ClientIds;
  readonly #router: VoiceRouter<TPeer>;
  readonly #reader = new NetworkReader();
  readonly #packets = new PacketWriter();
  readonly #strangers: Strangers<TPeer>;
  /** A peer without a client is told so at most once a second. */
  readonly #tellings: PeerRates;
  readonly #hellos: PeerRates;
  readonly #lists: ClientLists<TPeer>;
  /** Those that missed a reliable packet, and do not know it yet. */
  readonly #expelled = new Map<PeerKey, TPeer>();
  #expelledMs = Number.POSITIVE_INFINITY;
  #isClosed = false;

  constructor(owner: ServerOwner<TPeer>) {
    this.#owner = owner;
    const random = owner.randomBytes(4);
    // 31 bits: V8 keeps such numbers without an object for each.
    this.id = new DataView(random.buffer, random.byteOffset).getUint32(0) >>> 1;
    this.#ids = new ClientIds(owner.clock);
    this.#strangers = new Strangers(owner.clock, (peer, reason) => owner.disconnectPeer(peer, reason));
    this.#tellings = new PeerRates(owner.clock, 1, 1000 / RESET_INTERVAL_MS);
    this.#hellos = new PeerRates(owner.clock, HELLO_BURST, HELLOS_PER_SECOND);
    this.#lists = new ClientLists({
      clock: owner.clock,
      tell: (to, client) => this.#tellOf(to, client),
      tellDone: ({ peer }) => {
        const value = { clients: this.#byId.size };
        const packet = this.#packets.write(PacketType.SnapshotDone, this.id, contents.snapshotDone, value);
        return this.#owner.transmitReliable(peer, packet);
      },
    });
    this.events = new EventHub<ServerEvents<TPeer>>(EVENTS, (error) => owner.report(error));
    this.#router = new VoiceRouter(
      {
        ...{ id: this.id, events: this.events, metrics: this.metrics, byId: this.#byId, rooms: this.#rooms },
        transmit: (to, packet) => this.#transmit(to, packet),
      },
      owner,
    );
  }

  get clients(): readonly ServerClient<TPeer>[] {
    return [...this.#byId.values()];
  }

  find(peer: TPeer): ServerClient<TPeer> | undefined {
    return this.#byPeer.get(this.#owner.peerKey(peer));
  }

  /** Takes a packet of `from`. Never throws, whatever the bytes are. */
  receive(from: TPeer, packet: ByteSegment): void {
    if (this.#isClosed) return; // A transport that closes may still hand out what had come.
    this.metrics.packets++;
    const reader = this.#reader;
    try {
      reader.reset(packet.buffer, packet.offset, packet.length);
      if (packet.length > MAX_PACKET_BYTES || reader.readUint16() !== MAGIC) {
        this.metrics.malformed++;
        return;
      }
      const type = reader.readUint8();
      if (type === PacketType.HandshakeRequest) this.#greet(from, this.#content(contents.handshakeRequest));
      else this.#receiveOf(from, type, reader.readUint32(), packet);
    } catch (error) {
      if (!(error instanceof NetworkError)) {
        this.#owner.report(error); // a fault of this program, and not of the peer
        return;
      }
      this.metrics.malformed++;
      this.#owner.charge(from, COST.malformed, `A voice packet that cannot be read: ${error.message}`);
    }
  }

  /** The transport has connected `peer`, which says hello in time, or is disconnected. */
  connected(peer: TPeer, address: string): void {
    if (!this.#isClosed) this.#strangers.connected(this.#owner.peerKey(peer), peer, address);
  }

  /** `peer` is gone for good: all others hear of it. */
  remove(peer: TPeer): void {
    const key = this.#owner.peerKey(peer);
    this.#strangers.gone(key);
    this.#tellings.forget(key);
    this.#hellos.forget(key);
    this.#removeClient(key);
  }

  #removeClient(key: PeerKey): void {
    this.#expelled.delete(key);
    const client = this.#byPeer.get(key);
    if (!client) return;
    client.isSuspended = true; // Whoever is sending to everybody at the moment leaves it out.
    this.#strangers.left(key);
    this.#byPeer.delete(key);
    this.#byId.delete(client.id);
    this.#names.delete(client.name);
    this.#leaveRooms(client);
    this.#ids.release(client.id);
    this.#broadcast(PacketType.RemoveClient, contents.removeClient, { id: client.id });
    this.#lists.remove(client);
    this.events.emit("clientLeft", client);
  }

  /** The connection of `peer` is away for now; it keeps its id and its rooms, and is silent. */
  suspend(peer: TPeer): void {
    const client = this.find(peer);
    if (!client) return;
    client.isSuspended = true;
    this.#lists.end(client);
  }

  /** Its connection is back, or is another one: it needs to know who is there. */
  resume(peer: TPeer): void {
    const client = this.find(peer);
    if (!client) return;
    client.isSuspended = false;
    this.#sendSnapshot(client);
  }

  /** Everybody leaves. */
  close(): void {
    this.#isClosed = true;
    for (const client of this.clients) {
      client.isSuspended = true;
      this.#leaveRooms(client);
      this.#byId.delete(client.id);
      this.events.emit("clientLeft", client);
    }
    this.#byPeer.clear();
    this.#names.clear();
  }

  #content<T>(codec: Codec<T>): T {
    const value = codec.read(this.#reader);
    this.#reader.finish();
    return value;
  }

  #greet(from: TPeer, { version, codec, name, salt, token }: HandshakeRequest): void {
    const key = this.#owner.peerKey(from);
    if (!this.#hellos.tryTake(key)) {
      this.metrics.dropped++;
      return;
    }
    const known = this.#byPeer.get(key);
    if (known?.name === name && isSameCodec(known.codec, codec) && equalBytes(known.salt, salt)) {
      this.#sendSnapshot(known);
      return;
    }
    if (known) this.#removeClient(key);
    if (version !== WIRE_VERSION) {
      this.#refuse(from, RefusalKind.Version, `voice version: server ${WIRE_VERSION}, client ${version}`);
      return;
    }
    if (checkSentName("The name of a player", name) !== name || codec.frameSize === 0 || codec.sampleRate === 0) {
      throw new NetworkError("ERR_BAD_VALUE", "A name in another form, or a codec without frames");
    }
    const verdict = this.#judge({ peer: from, name, codec, token });
    if (verdict !== true) this.#refuse(from, RefusalKind.Unauthorized, verdict.text, verdict.code);
    else if (this.#names.has(name)) {
      this.#refuse(from, RefusalKind.NameTaken, `There is a player ${name} already: take another playerName`);
    } else this.#add(from, name, codec, salt);
  }

  /** What the application says. Anything but true or a reason lets nobody in. */
  #judge(request: JoinRequest<TPeer>): Verdict {
    const report = (error: unknown) => this.#owner.report(error);
    const ask = () => {
      const answer: unknown = this.#owner.authorize(request);
      if (isThenable(answer)) throw typeError("The answer of authorize", "true or a reason, and no promise");
      return answer;
    };
    return judge({ callback: "authorize", maxCode: 999, failed: serverFailed, report }, ask) as Verdict;
  }

  #add(peer: TPeer, name: string, codec: CodecSettings, salt: Uint8Array): void {
    const id = this.#byId.size < MAX_CLIENTS ? this.#ids.take() : null;
    if (id === null) {
      this.#refuse(peer, RefusalKind.Full, "The voice session is full");
      return;
    }
    const leave = (client: ServerClient<TPeer>, room: ServerRoom<TPeer>) => this.#leave(client, room);
    const client = new ServerClient(peer, id, name, codec, salt, this.#owner.clock, leave);
    this.#broadcast(PacketType.ClientState, contents.clientState, { id, codec, name, salt });
    const key = this.#owner.peerKey(peer);
    this.#strangers.joined(key);
    this.#byPeer.set(key, client);
    this.#byId.set(id, client);
    this.#names.add(name);
    this.#sendSnapshot(client);
    this.events.emit("clientJoined", client);
  }

  /** Its id, everybody, and what they listen to. */
  #sendSnapshot(client: ServerClient<TPeer>): void {
    this.#send(client, PacketType.HandshakeResponse, contents.handshakeResponse, { id: client.id });
    if (!client.isSuspended) this.#lists.begin(client, this.#byId.values());
  }

  /** The bytes of what `to` was told of a client and its rooms; -1: not all of it was taken. */
  #tellOf(to: ServerClient<TPeer>, { id, codec, name, salt, joined }: ServerClient<TPeer>): number {
    let bytes = 0;
    const tell = <T>(type: PacketType, content: Codec<T>, value: T) => {
      const packet = this.#packets.write(type, this.id, content, value);
      bytes += packet.length;
      return this.#owner.transmitReliable(to.peer, packet);
    };
    if (!tell(PacketType.ClientState, contents.clientState, { id, codec, name, salt })) return -1;
    for (const room of joined.values()) {
      const state = { id, isJoining: true, room: room.name };
      if (!tell(PacketType.DeltaClientState, contents.deltaClientState, state)) return -1;
    }
    return bytes;
  }

  #receiveOf(from: TPeer, type: PacketType, session: number, packet: ByteSegment): void {
    const client = this.find(from);
    if (session !== this.id || !client) {
      this.#tellStranger(from, session);
      return;
    }
    switch (type) {
      case PacketType.VoiceData:
        this.#router.voice(client, this.#reader, packet);
        return;
      case PacketType.DeltaClientState:
        this.#receiveState(client, this.#content(contents.deltaClientState));
        return;
      case PacketType.TextData:
        this.#receiveText(client, this.#content(contents.text), packet);
        return;
      case PacketType.RelayReliable:
      case PacketType.RelayUnreliable:
        this.#router.relay(client, type, this.#reader, packet);
        return;
      case PacketType.Signal:
        this.#signal(client, this.#content(contents.signal));
        return;
      case PacketType.VoiceReport:
        this.#voiceReport(client, this.#content(contents.voiceReport));
        return;
      default:
        this.#owner.charge(from, COST.refused, `A voice packet of type ${type}, which no client sends`);
    }
  }

  /** A packet of another session, or of nobody: it is told at most once a second. */
  #tellStranger(from: TPeer, session: number): void {
    if (!this.#tellings.tryTake(this.#owner.peerKey(from))) return;
    if (session === this.id) this.#refuse(from, RefusalKind.NotInSession, "The server does not know this client");
    else this.#owner.transmitReliable(from, this.#empty(PacketType.ErrorWrongSession));
  }

  #empty(type: PacketType): ByteSegment {
    this.#packets.begin(type, this.id);
    return this.#packets.end();
  }

  #receiveState(
    client: ServerClient<TPeer>,
    { id, isJoining, room: given }: { id: number; isJoining: boolean; room: string },
  ) {
    if (!client.states.tryTake(1)) {
      this.#owner.charge(client.peer, COST.flood, "More changes of rooms than a player makes");
      return;
    }
    if (id !== client.id) {
      this.#owner.charge(client.peer, COST.spoofed, "The state of another");
      return;
    }
    const name = checkSentName("The name of a room", given);
    if (!isJoining) {
      client.removeFromRoom(name);
      return;
    }
    if ([...client.joined.values()].some((room) => room.name === name)) return;
    if (client.joined.size >= MAX_ROOMS || !this.#owner.canListen(client, name)) {
      this.#refuse(client.peer, RefusalKind.Room, name);
      return;
    }
    const room = this.#rooms.open(name);
    if (typeof room === "string") {
      this.#refuse(client.peer, room === "full" ? RefusalKind.Room : RefusalKind.RoomCollision, name);
      return;
    }
    this.#rooms.add(room, client);
    this.#broadcast(PacketType.DeltaClientState, contents.deltaClientState, { id, isJoining: true, room: name });
    this.events.emit("startedListening", client, name);
  }

  #leave(client: ServerClient<TPeer>, room: ServerRoom<TPeer>): void {
    this.#rooms.remove(room, client);
    const { id } = client;
    this.#broadcast(PacketType.DeltaClientState, contents.deltaClientState, { id, isJoining: false, room: room.name });
    this.events.emit("stoppedListening", client, room.name);
  }

  #leaveRooms(client: ServerClient<TPeer>): void {
    for (const room of [...client.joined.values()]) {
      this.#rooms.remove(room, client);
      this.events.emit("stoppedListening", client, room.name);
    }
  }

  #receiveText(
    client: ServerClient<TPeer>,
    { isToPlayer, sender, target }: { isToPlayer: boolean; sender: number; target: number },
    packet: ByteSegment,
  ): void {
    if (!this.#router.takeText(client) || !this.#router.isOwn(client, sender) || client.muteOnServer) return;
    const room = isToPlayer ? null : this.#rooms.find(target);
    if (room && !this.#owner.canSpeak(client, room.name)) return;
    const player = isToPlayer ? this.#byId.get(target) : undefined;
    // A copy: a transport that cannot send may take a member out meanwhile.
    for (const listener of [...(room?.members ?? (player ? [player] : []))]) {
      if (listener !== client) this.#transmit(listener, packet);
    }
  }

  #signal(client: ServerClient<TPeer>, { client: target, bytes }: { client: number; bytes: Uint8Array }): void {
    if (!client.signals.tryTake(1)) {
      this.metrics.dropped++;
      return;
    }
    const other = this.#byId.get(target);
    if (other) this.#send(other, PacketType.Signal, contents.signal, { client: client.id, bytes });
  }

  /** A listener says how much of a speaker's voice is lost: the speaker hears the worst. */
  #voiceReport(client: ServerClient<TPeer>, report: { speaker: number; lossPercent: number; burst: number }): void {
    const speaker = this.#byId.get(report.speaker);
    if (!speaker || speaker === client || !client.lossReports.tryTake(1)) return;
    const worst = speaker.reports.add(report, this.#owner.clock.now());
    if (!worst || speaker.isSuspended) return;
    const value = { speaker: speaker.id, ...worst };
    const packet = this.#packets.write(PacketType.VoiceReport, this.id, contents.voiceReport, value);
    this.#owner.transmitMany([speaker.peer], 1, packet);
  }

  #refuse(to: TPeer, kind: RefusalKind, text: string, code = 0): boolean {
    return this.#owner.transmitReliable(
      to,
      this.#packets.write(PacketType.Refused, this.id, contents.refused, { kind, code, text }),
    );
  }

  #send<T>(to: ServerClient<TPeer>, type: PacketType, codec: Codec<T>, value: T): void {
    if (to.isSuspended) return;
    this.#transmit(to, this.#packets.write(type, this.id, codec, value));
  }

  #broadcast<T>(type: PacketType, codec: Codec<T>, value: T): void {
    for (const client of this.clients) this.#send(client, type, codec, value);
  }

  /** A reliable packet that is not taken means that the client misses something: it has to say hello again. */
  #transmit(to: ServerClient<TPeer>, packet: ByteSegment): void {
    if (to.isSuspended || this.#owner.transmitReliable(to.peer, packet)) return;
    this.#expelled.set(this.#owner.peerKey(to.peer), to.peer);
    this.#expelledMs = Math.min(this.#expelledMs, this.#owner.clock.now());
  }

  /** Whether `update` will have something to do, at `nextDeadlineMs`. */
  get isAnythingDue(): boolean {
    return this.#expelled.size + this.#strangers.count + this.#lists.count > 0;
  }

  /** When `update` has something to do next. */
  get nextDeadlineMs(): number {
    return Math.min(this.#expelledMs, this.#strangers.deadlineMs, this.#lists.deadlineMs);
  }

  /**
   * Disconnects those that said no hello, and goes on telling others who is there. Removes those that missed a reliable
   * packet, and tells them as soon as they take one again.
   */
  update(): void {
    const now = this.#owner.clock.now();
    this.#strangers.update(now);
    this.#lists.update(now);
    if (now < this.#expelledMs) return;
    // A copy: whoever cannot be told yet comes in again, behind the others, and would be met again for ever.
    for (const [key, peer] of [...this.#expelled]) {
      this.#removeClient(key);
      if (this.#refuse(peer, RefusalKind.NotInSession, "A reliable packet to this client was lost"))
        this.#expelled.delete(key);
      else this.#expelled.set(key, peer);
    }
    this.#expelledMs = this.#expelled.size > 0 ? now + RESET_INTERVAL_MS : Number.POSITIVE_INFINITY;
  }
}

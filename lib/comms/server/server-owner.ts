import type { Clock } from "../../clock.js";
import type { EventHub } from "../../event-hub.js";
import type { ByteSegment } from "../../peer/index.js";
import type { RandomBytes } from "../../random.js";
import type { DisconnectReason } from "../../socket/index.js";
import type { CodecSettings } from "../values/codec-settings.js";
import type { PeerKey } from "../values/peer-key.js";
import type { IVoicePacket } from "../wire/voice-packet.js";
import type { IServerClient } from "./server-client.js";

/** What a client asks for when it wants to join. */
export interface JoinRequest<TPeer> {
  /** Its connection, as the network's transport has it. */
  readonly peer: TPeer;
  /** The name that it wants: 1 to 64 bytes of UTF-8 in the form NFC. It is a stranger's text. */
  readonly name: string;
  /** What it speaks, as it says. */
  readonly codec: Readonly<CodecSettings>;
  /** What the client's `token` option says. */
  readonly token: Uint8Array;
}

/** The events of a voice server: by name, the arguments of a listener. */
export interface ServerEvents<TPeer> {
  /** A client has joined the session. */
  clientJoined: [client: IServerClient<TPeer>];
  /** A client has left the session, or the server ends it. */
  clientLeft: [client: IServerClient<TPeer>];
  /** It listens to a room from now on. */
  startedListening: [client: IServerClient<TPeer>, room: string];
  /** It has left a room, or was removed from it, or has left the session. */
  stoppedListening: [client: IServerClient<TPeer>, room: string];
  /** A client sent voice under the id of another, which is null when nobody has it. The packet went nowhere. */
  voicePacketSpoofed: [client: IServerClient<TPeer>, victim: IServerClient<TPeer> | null];
  /** What a client says, before it is sent on; the bytes are valid during the call. */
  voiceFrame: [client: IServerClient<TPeer>, frame: ByteSegment, packet: IVoicePacket];
}

export type SessionEvents<TPeer> = EventHub<ServerEvents<TPeer>>;

/** What a session has counted. */
export interface SessionMetrics {
  /** Packets of clients that have come, those that were dropped among them. */
  packets: number;
  /** Packets that could not be read. */
  malformed: number;
  /** Voice, hellos and signals above their rates, and voice of a client that is mute. */
  dropped: number;
  /** Voice packets sent on: one for each listener. */
  forwarded: number;
  /** Packets under the id of another. */
  spoofed: number;
}

/** Whom a server lets in, and where each may speak and listen. */
export interface SessionRules<TPeer> {
  /** Whether a client may join the voice session, or why not. @defaultValue true for all */
  authorize?(request: JoinRequest<TPeer>): true | DisconnectReason;
  /** Whether what `client` says goes to a room; asked for each packet. @defaultValue true for all */
  canSpeak?(client: IServerClient<TPeer>, room: string): boolean;
  /** Whether `client` may listen to a room; asked when it joins the room. @defaultValue true for all */
  canListen?(client: IServerClient<TPeer>, room: string): boolean;
}

/** What a server of voice does for its session. */
export interface ServerOwner<TPeer> {
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  peerKey(peer: TPeer): PeerKey;
  transmitReliable(to: TPeer, packet: ByteSegment): boolean;
  transmitMany(to: readonly TPeer[], count: number, packet: ByteSegment): void;
  authorize(request: JoinRequest<TPeer>): true | DisconnectReason;
  canSpeak(client: IServerClient<TPeer>, room: string): boolean;
  canListen(client: IServerClient<TPeer>, room: string): boolean;
  /** Ends the connection of `peer`, where the transport can. */
  disconnectPeer(peer: TPeer, reason: DisconnectReason): void;
  /** `peer` has sent something that no honest client sends. */
  charge(peer: TPeer, cost: number, text: string): void;
  report(error: unknown): void;
}

/** What an error costs, in the tokens of a player's error budget. */
export const COST = { malformed: 50, spoofed: 10, flood: 1, refused: 10 } as const;
/** Where there are no such budgets, whoever has done something of this cost is disconnected. */
export const DISCONNECT_COST = COST.malformed;

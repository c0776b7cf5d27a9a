import { array, bool, bytes, type Infer, i32, string, struct, u8, u16 } from "../../serialization/index.js";
import { codecSettings } from "../values/codec-settings.js";
import { SALT_BYTES } from "./voice-seal.js";

// docs/wire-format.md has the bytes.

/** The first two bytes of each packet. */
export const MAGIC = 0x4756;
export const WIRE_VERSION = 1;
/** The most bytes of a packet. */
export const MAX_PACKET_BYTES = 1024;
/** Magic, type and session. */
export const HEADER_BYTES = 7;

export const MAX_NAME_BYTES = 64;
export const MAX_TEXT_BYTES = 900;
/** Of one player: so many at once, and so many a second. */
export const TEXT_RATE = { burst: 10, perSecond: 5 } as const;
export const MAX_TOKEN_BYTES = 512;
export const MAX_SIGNAL_BYTES = 900;
export const MAX_ROOMS = 64;
export const MAX_CLIENTS = 4096;
/** Those whom a relayed packet names. */
export const MAX_DESTINATIONS = 400;

/** The third byte of each packet. */
export enum PacketType {
  HandshakeRequest = 1,
  HandshakeResponse = 2,
  ClientState = 3,
  DeltaClientState = 4,
  RemoveClient = 5,
  VoiceData = 6,
  TextData = 7,
  RelayReliable = 8,
  RelayUnreliable = 9,
  ErrorWrongSession = 10,
  HandshakeP2P = 11,
  SnapshotDone = 12,
  Refused = 13,
  Signal = 14,
  VoiceReport = 15,
}

/** Why a server answers with `Refused`. */
export enum RefusalKind {
  /** The server has no client at this address: say hello again. */
  NotInSession = 0,
  Version = 1,
  NameTaken = 2,
  Full = 3,
  /** `authorize` said no. */
  Unauthorized = 4,
  /** Another room has a name with the same number. The text is the room's name. */
  RoomCollision = 5,
  /** The client may not listen to the room, or listens to 64 already. The text is the room's name. */
  Room = 6,
}

const name = string(MAX_NAME_BYTES);
/** Of its sealed voice; empty: it is not sealed. */
const salt = bytes(SALT_BYTES);

/** The contents of the packets other than voice, behind the header. */
export const contents = {
  handshakeRequest: struct({ version: u8, codec: codecSettings, name, salt, token: bytes(MAX_TOKEN_BYTES) }),
  handshakeResponse: struct({ id: u16 }),
  clientState: struct({ id: u16, codec: codecSettings, name, salt }),
  deltaClientState: struct({ id: u16, isJoining: bool, room: name }),
  removeClient: struct({ id: u16 }),
  text: struct({ isToPlayer: bool, sender: u16, target: i32, text: string(MAX_TEXT_BYTES) }),
  handshakeP2P: struct({ id: u16 }),
  snapshotDone: struct({ clients: u16 }),
  refused: struct({ kind: u8, code: u16, text: string(120) }),
  signal: struct({ client: u16, bytes: bytes(MAX_SIGNAL_BYTES) }),
  voiceReport: struct({ speaker: u16, lossPercent: u8, burst: u8 }),
  destinations: array(u16, MAX_DESTINATIONS),
} as const;

export type HandshakeRequest = Infer<typeof contents.handshakeRequest>;

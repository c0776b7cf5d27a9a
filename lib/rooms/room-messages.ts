import { defineMessage } from "../message/index.js";
import {
  array,
  bool,
  type Codec,
  enumeration,
  type Infer,
  optional,
  string,
  struct,
  u16,
  u32,
} from "../serialization/index.js";
import { type Labels, labelsCodec } from "./labels.js";

/** Longest name of a kind, and longest id of a room, in bytes of UTF-8. */
export const MAX_NAME_BYTES = 64;
/** Longest data of a join: JSON, in bytes of UTF-8. */
export const MAX_DATA_BYTES = 1024;
/** Longest text that says why, in bytes of UTF-8. */
export const MAX_TEXT_BYTES = 120;
/** So many lists a player may watch. */
export const MAX_LISTS = 4;
/** So many rooms are in one message of a list. */
export const MAX_LISTED = 64;

const name = string(MAX_NAME_BYTES);

/** How a client looks for its room. */
export const WAYS = ["joinOrCreate", "create", "join", "byId", "byCode", "byTicket"] as const;

/** The client wants to be in a room. */
export const JoinMessage = defineMessage(
  "rooms/join",
  struct({
    /** Counts what this client wants: the answer has the same. */
    number: u32,
    way: enumeration(WAYS),
    kind: name,
    /** The id, the code or the ticket. */
    key: name,
    labels: labelsCodec,
    data: string(MAX_DATA_BYTES),
    isPrivate: bool,
    isSpectator: bool,
  }),
  { rateLimit: { perSecond: 10, burst: 40 } },
);
export type JoinQuestion = Infer<typeof JoinMessage.codec>;

/** The client wants to be in no room. */
export const LeaveMessage = defineMessage("rooms/leave", struct({ number: u32 }), {
  rateLimit: { perSecond: 10, burst: 40 },
});

/** Why a client does not get into a room: the second half of the code of its error. */
export const REFUSALS = [
  "ROOM_NOT_FOUND",
  "ROOM_FULL",
  "ROOM_LOCKED",
  "ROOM_REFUSED",
  "ROOM_FAILED",
  "TOO_MANY_ROOMS",
  "TOO_MANY_REQUESTS",
  "SERVER_BUSY",
  "PROTOCOL_MISMATCH",
  "FLEET_KEY",
] as const;
export type Refusal = (typeof REFUSALS)[number];

/** The answer to a join that does not lead into a room. */
export const RefusedMessage = defineMessage(
  "rooms/refused",
  struct({ number: u32, refusal: enumeration(REFUSALS), text: string(MAX_TEXT_BYTES) }),
);

/** The client wants the list of a kind's rooms, or does not want it any more. */
export const WatchMessage = defineMessage(
  "rooms/watch",
  struct({ number: u32, isWanted: bool, kind: name, labels: labelsCodec }),
  { rateLimit: { perSecond: 10, burst: 40 } },
);

/** A room as a list shows it. Its texts may be a stranger's: see `printable`, and never set them as HTML. */
export interface RoomInfo {
  /** What `RoomsClient.joinById` takes. */
  readonly id: string;
  /** The name of its kind. */
  readonly kind: string;
  /** What its creator or the server has set, to be found by. */
  readonly labels: Labels;
  /** How many seats are taken or kept, spectators not counted. */
  readonly players: number;
  /** How many may play. */
  readonly capacity: number;
  /** Whether nobody comes in any more but by a ticket. */
  readonly isLocked: boolean;
}

const listed: Codec<RoomInfo> = struct({
  id: name,
  kind: name,
  labels: labelsCodec,
  players: u16,
  capacity: u16,
  isLocked: bool,
});

/** What has changed in a list. */
export const ListMessage = defineMessage(
  "rooms/list",
  struct({
    /** The list, as the server counts them. */
    watch: u32,
    /** The client's number of the list that begins with this; 0: it goes on. */
    number: u32,
    rooms: array(listed, MAX_LISTED),
    closed: array(name, MAX_LISTED),
  }),
  { lane: 2 },
);

/** What a client gets to know of where it is. */
export const stayCodec = struct({
  room: optional(struct({ id: name, kind: name, code: optional(string(16)), labels: labelsCodec, isSpectator: bool })),
  /** The number of the question that led here, 0 where none did. */
  number: u32,
  /** Why, where the server has moved the player. */
  text: string(MAX_TEXT_BYTES),
  /** Whether the server still brings the player to the room that it wants. */
  isOnItsWay: bool,
});
export type Stay = Infer<typeof stayCodec>;

/** What both sides add to their protocol. */
export const ROOM_MESSAGES = [JoinMessage, LeaveMessage, RefusedMessage, WatchMessage, ListMessage] as const;

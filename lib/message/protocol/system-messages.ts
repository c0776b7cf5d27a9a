import { array, bool, bytes, float64, type Infer, optional, string, struct, u32 } from "../../serialization/index.js";
import { doorCodec, MAX_DOORS, ticketCodec } from "./door.js";
import { createMessage } from "./message.js";

/** Largest table of a protocol, in bytes. */
export const MAX_TABLE_BYTES = 8192;
/** Largest proof of a credential, and largest reply of an authenticator, in bytes. */
export const MAX_AUTHENTICATION_BYTES = 4096;

/** A client asks for the server's time at most this often, in milliseconds. */
export const MIN_PING_INTERVAL_MS = 100;

/** When the fingerprints differ: first the client's table, then the server's. */
export const TableMessage = createMessage("network/table", bytes(MAX_TABLE_BYTES));

/** The client's first message, or its first one after the tables: it accepts the protocol. */
export const HelloMessage = createMessage(
  "network/hello",
  struct({
    resumes: bool,
    /** That of the redirect by which the client comes; empty without one. */
    ticket: ticketCodec,
  }),
);

/** The server asks the player to prove who it is. */
export const ChallengeMessage = createMessage(
  "network/challenge",
  struct({ nonce: bytes(32), methods: array(string(64), 16) }),
);

/** The client's answer to the challenge. */
export const ProofMessage = createMessage(
  "network/proof",
  struct({ method: string(64), payload: bytes(MAX_AUTHENTICATION_BYTES) }),
);

/** Largest description of a room in a move, in bytes. */
export const MAX_ROOM_BYTES = 1024;

/** Where a player is at a server that has rooms. */
const placeCodec = struct({
  playerId: u32,
  ticksPerSecond: float64,
  /** How often the player has moved. */
  moves: u32,
  /** Whether it is in no room: the layers above wait until it is in one. */
  isLobby: bool,
  /** What the layer of the rooms says of the room. */
  room: bytes(MAX_ROOM_BYTES),
});
export type Place = Infer<typeof placeCodec>;

/**
 * The server has admitted the player, or resumed its session; then `session` is absent, because the client has it, and
 * `reply` proves that the server has it too.
 */
export const WelcomeMessage = createMessage(
  "network/welcome",
  struct({
    method: string(64),
    reply: bytes(MAX_AUTHENTICATION_BYTES),
    session: optional(struct({ id: bytes(16), secret: bytes(32), resumeWindowMs: float64 })),
    place: placeCodec,
    /** Whether the session has come here from another server. */
    hasMoved: bool,
    /** How old the state is that the player finds here, in milliseconds. */
    lostMs: u32,
    /** Where the client may look for its session when the connection is lost. */
    doors: array(doorCodec, MAX_DOORS),
  }),
);
export type Welcome = Infer<typeof WelcomeMessage.codec>;

/** The player goes on at another server. */
export const RedirectMessage = createMessage("network/redirect", struct({ door: doorCodec, ticket: ticketCodec }));
export type Redirect = Infer<typeof RedirectMessage.codec>;

/** The player is in another room, or in none. Its number is of the era that it begins. */
export const MoveMessage = createMessage("network/move", placeCodec);

/** The client asks for the server's time. */
export const PingMessage = createMessage("network/ping", struct({ clientTimeMs: float64 }), {
  rateLimit: { perSecond: 1000 / MIN_PING_INTERVAL_MS, burst: 20 },
});
export const PongMessage = createMessage(
  "network/pong",
  struct({
    clientTimeMs: float64,
    serverTimeMs: float64,
    tick: u32,
    /** Now and then: where the client may look for its session, in place of what the welcome said. */
    doors: optional(array(doorCodec, MAX_DOORS)),
  }),
);

/** Longest name of a scene, in bytes of UTF-8. */
export const MAX_SCENE_NAME_BYTES = 256;

/** The server has the player load a scene; `number` counts the scenes. */
export const LoadSceneMessage = createMessage(
  "network/load-scene",
  struct({ number: u32, name: string(MAX_SCENE_NAME_BYTES) }),
);
/** The player has loaded the scene, or its `onLoadScene` failed. */
export const SceneLoadedMessage = createMessage("network/scene-loaded", struct({ number: u32, isLoaded: bool }), {
  rateLimit: { perSecond: 5, burst: 20 },
});

/**
 * These come before both sides have agreed on a protocol, so they have the same numbers, 0 and 1, in every protocol.
 */
export const firstMessages = [TableMessage, HelloMessage] as const;

export const otherSystemMessages = [
  ChallengeMessage,
  ProofMessage,
  WelcomeMessage,
  RedirectMessage,
  MoveMessage,
  PingMessage,
  PongMessage,
  LoadSceneMessage,
  SceneLoadedMessage,
] as const;

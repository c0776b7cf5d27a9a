import { array, bool, bytes, float64, optional, string, struct, u32 } from "../../serialization/index.js";
import { createMessage } from "./message.js";

/** Longest table of a protocol, in bytes. */
export const MAX_TABLE_BYTES = 8192;
/** Longest proof or token of an authenticator, in bytes. */
export const MAX_AUTHENTICATION_BYTES = 4096;

/** The table of a side whose fingerprint differs: the client's first, then the server's. */
export const TableMessage = createMessage("network/table", bytes(MAX_TABLE_BYTES));

/** The client's first message, or the one after the tables: it agrees. */
export const HelloMessage = createMessage("network/hello", struct({ resumes: bool }));

/** Who is that? */
export const ChallengeMessage = createMessage(
  "network/challenge",
  struct({ nonce: bytes(32), methods: array(string(64), 16) }),
);

export const ProofMessage = createMessage(
  "network/proof",
  struct({ method: string(64), payload: bytes(MAX_AUTHENTICATION_BYTES) }),
);

/** The player is one of the game. */
export const WelcomeMessage = createMessage(
  "network/welcome",
  struct({
    playerId: u32,
    method: string(64),
    reply: bytes(MAX_AUTHENTICATION_BYTES),
    session: optional(struct({ id: bytes(16), secret: bytes(32), resumeWindowMs: u32 })),
    ticksPerSecond: float64,
  }),
);

export const PingMessage = createMessage("network/ping", struct({ clientTimeMs: float64 }));
export const PongMessage = createMessage(
  "network/pong",
  struct({ clientTimeMs: float64, serverTimeMs: float64, tick: u32 }),
);

export const LoadSceneMessage = createMessage("network/load-scene", struct({ number: u32, name: string(256) }));
export const SceneLoadedMessage = createMessage("network/scene-loaded", struct({ number: u32 }));

/** These two have the same numbers in every protocol: what comes before the agreement on the others. */
export const firstMessages = [TableMessage, HelloMessage] as const;

export const otherSystemMessages = [
  ChallengeMessage,
  ProofMessage,
  WelcomeMessage,
  PingMessage,
  PongMessage,
  LoadSceneMessage,
  SceneLoadedMessage,
] as const;

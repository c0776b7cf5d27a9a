import { defineMessage, defineRequest } from "../message/index.js";
import { bytes, enumeration, string, struct } from "../serialization/index.js";

/** GNS's longest identity as text. */
export const MAX_IDENTITY_BYTES = 128;
/** GNS's signals have a few hundred bytes, and with certificates and many addresses about 2000. */
export const MAX_SIGNAL_BYTES = 8192;
export const SECRET_BYTES = 16;

const WHYS = ["absent", "refused", "unregistered"] as const;
/**
 * Why a signal was not carried: nobody there has the identity, the server's `maySignal` forbids it, or the sender has
 * no identity there, since it was taken by another player.
 */
export type UndeliveredReason = (typeof WHYS)[number];

const identity = string(MAX_IDENTITY_BYTES);

/** A client says who it is. With the secret of before, it may replace an earlier connection of its own. */
export const Register = defineRequest(
  "signaling/register",
  struct({ identity, secret: bytes(SECRET_BYTES) }),
  struct({}),
  { optional: true },
);
/** To the server: whom the signal is for. From the server: whom it is from. */
export const Signal = defineMessage("signaling/signal", struct({ identity, data: bytes(MAX_SIGNAL_BYTES) }), {
  optional: true,
});
export const Undelivered = defineMessage("signaling/undelivered", struct({ identity, why: enumeration(WHYS) }), {
  optional: true,
});
/** Optional: whoever does not play from peer to peer joins without them. */
export const MESSAGES = [Register, Signal, Undelivered];

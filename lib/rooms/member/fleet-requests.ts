import { defineRequest } from "../../message/index.js";
import { bool, bytes, optional, string, struct } from "../../serialization/index.js";
import { labelsCodec } from "../labels.js";
import { JoinMessage, MAX_NAME_BYTES } from "../room-messages.js";

const name = string(MAX_NAME_BYTES);
const isDone = struct({ isDone: bool });

/** A host asks the owner of a room whether it has it. */
export const OwnRequest = defineRequest("rooms/own", struct({ room: name }), isDone);

/** A player comes, by a redirect, and what it wants: the host does for it what it would do if it had asked there. */
export const ExpectRequest = defineRequest(
  "rooms/expect",
  struct({ session: bytes(16), question: JoinMessage.codec }),
  isDone,
);

/** A host looks for a room with a free seat. */
export const FindRequest = defineRequest(
  "rooms/find",
  struct({ kind: name, labels: labelsCodec, isSpectator: bool }),
  struct({ room: optional(name) }),
);

/** A host wants a seat of a room for the bearer of a ticket. */
export const ReserveRequest = defineRequest(
  "rooms/reserve",
  struct({ room: name, isSpectator: bool }),
  struct({ ticket: name }),
);

/** A host that drains gives a room to another one, whose checkpoint is stored. */
export const TakeRequest = defineRequest("rooms/take", struct({ room: name }), isDone);

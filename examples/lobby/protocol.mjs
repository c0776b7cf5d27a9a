import { defineMessage, defineProtocol, defineRequest } from "valve-sockets/message";
import { array, bool, string, struct } from "valve-sockets/serialization";

const name = string(40);

/** How many may be in a lobby. */
export const MAX_MEMBERS = 16;
/** A player enters with a name; the answer is the lobby's title. A name that is taken is refused. */
export const Enter = defineRequest("enter", struct({ name }), struct({ title: name }));
/** A player is ready to begin, or is not. */
export const SetReady = defineMessage("set-ready", struct({ isReady: bool }), { rateLimit: { perSecond: 5 } });
/** Everybody in the lobby, in the order in which they came. */
export const Roster = defineMessage("roster", array(struct({ name, isReady: bool }), MAX_MEMBERS));
export const Chat = defineMessage("chat", struct({ from: name, text: string(200) }), {
  rateLimit: { perSecond: 5, burst: 10 },
});
/** All players have loaded the scene. */
export const Begin = defineMessage("begin", struct({ scene: name }));

export const protocol = defineProtocol({
  name: "lobby",
  version: 1,
  messages: [Enter, SetReady, Roster, Chat, Begin],
});

import { defineMessage, defineProtocol, defineRequest } from "valve-sockets/message";
import { array, string, struct } from "valve-sockets/serialization";

const name = string(30);

/** How many may be in the chat. */
export const MAX_MEMBERS = 100;
/** Asks to come in under a name. */
export const Enter = defineRequest("enter", struct({ name }), struct({ others: array(name, MAX_MEMBERS) }));
export const Say = defineMessage("say", string(500), { rateLimit: { perSecond: 5, burst: 10 } });
export const Said = defineMessage("said", struct({ name, text: string(500) }));
export const protocol = defineProtocol({ name: "web-chat", version: 1, messages: [Enter, Say, Said] });

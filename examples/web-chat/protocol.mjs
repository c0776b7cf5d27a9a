import { defineMessage, defineProtocol, defineRequest } from "valve-sockets/message";
import { string, struct } from "valve-sockets/serialization";

const name = string(30);

/** Asks to come in under a name. */
export const Enter = defineRequest("enter", struct({ name }), struct({ others: string(1000) }));
export const Say = defineMessage("say", string(500), { rateLimit: { perSecond: 5, burst: 10 } });
export const Said = defineMessage("said", struct({ name, text: string(500) }));
export const protocol = defineProtocol({ name: "web-chat", version: 1, messages: [Enter, Say, Said] });

import { defineMessage, defineProtocol, defineRequest } from "../message/index.js";
import { bytes, string, struct } from "../serialization/index.js";

/** What somebody says. */
export const Say = defineMessage("say", struct({ name: string(40), text: string(500) }));
/** What the server tells everybody. */
export const Said = defineMessage("said", struct({ text: string(600) }));
/** Gives back what it gets. */
export const Echo = defineRequest("echo", struct({ data: bytes(60_000) }), struct({ data: bytes(60_000) }));

/** What `valve-sockets serve` speaks, with `connect` and `load`. */
export const chatProtocol = defineProtocol({
  name: "valve-sockets chat",
  version: 1,
  messages: [Say, Said, Echo],
});

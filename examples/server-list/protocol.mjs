import { defineProtocol } from "valve-sockets/message";

/** A game would have its messages here; a list needs none. */
export const protocol = defineProtocol({ name: "server-list", version: 1, messages: [] });

// What a page and its server say to each other: numbers that come back.
import { defineMessage, defineProtocol } from "../../dist/message/index.js";
import { Channel } from "../../dist/peer/index.js";
import { u32 } from "../../dist/serialization/index.js";

export const Shot = defineMessage("shot", u32);
export const Move = defineMessage("move", u32, { channel: Channel.Unreliable });
export const protocol = defineProtocol({ name: "echo", version: 1, messages: [Shot, Move] });

import { defineMessage, defineProtocol } from "../../dist/message/index.js";
import { struct, u32 } from "../../dist/serialization/index.js";

/** A message that the server returns. */
export const Echo = defineMessage("echo", struct({ number: u32 }));
export const protocol = defineProtocol({ name: "floods", version: 1, messages: [Echo] });

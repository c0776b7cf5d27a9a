import { defineMessage, defineProtocol } from "valve-sockets/message";
import { bytes } from "valve-sockets/serialization";

export const Echo = defineMessage("echo", bytes(200));
export const newProtocol = () => defineProtocol({ name: "echo", version: 1, messages: [Echo] });

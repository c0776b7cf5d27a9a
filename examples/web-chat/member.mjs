import { NetworkClient } from "valve-sockets/message";
import { Enter, protocol, Said } from "./protocol.mjs";

/**
 * Comes into the chat: the same in Node.js and in a page.
 *
 * @param {import("valve-sockets/socket").SocketFactory} socketFactory
 * @param {string} name
 * @param {(line: string) => void} print
 */
export async function comeIn(socketFactory, name, print) {
  const client = new NetworkClient({ protocol, socketFactory });
  client.messageHandler.register(Said, (said) => print(`${said.name}: ${said.text}`));
  client.on("suspended", () => print("The connection is lost; coming back"));
  client.on("disconnected", ({ text }) => print(`The end: ${text}`));
  const { transport } = await client.connect();
  const { others } = await client.request(Enter, { name });
  print(`You are in, over ${transport}, with ${others.join(", ") || "nobody yet"}`);
  return client;
}

import { NetworkClient } from "valve-sockets/message";
import { Begin, Chat, Enter, protocol, Roster, SetReady } from "./protocol.mjs";

/** A client that prints what happens: the same in Node.js, in a browser, and in the server's process. */
export function createPlayer(socketFactory, print) {
  const client = new NetworkClient({ protocol, socketFactory });
  const { messageHandler } = client;
  messageHandler.register(Roster, (members) => {
    print(`Roster: ${members.map(({ name, isReady }) => (isReady ? `${name} (ready)` : name)).join(", ")}`);
  });
  messageHandler.register(Chat, ({ from, text }) => print(`${from}: ${text}`));
  messageHandler.register(Begin, ({ scene }) => print(`The game begins in ${scene}`));
  client.onLoadScene = (name) => print(`Loading ${name}`);
  client.on("disconnected", ({ text }) => print(`Disconnected: ${text}`));
  return client;
}

/** Enters the lobby, greets everybody, and says that the player is ready. */
export async function enter(client, name, print) {
  const { title } = await client.request(Enter, { name });
  print(`Entered ${title}`);
  client.send(Chat, { from: "", text: `Hello, ${name} here` });
  client.send(SetReady, { isReady: true });
}

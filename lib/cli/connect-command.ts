import { userInfo } from "node:os";
import { createInterface } from "node:readline";
import { NetworkClient } from "../message/index.js";
import { printable } from "../printable.js";
import { cutUtf8 } from "../utf8.js";
import { chatProtocol, Said, Say } from "./chat-protocol.js";
import { encryptionFor } from "./client-encryption.js";
import { defineCommand } from "./command.js";
import { createSocketFactory, parseTarget } from "./transports.js";

const USAGE = `Usage: valve-sockets connect HOST:PORT [OPTIONS]

Joins the chat of "valve-sockets serve": what is typed is said to all. The end of the input (Ctrl-D) leaves.

  valve-sockets connect 127.0.0.1:7777 --name ada
  echo hello | valve-sockets connect game.example.com:7777 --server-key vs1public_…

  --transport NAME   udp, gns or websocket (udp; websocket for a ws: or wss: address)
  --name TEXT        who speaks (the name of the user)
  --server-key TEXT  the server's public key: only this server is accepted
  --help             prints this

Exit codes: 0 left, 1 no connection, or it was lost, 2 wrong arguments.
`;

export const connectCommand = defineCommand({
  summary: "joins the chat of serve",
  usage: USAGE,
  options: { transport: { type: "string" }, name: { type: "string" }, "server-key": { type: "string" } },
  async run({ transport, name = userInfo().username, "server-key": serverKey }, positionals) {
    const { host, port, ...target } = parseTarget(positionals, transport);
    const socketFactory = createSocketFactory(target.transport, port);
    const client = new NetworkClient({ protocol: chatProtocol, socketFactory, peer: encryptionFor(serverKey) });
    client.messageHandler.register(Said, ({ text }) => void process.stdout.write(`${printable(text)}\n`));
    await client.connect({ host, port });
    process.stderr.write(`Connected to ${target.text}. Ctrl-D leaves.\n`);
    const lines = createInterface({ input: process.stdin });
    let code = 0;
    const stopListening = client.on("disconnected", ({ text }) => {
      process.stderr.write(`${printable(text)}\n`);
      code = 1;
      lines.close();
    });
    for await (const line of lines) if (line !== "") client.send(Say, { name, text: cutUtf8(line, 500) });
    stopListening();
    await client.disconnect();
    return code;
  },
});

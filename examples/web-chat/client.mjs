// node client.mjs <name> [host] [port]: each line that is typed goes to all.
import { createInterface } from "node:readline";
import { printable } from "valve-sockets/message";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { comeIn } from "./member.mjs";
import { Say } from "./protocol.mjs";

const [name = "guest", host = "localhost", port = "7777"] = process.argv.slice(2);
/** Others have written it: what would command the terminal is shown as text. */
const print = (line) => console.log(printable(line));
const client = await comeIn(new UdpSocketFactory({ host, port: Number(port) }), name, print);
const input = createInterface({ input: process.stdin });
client.on("disconnected", () => input.close());
for await (const line of input) client.send(Say, line);
await client.disconnect({ code: 0, text: `${name} has left` });

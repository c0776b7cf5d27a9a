// node client.mjs <name> [host] [UDP port]: a player over GNS.
import { printable } from "valve-sockets/message";
import { GnsSocketFactory } from "valve-sockets/socket/gns";
import { createPlayer, enter } from "./player.mjs";

const [name = "guest", host = "localhost", port = "7777"] = process.argv.slice(2);
/** Others have written it: what would command the terminal is shown as text. */
const print = (line) => console.log(printable(line));
const client = createPlayer(new GnsSocketFactory({ host, port: Number(port) }), print);
await client.connect();
await enter(client, name, print);
process.once("SIGINT", () => client.disconnect());

// node client.mjs <name> [host] [UDP port]: a player over GNS.
import { GnsSocketFactory } from "valve-sockets/socket/gns";
import { createPlayer, enter } from "./player.mjs";

const [name = "guest", host = "localhost", port = "7777"] = process.argv.slice(2);
const print = (line) => console.log(line);
const client = createPlayer(new GnsSocketFactory({ host, port: Number(port) }), print);
await client.connect();
await enter(client, name, print);
process.once("SIGINT", () => client.disconnect());

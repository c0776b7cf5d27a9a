// A STUN and TURN server in a process of its own: `ice-server.ts <address> <port> <username> <password> <lifetime>`.
// Says "ready" over IPC, and answers every message with its counts.
import { IceServer } from "../support/ice-server.js";

const [address = "", port = "", username = "", password = "", lifetime = ""] = process.argv.slice(2);
const server = new IceServer(address, { username, password }, Number(lifetime));
process.on("message", () => process.send?.(server.counts));
process.on("disconnect", () => process.exit());
await server.listen(Number(port));
process.send?.("ready");

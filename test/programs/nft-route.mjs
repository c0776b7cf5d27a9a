// A server under attack, whose guard has the route of nftables. argv: a known address, and a banned one.
import { createServer } from "node:net";
import { ConnectionGuard } from "valve-sockets/guard";
import { nftablesRoute } from "valve-sockets/guard/node";

const [known, banned] = process.argv.slice(2);
const guard = new ConnectionGuard();
guard.on("routeFailed", (error) => console.log("failed", error));
const route = await nftablesRoute();
let batches = 0;
guard.routeAttack = async (batch) => {
  await route(batch);
  console.log("routed", ++batches);
};
for (const address of [known, "2001:db8::7"]) guard.accept(address).proven();
for (const address of [banned, "2001:db9::7"]) guard.ban(address, Number.POSITIVE_INFINITY);
createServer((socket) => socket.end("hello").on("error", () => {})).listen(7777, "0.0.0.0", () => {
  console.log("listening");
  guard.kernelDropped(1000);
});
process.stdin.on("data", () => guard.unban(banned));
process.stdin.on("end", () => process.exit());

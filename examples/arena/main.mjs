// node main.mjs [HTTP port] [--inspect]: an arena with 16 bots, to play in browsers. The bots are 100 ms away, and 2 %
// of their packets are lost. With --inspect a page shows what the server does.
import { inspect } from "valve-sockets/inspector";
import { openPage } from "../open-page.mjs";
import { openArena, startBots } from "./server.mjs";

const args = process.argv.slice(2);
const [httpPort = "8080"] = args.filter((arg) => arg !== "--inspect");
const lag = { latencyMs: 50, jitterMs: 10, loss: 0.02 };
const arena = await openArena({ httpPort: Number(httpPort), lag });
const bots = startBots(arena, { lag });
console.log(`Page: ${arena.page}`);
if (args.includes("--inspect")) {
  const { objects } = arena.arena;
  const inspector = await inspect(arena.server, { objects, controls: true, payloads: true });
  console.log(`Inspector: ${inspector.url}`);
  process.once("SIGINT", () => inspector.close());
}

openPage(arena.page);
process.once("SIGINT", async () => {
  bots.kill();
  await arena.close();
});

// node main.mjs [HTTP port]: an arena with 16 bots, to play in browsers. The bots are 100 ms away, and 2 % of their
// packets are lost.
import { spawn } from "node:child_process";
import { openArena, startBots } from "./server.mjs";

const [httpPort = "8080"] = process.argv.slice(2);
const lag = { latencyMs: 50, jitterMs: 10, loss: 0.02 };
const arena = await openArena({ httpPort: Number(httpPort), lag });
const bots = startBots(arena, { lag });
console.log(`Page: ${arena.page}`);

const opener = { darwin: "open", win32: "explorer" }[process.platform] ?? "xdg-open";
if (process.platform !== "linux" || process.env.DISPLAY || process.env.WAYLAND_DISPLAY) {
  spawn(opener, [arena.page], { stdio: "ignore" }).on("error", () => {});
}
process.once("SIGINT", async () => {
  bots.kill();
  await arena.close();
});

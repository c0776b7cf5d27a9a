// npm start [-- --port 8080 --bots 3 --no-open]: the game's server, with its page on the same port.
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { NetworkServer } from "valve-sockets/message";
import { BrowserSocketFactory } from "valve-sockets/socket/browser";
import { protocol, TICK_RATE } from "./game/game.mjs";
import { Tag } from "./game/tag.mjs";

const { values } = parseArgs({
  options: { port: { type: "string" }, bots: { type: "string", default: "3" }, "no-open": { type: "boolean" } },
});
const pageFolder = new URL("./page/", import.meta.url);

/** The page's script with all that it imports. */
async function bundle() {
  const entryPoints = [fileURLToPath(new URL("main.mjs", pageFolder))];
  const { outputFiles } = await build({ entryPoints, bundle: true, format: "esm", sourcemap: "inline", write: false });
  return outputFiles[0].text;
}
let script = await bundle();

async function answer(request, response) {
  const [path] = request.url.split("?");
  if (path === "/") {
    // While you write it, each reload shows what you have changed.
    if (process.env.NODE_ENV !== "production") script = await bundle().catch((error) => showInConsole(error.message));
    response.setHeader("Content-Type", "text/html");
    response.end(await readFile(new URL("index.html", pageFolder)));
  } else if (path === "/main.js") {
    response.setHeader("Content-Type", "text/javascript");
    response.end(script);
  } else {
    response.writeHead(404).end();
  }
}
/** The page cannot be read: it is being written, or too many files are open. The game goes on. */
const fail = (response) => response.writeHead(500).end("The page cannot be read");
const http = createServer((request, response) => answer(request, response).catch(() => fail(response)));
const showInConsole = (text) => `console.error(${JSON.stringify(text)})`;
const wantedPort = Number(values.port ?? process.env.PORT ?? 8080);
http.listen(wantedPort);
await once(http, "listening").catch(({ code, message }) => {
  const isUsed = code === "EADDRINUSE";
  const advice = `npm start -- --port ${wantedPort + 1}`;
  console.error(isUsed ? `Port ${wantedPort} is used already, maybe by this game. Another one: ${advice}` : message);
  process.exit(1);
});
const { port } = http.address();

// Pages are connected over WebTransport (UDP), and over WebSocket where that does not come about.
const server = new NetworkServer({
  protocol,
  tickRate: TICK_RATE,
  sessions: {}, // Whoever loses the connection has 30 seconds to come back.
  socketFactory: new BrowserSocketFactory({ webSocket: { server: http } }),
});
new Tag(server);
await server.start();
const PAGE = `http://localhost:${port}/`;
console.log(`Game: ${PAGE}`);

const bots =
  Number(values.bots) > 0 ? fork(new URL("./bot.mjs", import.meta.url), [values.bots, "localhost", port]) : null;
const hasScreen = process.platform !== "linux" || process.env.DISPLAY || process.env.WAYLAND_DISPLAY;
if (!values["no-open"] && hasScreen) {
  const opener = { darwin: "open", win32: "explorer" }[process.platform] ?? "xdg-open";
  spawn(opener, [PAGE], { stdio: "ignore" }).on("error", () => {});
}

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    bots?.kill();
    await server.stop({ code: 0, text: "The server has been stopped" });
    http.close();
    http.closeAllConnections();
  });
}

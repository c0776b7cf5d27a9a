import { NetworkClient } from "valve-sockets/message";
import { ClientObjectManager, reportFigures } from "valve-sockets/object";
import { LagSocketFactory } from "valve-sockets/socket";
import { BrowserSocketFactory } from "valve-sockets/socket/browser";
import { BotPrefab, conditionsOf, Network, parts, protocol } from "./game.mjs";

const [loss, lag, transport, figures] = ["loss", "lag", "transport", "figures"].map((id) =>
  document.getElementById(id),
);
const COLOURS = ["#ffd166", "#5bc0eb", "#7bd389", "#ff6b6b", "#c792ea"];
const BOT_RADIUS = 0.06;

/** A connection, and what it sees. */
class View {
  bots = new Set();

  constructor(webTransport) {
    const { hostname, port } = location;
    const browser = new BrowserSocketFactory({ host: hostname, port: Number(port || 80), webTransport });
    // Each side makes worse what it sends.
    this.network = new LagSocketFactory(browser);
    this.client = new NetworkClient({ protocol, socketFactory: this.network });
    this.world = new ClientObjectManager(this.client, parts);
    reportFigures(this.client, this.world); // for the inspector
    this.world.onSpawned(BotPrefab, ({ bot }) => this.bots.add(bot));
    this.client.on("disconnected", ({ text }) => (figures.textContent = `Disconnected: ${text}`));
  }

  setNetwork(network) {
    this.client.send(Network, network);
    this.network.conditions = conditionsOf(network);
  }
}

let view = null;

async function connect() {
  transport.disabled = true;
  await view?.client.disconnect();
  view = new View(transport.value === "webtransport" ? {} : false);
  try {
    await view.client.connect();
  } catch ({ message }) {
    figures.textContent = message;
  }
  transport.disabled = false;
  setNetwork();
}

function setNetwork() {
  const network = { latencyMs: Number(lag.value), loss: Number(loss.value) / 100 };
  document.querySelector("output[for=loss]").textContent = `${loss.value} %`;
  document.querySelector("output[for=lag]").textContent = `${lag.value} ms`;
  if (view.client.isConnected) view.setNetwork(network);
}

function draw(canvas, placeOf) {
  const size = canvas.clientWidth;
  if (canvas.width !== size) Object.assign(canvas, { width: size, height: size });
  const pen = canvas.getContext("2d");
  pen.setTransform(size / 2, 0, 0, size / 2, size / 2, size / 2);
  pen.clearRect(-1, -1, 2, 2);
  for (const bot of view.bots) {
    const { x, y } = placeOf(bot);
    pen.fillStyle = COLOURS[bot.number % COLOURS.length];
    pen.beginPath();
    pen.arc(x, y, BOT_RADIUS, 0, 2 * Math.PI);
    pen.fill();
  }
}

function frame() {
  requestAnimationFrame(frame);
  const { client, world } = view;
  if (!client.isConnected) return;
  world.update();
  draw(raw, ({ position }) => position);
  draw(shown, (bot) => bot.shown.position);
  const roundTripMs = client.time.roundTripTimeMs.toFixed(0);
  const lateMs = world.metrics.shownDelayMs.toFixed(0);
  figures.textContent = `Over ${client.player.transport}, round trip ${roundTripMs} ms, shown ${lateMs} ms late`;
}

for (const element of [loss, lag]) element.addEventListener("input", setNetwork);
transport.addEventListener("change", connect);
const [raw, shown] = ["raw", "shown"].map((id) => document.getElementById(id));
/** For the console. */
globalThis.badNetwork = () => view;
await connect();
frame();

// The page: /?name=… plays as somebody, /?autopilot lets the ship fly by itself.
import { BrowserSocketFactory } from "valve-sockets/socket/browser";
import { Autopilot } from "./autopilot.mjs";
import { Drawing } from "./drawing.mjs";
import { Player } from "./player.mjs";

const settings = new URLSearchParams(location.search);
const autopilot = new Autopilot(Math.random);
const held = new Set();
const mouse = { x: 0, y: 0 };
let isAutomatic = settings.has("autopilot");
let isFiring = false;

addEventListener("keydown", ({ code }) => {
  held.add(code);
  if (code === "KeyP") isAutomatic = !isAutomatic;
  if (code === "KeyN") drawing.showsNetwork = !drawing.showsNetwork;
});
addEventListener("keyup", ({ code }) => held.delete(code));
addEventListener("blur", () => held.clear());
addEventListener("mousemove", ({ clientX, clientY }) => Object.assign(mouse, { x: clientX, y: clientY }));
addEventListener("mousedown", () => (isFiring = true));
addEventListener("mouseup", () => (isFiring = false));

const either = (...codes) => Number(codes.some((code) => held.has(code)));

function sample() {
  if (isAutomatic) return autopilot.sample(player);
  const x = either("KeyD", "ArrowRight") - either("KeyA", "ArrowLeft");
  const y = either("KeyS", "ArrowDown") - either("KeyW", "ArrowUp");
  const aim = (Math.atan2(mouse.y - innerHeight / 2, mouse.x - innerWidth / 2) * 180) / Math.PI;
  return { x, y, aim, fire: isFiring || held.has("Space") };
}

const { hostname, port, protocol } = location;
const DEFAULT_PORT = protocol === "https:" ? 443 : 80;
const socketFactory = new BrowserSocketFactory({ host: hostname, port: Number(port || DEFAULT_PORT) });
const player = new Player(settings.get("name") ?? "guest", sample, { socketFactory });
const drawing = new Drawing(document.querySelector("canvas"), player);
/** For the console. */
globalThis.arena = player;

await player.client.connect();
requestAnimationFrame(function frame(nowMs) {
  player.world.update();
  drawing.draw(nowMs);
  requestAnimationFrame(frame);
});

// The page: what the player presses goes to the server, and what the server says is drawn.
import { BrowserSocketFactory } from "valve-sockets/socket/browser";
import { FIELD, RADIUS } from "../game/game.mjs";
import { Player } from "../game/player.mjs";

const canvas = document.querySelector("canvas");
const pen = canvas.getContext("2d");
const SCALE = canvas.width / FIELD.x;
const nameField = document.querySelector("#name");
const network = document.querySelector("#network");
const table = document.querySelector("#table");

const held = new Set();
/** Where the player points to, in metres; null while no button is held. */
let goal = null;
addEventListener("keydown", ({ code, target }) => target !== nameField && held.add(code));
addEventListener("keyup", ({ code }) => held.delete(code));
addEventListener("blur", () => held.clear());
const point = ({ offsetX, offsetY }) => {
  goal = { x: (offsetX / canvas.clientWidth) * FIELD.x, y: (offsetY / canvas.clientHeight) * FIELD.y };
};
canvas.addEventListener("pointerdown", point);
canvas.addEventListener("pointermove", (event) => goal && point(event));
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => (goal = null));

const isHeld = (...codes) => Number(codes.some((code) => held.has(code)));

/** The input of a tick. */
function sample() {
  if (goal) {
    const { position } = player.runner;
    const [x, y] = [goal.x - position.x, goal.y - position.y];
    const length = Math.max(1, Math.hypot(x, y));
    return { x: x / length, y: y / length };
  }
  return {
    x: isHeld("KeyD", "ArrowRight") - isHeld("KeyA", "ArrowLeft"),
    y: isHeld("KeyS", "ArrowDown") - isHeld("KeyW", "ArrowUp"),
  };
}

nameField.value = localStorage.name ?? `guest ${Math.ceil(Math.random() * 99)}`;
nameField.addEventListener("input", () => {
  localStorage.name = nameField.value;
  player.rename(nameField.value);
});

const { hostname, port, protocol } = location;
const DEFAULT_PORT = protocol === "https:" ? 443 : 80;
const socketFactory = new BrowserSocketFactory({ host: hostname, port: Number(port || DEFAULT_PORT) });
const player = new Player(nameField.value, sample, socketFactory);
/** For the browser's console. */
globalThis.player = player;

function draw() {
  player.world.update();
  pen.setTransform(SCALE, 0, 0, SCALE, 0, 0);
  pen.clearRect(0, 0, FIELD.x, FIELD.y);
  pen.font = "0.9px system-ui, sans-serif";
  pen.textAlign = "center";
  for (const runner of player.runners) {
    const { x, y } = runner.shown.position;
    pen.beginPath();
    pen.arc(x, y, RADIUS, 0, 2 * Math.PI);
    pen.fillStyle = runner.isIt ? "#ef476f" : "#4f9dde";
    pen.fill();
    pen.fillStyle = runner === player.runner ? "#ffd166" : "#d7dfea";
    pen.fillText(runner.name, x, y < 3 ? y + 2 : y - 1.4);
  }
  requestAnimationFrame(draw);
}

/** Names come from strangers, so they are shown as text. */
function showTable() {
  const rows = [...player.runners]
    .sort((one, other) => other.catches - one.catches)
    .map((runner) => {
      const row = document.createElement("li");
      row.textContent = `${runner.name}: ${runner.catches}`;
      row.className = runner === player.runner ? "own" : "";
      return row;
    });
  table.replaceChildren(...rows);
  const { client } = player;
  network.textContent = client.isConnected
    ? `${client.player.transport}, ${Math.round(client.player.roundTripTimeMs)} ms`
    : "connecting again …";
}

try {
  await player.client.connect();
  draw();
  setInterval(showTable, 500);
} catch (error) {
  network.textContent = error.message;
}

import { HALF, MAX_HEALTH, ROCKS, SHIP_RADIUS } from "./rules.mjs";

/** So much of the arena is seen from left to right, in metres. */
const WIDTH = 70;
const BEAM_MS = 200;
const CORRECTION_MS = 600;
const COLOURS = { own: "#ffd166", other: "#5bc0eb", repair: "#7bd389", charge: "#ff6b6b", star: "#ffe66d" };

/** Draws what a player sees. */
export class Drawing {
  showsNetwork = false;
  #canvas;
  #pen;
  #player;
  /** Shots that are drawn, or will be when the world is shown as it was then. */
  #beams = [];
  #centre = { x: 0, y: 0 };
  #corrections = 0;
  #correctedMs = -Infinity;
  #table = "";

  constructor(canvas, player) {
    this.#canvas = canvas;
    this.#pen = canvas.getContext("2d");
    this.#player = player;
    // A shot of somebody else is news of the present, and its ship is shown where it was.
    player.onShot = (shot) => {
      const from = { ...shot.ship.position };
      this.#beams.push({ ...shot, from, isOwn: shot.ship === player.ship, startMs: null });
    };
  }

  draw(nowMs) {
    const { ships, pickUps, ship, world } = this.#player;
    const { corrections } = world.metrics;
    if (corrections > this.#corrections) this.#correctedMs = nowMs;
    this.#corrections = corrections;
    if (ship) Object.assign(this.#centre, ship.shown.position);
    this.#begin();
    this.#drawGround();
    for (const pickUp of pickUps) this.#drawPickUp(pickUp, nowMs);
    this.#drawBeams(nowMs);
    for (const other of ships) this.#drawShip(other, other === ship);
    if (ship) this.#drawCorrection(ship, nowMs);
    this.#showTable();
    this.#showNetwork();
  }

  /** From here on the unit is a metre. */
  #begin() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    if (this.#canvas.width !== width || this.#canvas.height !== height) Object.assign(this.#canvas, { width, height });
    const scale = width / WIDTH;
    this.#pen.setTransform(1, 0, 0, 1, 0, 0);
    this.#pen.clearRect(0, 0, width, height);
    this.#pen.setTransform(scale, 0, 0, scale, width / 2 - this.#centre.x * scale, height / 2 - this.#centre.y * scale);
    this.#pen.textAlign = "center";
    this.#pen.font = "1.1px system-ui, sans-serif";
  }

  #drawGround() {
    const pen = this.#pen;
    pen.lineWidth = 0.05;
    pen.strokeStyle = "#1b2230";
    pen.beginPath();
    for (let x = -HALF.x; x <= HALF.x; x += 5) pen.rect(x, -HALF.y, 0, 2 * HALF.y);
    for (let y = -HALF.y; y <= HALF.y; y += 5) pen.rect(-HALF.x, y, 2 * HALF.x, 0);
    pen.stroke();
    pen.lineWidth = 0.4;
    pen.strokeStyle = "#3a4963";
    pen.strokeRect(-HALF.x, -HALF.y, 2 * HALF.x, 2 * HALF.y);
    for (const { x, y, radius } of ROCKS) this.#disc(x, y, radius, "#2a3346");
  }

  #drawPickUp({ kind, position: { x, y } }, nowMs) {
    const pen = this.#pen;
    pen.save();
    pen.translate(x, y);
    pen.rotate(nowMs / 1000);
    pen.fillStyle = COLOURS[kind];
    pen.fillRect(-0.6, -0.6, 1.2, 1.2);
    pen.restore();
    pen.fillStyle = "#0b0e14";
    pen.fillText({ repair: "+", charge: "!", star: "★" }[kind], x, y + 0.4);
  }

  #drawShip(ship, isOwn) {
    const pen = this.#pen;
    const { aim, position } = ship.shown;
    const { x, y } = position;
    if (ship.isCharged) this.#disc(x, y, SHIP_RADIUS + 0.5, "#ff6b6b55");
    pen.save();
    pen.translate(x, y);
    pen.rotate((aim * Math.PI) / 180);
    pen.fillStyle = isOwn ? COLOURS.own : COLOURS.other;
    pen.beginPath();
    pen.moveTo(SHIP_RADIUS, 0);
    pen.lineTo(-SHIP_RADIUS * 0.8, SHIP_RADIUS * 0.8);
    pen.lineTo(-SHIP_RADIUS * 0.4, 0);
    pen.lineTo(-SHIP_RADIUS * 0.8, -SHIP_RADIUS * 0.8);
    pen.fill();
    pen.restore();
    pen.fillStyle = "#c8d3e0";
    pen.fillText(ship.pilot.value?.name ?? "", x, y - 2.4);
    pen.fillStyle = "#3a4963";
    pen.fillRect(x - 1.5, y - 2, 3, 0.35);
    pen.fillStyle = ship.health > MAX_HEALTH / 3 ? COLOURS.repair : COLOURS.charge;
    pen.fillRect(x - 1.5, y - 2, (3 * ship.health) / MAX_HEALTH, 0.35);
  }

  #drawBeams(nowMs) {
    const { shownTick } = this.#player.world;
    for (const beam of this.#beams) {
      if (beam.isOwn || shownTick === null || beam.tick <= shownTick) beam.startMs ??= nowMs;
    }
    this.#beams = this.#beams.filter(({ startMs }) => startMs === null || nowMs - startMs < BEAM_MS);
    for (const { aim, from, hit, isOwn, length, startMs } of this.#beams) {
      if (startMs === null) continue;
      const [x, y] = [Math.cos((aim * Math.PI) / 180), Math.sin((aim * Math.PI) / 180)];
      const end = { x: from.x + x * length, y: from.y + y * length };
      this.#pen.globalAlpha = 1 - (nowMs - startMs) / BEAM_MS;
      this.#pen.strokeStyle = isOwn ? COLOURS.own : COLOURS.other;
      this.#pen.lineWidth = 0.25;
      this.#pen.beginPath();
      this.#pen.moveTo(from.x + x * SHIP_RADIUS, from.y + y * SHIP_RADIUS);
      this.#pen.lineTo(end.x, end.y);
      this.#pen.stroke();
      if (hit) this.#disc(end.x, end.y, 0.7, "#ffffff");
      this.#pen.globalAlpha = 1;
    }
  }

  /** A ring that fades after the server has put the ship right. */
  #drawCorrection(ship, nowMs) {
    const left = 1 - (nowMs - this.#correctedMs) / CORRECTION_MS;
    if (left <= 0) return;
    const { x, y } = ship.shown.position;
    this.#pen.globalAlpha = left;
    this.#pen.strokeStyle = "#ff6b6b";
    this.#pen.lineWidth = 0.15;
    this.#pen.beginPath();
    this.#pen.arc(x, y, SHIP_RADIUS + 1 + (1 - left), 0, 2 * Math.PI);
    this.#pen.stroke();
    this.#pen.globalAlpha = 1;
  }

  #disc(x, y, radius, colour) {
    this.#pen.fillStyle = colour;
    this.#pen.beginPath();
    this.#pen.arc(x, y, radius, 0, 2 * Math.PI);
    this.#pen.fill();
  }

  #showTable() {
    const pilots = [...this.#player.pilots].sort((one, other) => other.score - one.score);
    const rows = pilots.map(({ name, kills, deaths, stars, score }) => [name, kills, deaths, stars, score]);
    const text = JSON.stringify(rows);
    if (text === this.#table) return;
    this.#table = text;
    const body = document.querySelector("tbody");
    body.replaceChildren();
    for (const [index, row] of rows.entries()) {
      const line = body.insertRow();
      if (pilots[index] === this.#player.pilot) line.className = "own";
      for (const cell of row) line.insertCell().textContent = cell;
    }
  }

  #showNetwork() {
    const { client, shots, world } = this.#player;
    const element = document.querySelector("#network");
    element.hidden = !this.showsNetwork;
    if (!this.showsNetwork) return;
    const { corrections, shownDelayMs } = world.metrics;
    const seen = shots.filter(({ hit, saw }) => saw && hit !== undefined);
    const hits = seen.filter(({ hit, saw }) => hit === saw);
    element.textContent = [
      `round trip   ${client.time.roundTripTimeMs.toFixed(0)} ms`,
      `shown late   ${shownDelayMs.toFixed(0)} ms`,
      `corrections  ${corrections}`,
      `hits seen    ${seen.length}, of which hits ${hits.length}`,
    ].join("\n");
  }
}

// npm run bot -- [how many] [host] [port]: runners that play by themselves.
import { BrowserSocketFactory } from "valve-sockets/socket/browser";
import { FIELD } from "./game/game.mjs";
import { Player } from "./game/player.mjs";

const [count = "3", host = "localhost", port = "8080"] = process.argv.slice(2);

const distance = (one, other) => Math.hypot(one.x - other.x, one.y - other.y);

/** "It" runs to the nearest runner; the others run from "it", and not into a corner. */
function choose(player) {
  player.world.update(); // A bot looks at what a person would be shown.
  const { runner, runners } = player;
  const others = [...runners].filter((other) => other !== runner).map((other) => other.shown);
  if (runner.isIt) {
    const [nearest] = others
      .map(({ position }) => position)
      .sort((one, other) => distance(runner.position, one) - distance(runner.position, other));
    return nearest ? towards(runner.position, nearest, 1) : { x: 0, y: 0 };
  }
  const it = others.find(({ isIt }) => isIt)?.position;
  if (it && distance(runner.position, it) < 8) return towards(runner.position, it, -1);
  const middle = { x: FIELD.x / 2, y: FIELD.y / 2 };
  return distance(runner.position, middle) > 6 ? towards(runner.position, middle, 0.7) : { x: 0, y: 0 };
}

function towards(from, to, speed) {
  const length = distance(from, to) || 1;
  return { x: (speed * (to.x - from.x)) / length, y: (speed * (to.y - from.y)) / length };
}

const bots = Array.from({ length: Number(count) }, (_, index) => {
  const socketFactory = new BrowserSocketFactory({ host, port: Number(port) });
  const player = new Player(`bot ${index + 1}`, () => choose(player), socketFactory);
  return player.client.connect();
});
await Promise.all(bots);
console.log(`Bots: ${bots.length}`);

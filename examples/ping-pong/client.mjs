import { Peer } from "valve-sockets/peer";

const ROUNDS = 300;
const sizes = [32, 1000, 16_000];

/** Plays a rally with a ball of each size. Resolves with `{ size, times }` of each: round trips in milliseconds. */
export async function playRallies(factory, endPoint) {
  let onBall;
  let onEnd;
  const client = new Peer(factory.createClientSocket(), factory.maxPacketSize, {
    onMessage: (_connection, ball) => onBall(ball.length),
    onDisconnected: (_connection, { text }) => onEnd(new Error(text)),
  });
  const connection = await client.connect(endPoint);

  const playRally = (size) =>
    new Promise((resolve, reject) => {
      const ball = new Uint8Array(size);
      const times = [];
      let hitAt;
      const hit = () => {
        hitAt = performance.now();
        connection.send(ball);
      };
      onEnd = reject;
      onBall = (length) => {
        if (length !== size) return reject(new Error(`A ball of ${length} bytes came back`));
        times.push(performance.now() - hitAt);
        if (times.length < ROUNDS) hit();
        else resolve({ size, times });
      };
      hit();
    });

  const rallies = [];
  for (const size of sizes) rallies.push(await playRally(size));
  onEnd = () => {};
  await client.close({ code: 0, text: "The game is over" });
  return rallies;
}

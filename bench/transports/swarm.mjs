import { percentile, report } from "../peer/report.mjs";

/** Ticks in a period of sending: the connections are spread over them. */
const PHASES = 10;

/**
 * `connections` clients that each send `size` bytes `hz` times a second, for `warmup` and then `seconds`, and count
 * what comes back, and how long that took in microseconds.
 */
export async function swarm({ connect }, { connections, hz = 20, size = 60, warmup = 0.5, seconds = 1, ...options }) {
  const payload = new Uint8Array(size).fill(120);
  const stamp = new Float64Array(payload.buffer, 0, 1);
  const sentAt = new Float64Array(1);
  const sentAtBytes = new Uint8Array(sentAt.buffer);
  const times = [];
  const onMessage = (_, buffer, offset) => {
    received++;
    if (sentBefore < 0) return;
    for (let index = 0; index < 8; index++) sentAtBytes[index] = buffer[offset + index];
    times.push((performance.now() - sentAt[0]) * 1000);
  };
  let sent = 0;
  let received = 0;
  let sentBefore = -1;
  const links = await connectAll(connect, connections, onMessage, options);
  const startedAt = performance.now();
  let tick = 0;
  // Ticks that were missed stay missed: made good at once they overflow the server's socket buffer.
  const timer = setInterval(
    () => {
      tick++;
      for (let index = tick % PHASES; index < links.length; index += PHASES) {
        stamp[0] = performance.now();
        if (links[index].send(payload, 0, size)) sent++;
      }
      const elapsed = (performance.now() - startedAt) / 1000 - warmup;
      if (elapsed >= 0 && sentBefore < 0) {
        sentBefore = sent;
        report("warm");
      }
      if (elapsed < seconds) return;
      clearInterval(timer);
      // The last answers are on their way.
      setTimeout(() => {
        const sorted = Float64Array.from(times).sort();
        const [p50, p99] = [0.5, 0.99].map((share) => percentile(sorted, share));
        report("result", { sent, received, hz: (sent - sentBefore) / links.length / elapsed, p50, p99 });
      }, 500);
    },
    1000 / hz / PHASES,
  );
}

/** `connections` clients that say nothing for `seconds`. */
export async function idle({ connect }, { connections, seconds = 1, ...options }) {
  await connectAll(connect, connections, () => {}, options);
  // What the handshakes have left behind.
  setTimeout(() => {
    report("warm");
    setTimeout(() => report("result"), seconds * 1000);
  }, 1000);
}

/** Connects `connections` clients. */
export async function handshakes({ connect }, { connections, ...options }) {
  report("warm");
  // The server's measurement begins first.
  await new Promise((resolve) => setTimeout(resolve, 300));
  await connectAll(connect, connections, () => {}, options);
  report("result");
}

/** In portions: a thousand handshakes at once are not what is measured. */
async function connectAll(connect, connections, onMessage, options) {
  const links = [];
  while (links.length < connections) {
    const portion = Math.min(50, connections - links.length);
    links.push(...(await Promise.all(Array.from({ length: portion }, () => connect(onMessage, options)))));
  }
  return links;
}

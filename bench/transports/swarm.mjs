import { percentile, report } from "../peer/report.mjs";

/** So much of a period is made good after a pause. More, sent at once, overflows the server's socket buffer. */
const MADE_GOOD = 0.1;

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
  let next = 0;
  // Spread over the whole period: those that send together wait for each other, which says nothing about the server.
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * hz * links.length);
    for (next = Math.max(next, due - Math.ceil(MADE_GOOD * links.length)); next < due; next++) {
      stamp[0] = performance.now();
      if (links[next % links.length].send(payload, 0, size)) sent++;
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
  }, 1);
}

/** `connections` clients that say nothing for `warmup` and then `seconds`. */
export async function idle({ connect }, { connections, warmup = 1, seconds = 1, ...options }) {
  await connectAll(connect, connections, () => {}, options);
  // What the handshakes have left behind: V8 still compiles, and tidies its heap 8 s later.
  setTimeout(() => {
    report("warm");
    setTimeout(() => report("result"), seconds * 1000);
  }, warmup * 1000);
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

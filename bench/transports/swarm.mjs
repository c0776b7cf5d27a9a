import { report } from "../peer/report.mjs";

/** Ticks in a period of sending: the connections are spread over them. */
const PHASES = 10;

/**
 * `connections` clients that each send `size` bytes `hz` times a second, for `warmup` and then `seconds`, and count
 * what comes back.
 */
export async function swarm({ connect }, { connections, hz = 20, size = 60, warmup = 0.5, seconds = 1, ...options }) {
  const payload = new Uint8Array(size).fill(120);
  let sent = 0;
  let received = 0;
  const links = [];
  // In portions: a thousand handshakes at once are not what is measured.
  while (links.length < connections) {
    const portion = Math.min(50, connections - links.length);
    links.push(...(await Promise.all(Array.from({ length: portion }, () => connect(() => received++, options)))));
  }
  const startedAt = performance.now();
  let tick = 0;
  let sentBefore = -1;
  // Ticks that were missed stay missed: made good at once they overflow the server's socket buffer.
  const timer = setInterval(
    () => {
      tick++;
      for (let index = tick % PHASES; index < links.length; index += PHASES) {
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
      setTimeout(() => report("result", { sent, received, hz: (sent - sentBefore) / links.length / elapsed }), 500);
    },
    1000 / hz / PHASES,
  );
}

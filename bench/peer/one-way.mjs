import { ConnectionStatus, SendFlags } from "valve-sockets";
import { cpuSeconds, report } from "./report.mjs";

/** Sends as fast as GNS takes it until the other end closes; see gns-peer's flood. */
export function runFlood(driver, options) {
  const { port, size = 64, reliable = 0, batch = 64, warmup = 0.5 } = options;
  const payload = new Uint8Array(size).fill(120);
  const flags = reliable ? SendFlags.ReliableNoNagle : SendFlags.NoNagle;
  const queueLimit = (options.buffer ?? 524_288) / 2;
  const inFlightLimit = (options["in-flight"] ?? 2 ** 30) * size;
  const status = new ConnectionStatus();
  const connection = driver.connect(port);
  let startedAt = 0;
  let warmCpu = null;
  let sent = 0;
  let isOpen = true;

  const turn = () => {
    if (!isOpen) return;
    if (warmCpu === null && performance.now() > startedAt + warmup * 1000) {
      warmCpu = cpuSeconds();
      sent = 0;
    }
    driver.sockets.getQuickConnectionStatus(connection, status);
    const queued = status.pendingReliable + status.pendingUnreliable;
    const room =
      queued + size * batch <= queueLimit && queued + status.sentUnackedReliable + size * batch <= inFlightLimit;
    if (room) sent += driver.sendBatch(connection, payload, flags, batch);
    if (room) setImmediate(turn);
    else setTimeout(turn, 1);
  };
  driver.onConnected = () => {
    startedAt = performance.now();
    turn();
  };
  driver.onClosed = () => {
    isOpen = false;
    report("result", { sent, cpuSeconds: cpuSeconds() - warmCpu });
  };
}

/** Counts what arrives from one flood, then closes; see gns-peer's sink. */
export function runSink(driver, { port, warmup = 0.5, seconds = 2 }) {
  let count = 0;
  let bytes = 0;
  let connection = 0;
  const start = () => {
    const time = performance.now();
    const cpu = cpuSeconds();
    count = 0;
    bytes = 0;
    setTimeout(() => {
      const elapsed = (performance.now() - time) / 1000;
      report("result", { count, bytes, seconds: elapsed, cpuSeconds: cpuSeconds() - cpu });
      driver.close(connection);
      driver.stopListening();
    }, seconds * 1000);
  };
  driver.onMessage = (message) => {
    if (connection === 0) {
      connection = message.connection;
      setTimeout(start, warmup * 1000);
    }
    count++;
    bytes += message.length;
  };
  driver.listen(port);
}

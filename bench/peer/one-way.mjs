import { ConnectionStatus, SendFlags } from "valve-sockets";
import { Meter } from "./meter.mjs";
import { report } from "./report.mjs";

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
  const meter = new Meter();
  let isWarm = false;
  let isOpen = true;

  const turn = () => {
    if (!isOpen) return;
    if (!isWarm && performance.now() > startedAt + warmup * 1000) {
      isWarm = true;
      meter.start();
    }
    driver.sockets.getQuickConnectionStatus(connection, status);
    const queued = status.pendingReliable + status.pendingUnreliable;
    const room =
      queued + size * batch <= queueLimit && queued + status.sentUnackedReliable + size * batch <= inFlightLimit;
    if (room) meter.count += driver.sendBatch(connection, payload, flags, batch);
    if (room) setImmediate(turn);
    else if (queued > queueLimit / 2) driver.sockets.watchDrain(connection, queueLimit / 2);
    else setTimeout(turn, 1); // What is in flight comes down with acknowledgements.
  };
  driver.onTurn = () => {
    if (driver.sockets.takeDrained().length > 0) turn();
  };
  driver.onConnected = () => {
    startedAt = performance.now();
    turn();
  };
  driver.onClosed = () => {
    isOpen = false;
    const { count: sent, cpuSeconds } = meter.read();
    report("result", { sent, cpuSeconds });
  };
}

/** Counts what arrives from one flood, then closes; see gns-peer's sink. */
export function runSink(driver, { port, warmup = 0.5, seconds = 2 }) {
  const meter = new Meter();
  let connection = 0;
  const start = () => {
    meter.start();
    setTimeout(() => {
      report("result", meter.read());
      driver.close(connection);
      driver.stopListening();
    }, seconds * 1000);
  };
  driver.onMessage = (message) => {
    if (connection === 0) {
      connection = message.connection;
      setTimeout(start, warmup * 1000);
    }
    meter.count++;
    meter.bytes += message.length;
  };
  driver.listen(port);
}

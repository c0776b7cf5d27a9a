import { SendFlags } from "valve-sockets";
import { cpuSeconds, report } from "./report.mjs";

/** Returns every message to its sender until the last connection has closed; see gns-peer's echo. */
export function runEcho(driver, { connections = 1, warmup = 0, seconds = 0, port }) {
  let count = 0;
  let measured = null;
  const start = () => {
    measured = { time: performance.now(), cpu: cpuSeconds(), count };
    if (seconds > 0) setTimeout(finish, seconds * 1000);
  };
  const finish = () => {
    if (measured === null) return;
    report("result", {
      connections: driver.connections,
      messages: count - measured.count,
      dropped: driver.refused,
      seconds: (performance.now() - measured.time) / 1000,
      cpuSeconds: cpuSeconds() - measured.cpu,
      residentBytes: process.memoryUsage.rss(),
    });
    measured = null;
    if (driver.connections === 0) driver.stopListening();
  };

  const startAfterWarmup = () => {
    if (warmup === 0) start();
    else setTimeout(start, warmup * 1000);
  };

  driver.onMessage = (message) => {
    count++;
    const flags = message.isReliable ? SendFlags.ReliableNoNagle : SendFlags.NoNagle;
    driver.reply(message.connection, message.data, flags);
  };
  driver.onConnected = () => {
    if (driver.connections === connections) startAfterWarmup();
  };
  driver.onClosed = () => {
    if (driver.connections > 0) return;
    finish();
    driver.stopListening();
  };
  driver.listen(port);
  if (connections === 0) startAfterWarmup();
}

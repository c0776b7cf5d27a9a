import { SendFlags } from "valve-sockets";
import { Meter } from "./meter.mjs";
import { report } from "./report.mjs";

/** Returns every message to its sender until the last connection has closed; see gns-peer's echo. */
export function runEcho(driver, { connections = 1, warmup = 0, seconds = 0, port }) {
  const meter = new Meter();
  let isMeasuring = false;
  const start = () => {
    meter.start();
    isMeasuring = true;
    if (seconds > 0) setTimeout(finish, seconds * 1000);
  };
  const finish = () => {
    if (!isMeasuring) return;
    isMeasuring = false;
    const { count: messages, seconds, cpuSeconds } = meter.read();
    const { connections, refused: dropped } = driver;
    const residentBytes = process.memoryUsage.rss();
    report("result", { connections, messages, dropped, seconds, cpuSeconds, residentBytes });
    if (driver.connections === 0) driver.stopListening();
  };

  const startAfterWarmup = () => {
    if (warmup === 0) start();
    else setTimeout(start, warmup * 1000);
  };

  driver.onMessage = (message) => {
    meter.count++;
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

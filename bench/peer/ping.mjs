import { SendFlags } from "valve-sockets";
import { cpuSeconds, percentile, report } from "./report.mjs";

/** Round trips of one message; see gns-peer's ping. */
export function runPing(driver, { port, count = 20_000, warmup = 1000, size = 64 }) {
  const payload = new Uint8Array(size).fill(120);
  const times = new Float64Array(count);
  let index = -warmup;
  let sentAt = 0;
  let cpu = 0;
  const connection = driver.connect(port);
  const send = () => {
    if (index === 0) cpu = cpuSeconds();
    sentAt = performance.now();
    driver.send(connection, payload, SendFlags.NoNagle);
  };
  driver.onConnected = send;
  driver.onMessage = () => {
    if (index >= 0) times[index] = (performance.now() - sentAt) * 1000;
    index++;
    if (index < count) return send();
    cpu = cpuSeconds() - cpu;
    times.sort();
    report("result", {
      count,
      p50: percentile(times, 0.5),
      p99: percentile(times, 0.99),
      p999: percentile(times, 0.999),
      cpuSeconds: cpu,
    });
    driver.close(connection);
  };
}

// The round trip over bare UDP: roles echo and ping, as in main.mjs.
import { createSocket } from "node:dgram";
import { readOptions } from "./options.mjs";
import { cpuSeconds, percentile, report, reportError } from "./report.mjs";

function runEcho(socket) {
  // An empty datagram ends it: UDP has no close.
  socket.on("message", (data, { port, address }) => {
    if (data.length === 0) socket.close();
    else socket.send(data, port, address);
  });
  socket.bind(0, "127.0.0.1", () => report("listening", { port: socket.address().port }));
}

function runPing(socket, { port, count = 20_000, warmup = 1000, size = 64 }) {
  const payload = Buffer.alloc(size, 120);
  const times = new Float64Array(count);
  let index = -warmup;
  let sentAt = 0;
  let cpu = 0;
  const send = () => {
    if (index === 0) cpu = cpuSeconds();
    sentAt = performance.now();
    socket.send(payload);
  };
  socket.on("message", () => {
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
    socket.send(Buffer.alloc(0), () => socket.close());
  });
  socket.connect(port, "127.0.0.1", send);
}

const options = readOptions(process.argv.slice(2));
const socket = createSocket("udp4");
socket.on("error", reportError);
setTimeout(() => reportError(new Error("time limit reached")), (options.limit ?? 120) * 1000).unref();
({ echo: runEcho, ping: runPing })[options.role](socket, options);

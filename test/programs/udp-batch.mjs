// A batched UDP socket that talks to itself over 127.0.0.1, in a process whose end matters. Arguments: what to do, and
// "uv" or "thread" for how the addon learns that a socket is ready.
import { Worker } from "node:worker_threads";

const [what, watcher] = process.argv.slice(2);
if (watcher === "thread") Object.defineProperty(process, "versions", { value: { ...process.versions, bun: "0" } });
const { Delivery, ReceivedPacket } = await import("../../dist/socket/index.js");
const { UdpSocketFactory } = await import("../../dist/socket/udp.js");

const settings = { host: "127.0.0.1", bindHost: "127.0.0.1", port: 0, implementation: "batched" };
const factory = new UdpSocketFactory(settings);
const packet = new ReceivedPacket();
const bytes = new Uint8Array(1232).fill(7);

async function listen(onPacket) {
  const socket = factory.createServerSocket();
  socket.events = {
    onReadable() {
      socket.tick();
      while (socket.poll()) {
        socket.receive(packet);
        onPacket(packet);
      }
      socket.flush();
    },
  };
  await socket.bind(factory.getBindEndPoint());
  return socket;
}

async function connect({ boundPort }, more = {}) {
  const socket = new UdpSocketFactory({ ...settings, ...more }).createClientSocket();
  const handle = await socket.connect(factory.getConnectEndPoint(undefined, boundPort));
  return { socket, handle };
}

/** Sends `total` packets at once where the way is slow; a small one behind them tells that they are through. */
async function flood(total) {
  let received = 0;
  let end = () => {};
  const over = new Promise((resolve) => {
    end = resolve;
  });
  const server = await listen(({ length }) => {
    if (length === 1) end();
    else received++;
  });
  const { socket, handle } = await connect(server, { bufferBytes: 65_536 });
  for (let index = 0; index < total; index++) socket.send(handle, bytes, 1232, Delivery.Unreliable);
  const dropped = socket.droppedPackets;
  const sendLast = () => {
    socket.send(handle, bytes, 1, Delivery.Unreliable);
    socket.flush();
  };
  sendLast();
  // Where it was dropped it is said again; else nobody flushes any more, and all leaves by itself.
  const timer = dropped > 0 ? setInterval(sendLast, 50) : null;
  await over;
  if (timer !== null) clearInterval(timer);
  console.log(`report ${JSON.stringify({ received, dropped })}`);
  await Promise.all([socket.close(), server.close()]);
}

/** Heap bytes per datagram that is sent and received, after warm-up. */
async function heap() {
  const burst = 100;
  let received = 0;
  let wanted = 0;
  let finish = () => {};
  const server = await listen(() => {
    if (++received === wanted) finish();
    else if (received % burst === 0) sendBurst();
  });
  const { socket, handle } = await connect(server);
  const sendBurst = () => {
    for (let index = 0; index < burst; index++) socket.send(handle, bytes, 1000, Delivery.Unreliable);
    socket.flush();
  };
  const run = (total) =>
    new Promise((resolve) => {
      received = 0;
      wanted = total;
      finish = resolve;
      sendBurst();
    });
  await run(100_000);
  globalThis.gc();
  let collected = 0;
  const before = process.memoryUsage().heapUsed;
  const { PerformanceObserver } = await import("node:perf_hooks");
  const observer = new PerformanceObserver((list) => {
    collected += list.getEntries().length;
  });
  observer.observe({ entryTypes: ["gc"] });
  await run(1_000_000);
  await new Promise((resolve) => setImmediate(resolve));
  const grown = process.memoryUsage().heapUsed - before;
  console.log(`report ${JSON.stringify({ collected, bytesPerDatagram: grown / 1_000_000 })}`);
  await Promise.all([socket.close(), server.close()]);
}

const actions = {
  flood: () => flood(300),
  overflow: () => flood(1000),
  heap,
  open: async () => {
    await listen(() => {});
    console.log("open");
  },
  close: async () => {
    await (await listen(() => {})).close();
    console.log("closed");
  },
  exit: async () => {
    await listen(() => {});
    process.exit(3);
  },
  throw: async () => {
    await listen(() => {});
    setImmediate(() => {
      throw new Error("nobody catches this");
    });
  },
  worker: async () => {
    const worker = new Worker(new URL(import.meta.url), { argv: ["traffic", watcher] });
    await new Promise((resolve) => worker.once("message", resolve));
    await worker.terminate();
    console.log("terminated");
  },
  // Inside the worker: datagrams go round until it ends.
  traffic: async () => {
    const { parentPort } = await import("node:worker_threads");
    let received = 0;
    const server = await listen(() => {
      if (++received === 1000) parentPort.postMessage("busy");
      send();
    });
    const { socket, handle } = await connect(server);
    const send = () => {
      socket.send(handle, bytes, 100, Delivery.Unreliable);
      socket.flush();
    };
    for (let index = 0; index < 10; index++) send();
  },
};
await actions[what]();

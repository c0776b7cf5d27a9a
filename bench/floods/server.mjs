import { createServer } from "node:http";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { ConnectionGuard } from "../../dist/guard/index.js";
import { nftablesRoute, readKernelCounters, watchKernel } from "../../dist/guard/node.js";
import { NetworkServer } from "../../dist/message/index.js";
import { UdpSocketFactory } from "../../dist/socket/udp.js";
import { WebSocketFactory } from "../../dist/socket/websocket-server.js";
import { activate, Socket } from "../../dist/xcs/index.js";
import { cpuSeconds, percentile, report } from "../peer/report.mjs";
import { Echo, protocol } from "./protocol.mjs";

/** The HTTP server of a user: nothing limits its connections. */
async function unlimitedServer({ host, port }) {
  const server = createServer();
  await new Promise((resolve) => server.listen({ host, port, backlog: 4096 }, resolve));
  return server;
}

/** Answers every message. `protection`: "none" (WebSocket only), "pools", "guard", "route" (guard and nftables). */
async function serveMessages(options, guard) {
  const { transport, protection, host, port } = options;
  const place = { bindHost: host, port };
  const own = protection === "none" ? { server: await unlimitedServer(options) } : place;
  const socketFactory =
    transport === "udp"
      ? new UdpSocketFactory({ ...place, bufferBytes: 2 ** 22 })
      : new WebSocketFactory({ ...own, ...(guard && { guard }) });
  const server = new NetworkServer({ protocol, socketFactory, peer: { guard } });
  server.messageHandler.register(Echo, (echo, player) => void player.send(Echo, echo));
  await server.start();
  const read = () => {
    const { socket, peer, players } = server.metrics;
    return { evicted: socket.pendingConnections?.evicted ?? 0, players, pool: socket.pendingConnections, peer };
  };
  return { port, read };
}

/** Reads what XCS programs write: the time at which each began. */
async function serveXcs({ host, port }, guard) {
  const module = activate(Socket, { backend: "node", host, ...(guard && { guard }) });
  await module.open(port, "TCP");
  const times = [];
  module.on("readable", () => {
    for (let entry = module.read(port); entry; entry = module.read(port)) {
      if (entry.length === 8) times.push(Number(process.hrtime.bigint() - Buffer.from(entry).readBigInt64LE()) / 1e6);
    }
  });
  module.on("disconnected", () => {});
  const read = () => {
    const sorted = Float64Array.from(times).sort();
    return { arrived: times.length, inTime: times.filter((ms) => ms <= 3000).length, p99: percentile(sorted, 0.99) };
  };
  return { port, read };
}

/** Says where it listens, and after a line `read` what it has counted since a line `start`. */
export async function server(options) {
  const hasGuard = options.protection === "guard" || options.protection === "route";
  const guard = hasGuard ? new ConnectionGuard() : null;
  let routeFailures = 0;
  const bannedPlayers = [];
  if (guard) {
    watchKernel(guard);
    guard.on("routeFailed", () => routeFailures++);
    guard.on("calm", () => report("calm"));
    guard.on("banned", (source) => {
      if (!source.startsWith("10.64.")) bannedPlayers.push(source);
    });
    if (options.protection === "route") guard.routeAttack = await nftablesRoute();
  }
  const { port, read } = await (options.transport === "xcs" ? serveXcs : serveMessages)(options, guard);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  let before = {};
  let peakBytes = 0;
  const bytesNow = () => {
    try {
      return process.memoryUsage.rss();
    } catch {
      return 0; // there is no file descriptor left
    }
  };
  const look = async () => ({
    atMs: performance.now(),
    cpu: cpuSeconds(),
    kernel: await readKernelCounters(),
    bytes: bytesNow(),
  });
  setInterval(() => {
    peakBytes = Math.max(peakBytes, bytesNow());
  }, 100).unref();
  process.stdin.setEncoding("utf8").on("data", async (text) => {
    if (text.includes("start")) {
      globalThis.gc?.();
      before = await look();
      peakBytes = before.bytes;
      delay.reset();
      delay.enable();
      report("begun");
    }
    if (text.includes("read")) {
      const after = await look();
      const names = Object.keys(after.kernel ?? {});
      report("result", {
        seconds: (after.atMs - before.atMs) / 1000,
        cpuSeconds: after.cpu - before.cpu,
        memoryMegabytes: (Math.max(peakBytes, after.bytes) - before.bytes) / 1e6,
        loopP99Ms: delay.percentile(99) / 1e6,
        kernel: Object.fromEntries(names.map((name) => [name, after.kernel[name] - before.kernel[name]])),
        guard: guard?.metrics ?? null,
        bannedPlayers,
        routeFailures,
        ...read(),
      });
    }
  });
  report("listening", { port });
}

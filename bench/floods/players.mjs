import "./local-addresses.mjs";
import { connect as connectTcp } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { percentile, report } from "../peer/report.mjs";
import { connectFrom } from "./local-addresses.mjs";

// Later than the wrapped functions: these modules import them.
const { NetworkClient } = await import("../../dist/message/index.js");
const { UdpSocketFactory } = await import("../../dist/socket/udp.js");
const { WebSocketFactory } = await import("../../dist/socket/websocket-server.js");
const { Echo, protocol } = await import("./protocol.mjs");

/** How long after its first answer a source is known to the kernel too. */
const KNOWN_AFTER_MS = 1000;

const factoryOf = ({ transport, host, port }) =>
  transport === "udp"
    ? new UdpSocketFactory({ host, port, implementation: "dgram" })
    : new WebSocketFactory({ host, port });

/** Joins, says something, hears the answer, and leaves. */
async function join(options, signal) {
  // As long as the player waits: the client's own 5 s would end it before.
  const peer = { handshakeTimeoutMs: options.timeoutMs };
  const client = new NetworkClient({ protocol, socketFactory: factoryOf(options), peer });
  try {
    const answered = new Promise((resolve, reject) => {
      client.messageHandler.register(Echo, resolve);
      client.on("authenticated", () => client.send(Echo, { number: 1 }));
      client.on("disconnected", ({ text }) => reject(new Error(`disconnected: ${text}`)));
      signal.addEventListener("abort", () => reject(signal.reason));
    });
    answered.catch(() => {}); // `connect` may fail first
    await client.connect({ signal });
    await answered;
  } finally {
    client.disconnect().catch(() => {});
  }
}

/** Connects to a port of XCS and writes when it began: the server reads that. */
async function writeXcs({ host, port }, signal) {
  const message = Buffer.alloc(12);
  message.writeUInt32BE(8);
  message.writeBigInt64LE(process.hrtime.bigint(), 4);
  await new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port, signal });
    socket.on("error", reject).on("close", resolve);
    socket.on("connect", () => socket.end(message));
    socket.resume();
  });
}

const sortedTimes = (times) => Float64Array.from(times).sort();

/**
 * Tries to get in `rate` times a second for `seconds`, from `addresses` addresses of 10.`network`.0.0/16 in turn.
 * Success is an answer within `timeoutMs`; p99 in milliseconds.
 */
export async function players({ addresses, network, rate, seconds, timeoutMs, first = 0, ...options }) {
  const knownSince = new Map();
  const all = { tried: 0, times: [] };
  const known = { tried: 0, times: [] };
  const failures = {};
  const play = async (index) => {
    const address = first + (index % addresses);
    const beganAt = performance.now();
    const isKnown = beganAt - (knownSince.get(address) ?? beganAt) > KNOWN_AFTER_MS;
    const groups = isKnown ? [all, known] : [all];
    for (const group of groups) group.tried++;
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(new Error("too late")), timeoutMs);
    try {
      const go = options.transport === "xcs" ? writeXcs : join;
      const from = `10.${network}.${address >> 8}.${address & 255}`;
      await connectFrom(from, () => go({ ...options, timeoutMs }, limit.signal));
      const now = performance.now();
      for (const group of groups) group.times.push(now - beganAt);
      if (!knownSince.has(address)) knownSince.set(address, now);
    } catch (error) {
      const text = process.env.FULL ? `${error.message} ${error.cause}` : `${error.code ?? error.message}`;
      failures[text] = (failures[text] ?? 0) + 1;
    } finally {
      clearTimeout(timer);
    }
  };
  report("ready");
  const beganAt = performance.now();
  const running = [];
  for (let index = 0; index < rate * seconds; index++) {
    const waitMs = beganAt + (index * 1000) / rate - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    running.push(play(index));
  }
  await Promise.all(running);
  const figures = ({ tried, times }) => ({
    tried,
    ok: times.length,
    p99: percentile(sortedTimes(times), 0.99),
  });
  report("result", { ...figures(all), known: figures(known), failures });
  process.exit();
}

/**
 * `count` players, all in before the flood, say something `rate` times a second. After a line `start`, for `seconds`:
 * how much came back, and how many were disconnected.
 */
export async function stayers({ count, network, rate, seconds, ...options }) {
  let [sent, returned, lost] = [0, 0, 0];
  const clients = [];
  for (let index = 0; index < count; index++) {
    const client = new NetworkClient({ protocol, socketFactory: factoryOf(options) });
    client.messageHandler.register(Echo, () => returned++);
    await connectFrom(`10.${network}.9.${index}`, () => client.connect());
    client.on("disconnected", () => lost++);
    clients.push(client);
  }
  report("ready");
  await new Promise((resolve) => process.stdin.once("data", resolve));
  const { Channel } = await import("../../dist/message/index.js");
  const beganAt = performance.now();
  for (let turn = 0; turn < rate * seconds; turn++) {
    const waitMs = beganAt + (turn * 1000) / rate - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    for (const client of clients) {
      client.send(Echo, { number: turn }, Channel.Unreliable);
      sent++;
    }
  }
  await sleep(1000);
  report("result", { sent, returned, lost });
  process.exit();
}

import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "../../scripts/paths.mjs";
import { run } from "../../scripts/run.mjs";
import { withPeers } from "./peer.mjs";

const main = fileURLToPath(new URL("../transports/main.mjs", import.meta.url));

/** The command for a process of bench/transports, `prefix` before it. */
export const program = (prefix = []) => [...prefix, process.execPath, main];

/** Builds what `dist` lacks. */
export function prepareStack() {
  if (!existsSync(join(root, "dist", "socket", "udp.js"))) run(process.execPath, [join(root, "scripts", "build.mjs")]);
}

const perMillion = ({ cpuSeconds }, { count }) => (cpuSeconds / count) * 1e6;

/**
 * One flood from process to process: messages received per second, CPU per million of them, and the largest packet of
 * a Peer. `command`: of both processes.
 */
export function oneWay(options, command = program()) {
  return withPeers(async (start) => {
    const sink = start(command, "sink", options);
    const { event: _, ...place } = await sink.next("listening");
    const flood = start(command, "flood", { ...options, ...place });
    const [received, sent] = await Promise.all([sink.next("result"), flood.next("result")]);
    return {
      rate: received.count / received.seconds,
      senderCpu: perMillion(sent, sent),
      receiverCpu: perMillion(received, received),
      bothCpu: perMillion({ cpuSeconds: sent.cpuSeconds + received.cpuSeconds }, received),
      packetBytes: sent.packetBytes,
    };
  });
}

/** What clients in `role` report, and a server that returns their messages. `programs`: the server's, the clients'. */
function callEcho(role, options, programs) {
  return withPeers(async (start) => {
    const server = start(programs[0], "echo", options);
    const { event: _, ...place } = await server.next("listening");
    const clients = start(programs[1], role, { ...options, ...place });
    await clients.next("warm");
    server.tell("start");
    const asked = await clients.next("result");
    server.tell("read");
    return { asked, served: await server.next("result") };
  });
}

/** Messages that go there and back between two processes. `programs`: the commands of server and client. */
export async function echoLoad(options, programs = [program(), program()]) {
  const { asked, served } = await callEcho("load", options, programs);
  const { p50, p99, refills } = asked;
  const cpu = perMillion({ cpuSeconds: asked.cpuSeconds + served.cpuSeconds }, asked);
  return { rate: asked.count / asked.seconds, cpu, p50, p99, refills };
}

/** A server's CPU, memory and answers under many clients that send at 20 Hz and get it back. */
export async function swarm(options, programs = [program(), program()]) {
  const { asked, served } = await callEcho("swarm", options, programs);
  const { hz, sent, received, p50, p99 } = asked;
  return {
    p50,
    p99,
    kilobytes: served.addedBytes / 1024 / options.connections,
    cores: served.cpuSeconds / served.seconds,
    cpu: perMillion(served, served),
    hz,
    sent,
    lost: sent - received,
  };
}

/** A server's share of a processor, in percent, with clients that say nothing. */
export async function idle(options) {
  const { served } = await callEcho("idle", options, [program(), program()]);
  return { percent: (100 * served.cpuSeconds) / served.seconds };
}

/** A server's CPU in milliseconds for a client that connects. */
export async function handshakes(options) {
  const { served } = await callEcho("handshakes", options, [program(), program()]);
  return { milliseconds: (1000 * served.cpuSeconds) / options.connections };
}

/** What a process of its own measures for itself. */
export function alone(role, options, flags = []) {
  const [command, ...rest] = program();
  return withPeers((start) => start([command, ...flags, ...rest], role, options).next("result"));
}

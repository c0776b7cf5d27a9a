import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import type { SocketFactory } from "../../lib/socket/index.js";
import { WebSocketFactory } from "../../lib/socket/websocket-server.js";
import { WebTransportSocketFactory } from "../../lib/socket/webtransport-server.js";
import { gns, RealPeers, udp } from "../support/real-peers.js";

// Players at 20 Hz: 100 of them, and more in a stress run.
const IS_STRESS = process.env.VALVE_SOCKETS_STRESS !== undefined;
const CLIENTS = IS_STRESS ? 1000 : 100;
const SECONDS = IS_STRESS ? 60 : 3;
const PROCESSES = 2;
const INTERVAL_MS = 50;

const program = fileURLToPath(new URL("../programs/peer-crowd.mjs", import.meta.url));
const children: ChildProcess[] = [];
let world: RealPeers;

afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await world.close();
});

/** The messages of a child process, one after the other. */
function heardFrom(child: ChildProcess): Promise<Record<string, number>> {
  return new Promise((resolve, reject) => {
    child.once("message", (message) => resolve(message as Record<string, number>));
    child.once("exit", (code, signal) => reject(new Error(`A crowd ended with ${signal ?? code}`)));
  });
}

const transports: [string, () => SocketFactory][] = [
  ["udp", () => udp({ bufferBytes: 8 * 2 ** 20 })],
  ["gns", () => gns()],
  ["websocket", () => new WebSocketFactory({ host: "127.0.0.1", bindHost: "127.0.0.1", port: 0 })],
  ["webtransport", () => new WebTransportSocketFactory({ bindHost: "127.0.0.1", port: 0 })],
];

test.each(transports)(
  `a server with ${CLIENTS} players at 20 Hz loses nothing reliable in ${SECONDS} s, over %s`,
  { timeout: 1_800_000 },
  async (transport, createFactory) => {
    const limits = { maxConnections: CLIENTS, maxPendingConnections: CLIENTS, closeTimeoutMs: 0 };
    world = new RealPeers(createFactory(), limits);
    let received = 0;
    let refused = 0;
    world.user.receive = (connection, message) => {
      received++;
      if (!connection.send(message.view())) refused++;
    };
    await world.listen();
    const messages = (SECONDS * 1000) / INTERVAL_MS;
    const each = CLIENTS / PROCESSES;
    for (let index = 0; index < PROCESSES; index++) {
      const settings = {
        transport,
        ...(world.factory instanceof WebTransportSocketFactory && { hashes: world.factory.certificateHashes }),
        port: world.server.boundPort,
        clients: each,
        messages,
        intervalMs: INTERVAL_MS,
        first: index * each,
      };
      children.push(fork(program, [JSON.stringify(settings)]));
    }
    expect(await Promise.all(children.map(heardFrom))).toEqual(children.map(() => ({ connected: each })));
    const ended = Promise.all(children.map(heardFrom));
    for (const child of children) child.send({ begin: true });
    expect(await ended).toEqual(children.map(() => ({ echoed: each * messages, faults: 0, losses: 0 })));
    expect([received, refused]).toEqual([CLIENTS * messages, 0]);
    expect(world.server.connections.length).toBe(CLIENTS);
    const { packetsDropped, strayPackets } = world.server.metrics;
    console.log(
      `${transport}: ${CLIENTS} clients, ${received} reliable messages there and as many back, ` +
        `${packetsDropped} packets dropped by the server's socket, ${strayPackets} stray`,
    );
  },
);

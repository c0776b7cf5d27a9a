// The same work by an engine and by a bare client of NATS.
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { connect } from "@nats-io/transport-node";
import { startNats } from "../../scripts/nats-cluster.mjs";

/** A value of a room in a directory. */
export const VALUE = new Uint8Array(200).fill(7);

/** Runs `use(cluster, ends)`, where `ends` has engines and bare clients that are connected to this server first. */
export async function withNats(use, { jetstream: lines = "" } = {}) {
  const { NatsEngine } = await import("../../dist/rooms/engine/index.js");
  const cluster = await startNats(3, { jetstream: lines });
  const closing = [];
  const serversFrom = (node) => [...cluster.servers.slice(node), ...cluster.servers.slice(0, node)];
  const engine = async (node = 0) => {
    const options = { servers: serversFrom(node), connection: { noRandomize: true } };
    const opened = await NatsEngine.connect(options);
    closing.push(() => opened.close());
    return opened;
  };
  const bare = async (node = 0) => {
    const connection = await connect({ servers: serversFrom(node), noRandomize: true });
    closing.push(() => connection.close());
    const client = jetstream(connection);
    return { connection, jetstream: client, kvm: new Kvm(client), manager: await jetstreamManager(connection) };
  };
  try {
    return await use(cluster, { engine, bare });
  } finally {
    for (const close of closing) await close();
    await cluster.close();
  }
}

/** A bucket of a bare client, as the one of an engine: on three disks. */
export const bareBucket = ({ kvm }, name) => kvm.create(name, { replicas: 3, storage: "file", history: 1 });

/** The times of `count` calls one after the other, in ms. */
export async function timesOf(count, call) {
  const times = [];
  for (let at = 0; at < count; at++) {
    const startMs = performance.now();
    await call(at);
    times.push(performance.now() - startMs);
  }
  return quantiles(times);
}

export function quantiles(times) {
  const sorted = Float64Array.from(times).sort();
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return { p50: at(0.5), p99: at(0.99) };
}

/** How many calls a second end, with so many at a time. */
export async function rateOf(count, atOnce, call) {
  let next = 0;
  const startMs = performance.now();
  const worker = async () => {
    while (next < count) await call(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return { rate: (count * 1000) / (performance.now() - startMs) };
}

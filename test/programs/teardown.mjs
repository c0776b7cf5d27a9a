// Connects, says so, and ends in one of the ways in which a process ends.
import { Worker } from "node:worker_threads";
import { Address, ConnectionState, Library, NetworkingSockets, SendType } from "../../dist/index.js";

const [driver, how, port] = process.argv.slice(2);
const ends = {
  exit: () => process.exit(3),
  "linger and exit": (sockets, connection) => {
    sockets.sendMessageToConnection(connection, Buffer.from("last words"), SendType.Reliable);
    sockets.closeConnection(connection, 5, "bye", true);
    process.exit(3);
  },
  reallyExit: () => process.reallyExit(4),
  throw: () => {
    throw new Error("nobody catches this");
  },
  reject: () => Promise.reject(new Error("nor this")),
  deinitialize: () => Library.deinitialize(),
  SIGTERM: () => process.kill(process.pid, how),
  SIGINT: () => process.kill(process.pid, how),
  "natural end": (sockets, connection) => sockets.unref(connection),
};
if (how === "worker") {
  const worker = new Worker(new URL(import.meta.url), { argv: [driver, "inside", port] });
  worker.on("message", () => worker.terminate().then(() => console.log("terminated")));
} else {
  Library.initialize({ driver });
  const sockets = new NetworkingSockets();
  process.on("exit", () => console.log(`driver at exit: ${Library.statistics.driver}`));
  const address = new Address();
  address.setIPv4("127.0.0.1", Number(port));
  const connection = sockets.connect(address);
  sockets.onReadable(() =>
    sockets.dispatchCallbacks(async ({ connectionInfo }) => {
      if (connectionInfo.state !== ConnectionState.Connected) return;
      if (how === "inside") (await import("node:worker_threads")).parentPort.postMessage("connected");
      else ends[how](sockets, connection);
    }),
  );
}

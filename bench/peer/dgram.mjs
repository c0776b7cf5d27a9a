// The round trip over bare UDP: roles echo and ping, as in main.mjs.
import { createSocket } from "node:dgram";
import { readOptions } from "./options.mjs";
import { limitSeconds, report, reportError } from "./report.mjs";
import { RoundTrips } from "./round-trips.mjs";

function runEcho(socket) {
  // An empty datagram ends it: UDP has no close.
  socket.on("message", (data, { port, address }) => {
    if (data.length === 0) socket.close();
    else socket.send(data, port, address);
  });
  socket.bind(0, "127.0.0.1", () => report("listening", { port: socket.address().port }));
}

function runPing(socket, options) {
  const payload = Buffer.alloc(options.size ?? 64, 120);
  const roundTrips = new RoundTrips(
    options,
    () => socket.send(payload),
    () => socket.send(Buffer.alloc(0), () => socket.close()),
  );
  socket.on("message", () => roundTrips.answered());
  socket.connect(options.port, "127.0.0.1", () => roundTrips.start());
}

const options = readOptions(process.argv.slice(2));
const socket = createSocket("udp4");
socket.on("error", reportError);
limitSeconds(options.limit ?? 120);
({ echo: runEcho, ping: runPing })[options.role](socket, options);

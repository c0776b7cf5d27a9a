// Connections of `node:net` and sockets of `node:dgram` begin at an address of our choice, whoever makes them.
import { AsyncLocalStorage } from "node:async_hooks";
import { createRequire, syncBuiltinESMExports } from "node:module";

const require = createRequire(import.meta.url);
const addresses = new AsyncLocalStorage();

const net = require("node:net");
const { connect } = net;
net.connect = (options, ...rest) => connect({ ...options, localAddress: addresses.getStore() }, ...rest);
const dgram = require("node:dgram");
const { createSocket } = dgram;
dgram.createSocket = (...values) => {
  const socket = createSocket(...values);
  const bind = socket.bind.bind(socket);
  socket.bind = (port, address, done) => bind(port, addresses.getStore() ?? address, done);
  return socket;
};
syncBuiltinESMExports();

/** Runs `body`; what it connects to is connected from `address`. */
export const connectFrom = (address, body) => addresses.run(address, body);

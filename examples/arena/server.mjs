import { fork } from "node:child_process";
import { NetworkServer } from "valve-sockets/message";
import { generateServerKey } from "valve-sockets/noise";
import { nativePrimitives } from "valve-sockets/noise/native";
import { LagSocketFactory, MultiplexSocketFactory } from "valve-sockets/socket";
import { BrowserSocketFactory } from "valve-sockets/socket/browser";
import { GnsSocketFactory } from "valve-sockets/socket/gns";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { servePage } from "../page-server.mjs";
import { Arena } from "./arena.mjs";
import { protocol, TICK_RATE } from "./rules.mjs";

/**
 * Opens an arena: over GNS and UDP, encrypted with a key of this server, and for its page over WebTransport or
 * WebSocket.
 *
 * @param lag how bad the network of GNS and UDP is, as the options of a LagSocketFactory
 */
export async function openArena({ httpPort = 0, lag = {}, random } = {}) {
  const http = await servePage(import.meta.url, httpPort);
  const primitives = nativePrimitives();
  const { privateKey, publicKey } = generateServerKey(primitives);
  const server = new NetworkServer({
    protocol,
    tickRate: TICK_RATE,
    socketFactory: new MultiplexSocketFactory(
      new LagSocketFactory(new GnsSocketFactory({ port: 0 }), lag),
      new LagSocketFactory(new UdpSocketFactory({ port: 0 }), lag),
      new BrowserSocketFactory({ webSocket: { server: http } }),
    ),
    // Whoever knows the key insists on it. A page from http has no encryption at all.
    peer: { encryption: { primitives, serverKeys: [privateKey], required: false } },
  });
  const arena = new Arena(server, random);
  await server.start();
  const [gnsPort, udpPort] = server.boundPorts;
  const page = `http://localhost:${http.address().port}/`;
  const close = async () => {
    await server.stop();
    http.close();
    http.closeAllConnections();
  };
  return { server, arena, page, gnsPort, udpPort, serverKey: publicKey, close };
}

/** Starts a process with `count` bots over GNS and as many over UDP, on the same bad network. */
export function startBots({ gnsPort, udpPort, serverKey }, { lag = {}, count = 8, seed = 1 } = {}) {
  const settings = JSON.stringify({ gnsPort, udpPort, serverKey, lag, count, seed });
  return fork(new URL("./bots.mjs", import.meta.url), [settings]);
}

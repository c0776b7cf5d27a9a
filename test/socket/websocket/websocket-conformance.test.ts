import { once } from "node:events";
import { createServer, type Server } from "node:https";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { afterAll, beforeAll, describe, test } from "vitest";
import { WebSocketFactory } from "../../../lib/socket/websocket-server.js";
import { socketConformance } from "../../../lib/testing/index.js";
import { createTlsIdentity } from "../../support/tls-identity.js";

describe("WebSocket over ws", () => {
  const createFactory = () => new WebSocketFactory({ port: 0 });
  const silent = createTcpServer();
  afterAll(() => {
    silent.close();
  });
  const createSilentEndPoint = async () => {
    if (!silent.listening) await once(silent.listen(0, "127.0.0.1"), "listening");
    return createFactory().getConnectEndPoint("127.0.0.1", (silent.address() as AddressInfo).port);
  };
  for (const { name, run } of socketConformance({ createFactory, createSilentEndPoint })) test(name, run);
});

describe("WebSocket over wss, on the user's server", () => {
  const identity = createTlsIdentity();
  let server: Server;
  beforeAll(async () => {
    server = createServer(identity);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  afterAll(() => {
    server.close();
  });
  // Several sockets of a case share the server, by a path for each.
  let count = 0;
  const createFactory = () => {
    const { port } = server.address() as AddressInfo;
    const tls = { ca: identity.cert };
    return new WebSocketFactory({ server, port, path: `/${++count}`, secure: true, host: "127.0.0.1", tls });
  };
  const cases = socketConformance({ createFactory });
  // The user's server is bound already, and stays so.
  const notOurs = [
    "an address has one server",
    "close during bind leaves nothing bound",
    "connect fails where nobody listens",
  ];
  for (const { name, run } of cases.filter(({ name }) => !notOurs.includes(name))) test(name, run);
});

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, STATUS_CODES } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { expect, test } from "vitest";
import { Peer } from "../../lib/peer/index.js";
import type { SocketFactory } from "../../lib/socket/index.js";
import { WebSocketFactory } from "../../lib/socket/websocket-server.js";
import { gns, PeerUser, udp } from "../support/real-peers.js";

// The port belongs to a program that speaks something else: a text that names the server, and a code of its own where
// the transport can tell.

async function errorAt(factory: SocketFactory, port: number, handshakeTimeoutMs = 300): Promise<unknown> {
  const peer = new Peer(factory.createClientSocket(), factory.maxPacketSize, new PeerUser(), { handshakeTimeoutMs });
  try {
    return await peer.connect(factory.getConnectEndPoint("127.0.0.1", port)).catch((error: unknown) => error);
  } finally {
    await peer.close();
  }
}

test.each([
  ["UDP", udp, "ERR_OTHER_PROTOCOL", "only something else: does the port belong to another program?"],
  ["GNS", gns, "ERR_CONNECT_FAILED", "has not answered within 300 ms"],
] as const)("%s meets a program that answers every datagram", async (name, createFactory, code, text) => {
  const program = createSocket("udp4", (_message, { port, address }) => program.send("what?", port, address));
  program.bind(0, "127.0.0.1");
  await once(program, "listening");
  const { port } = program.address();
  const error = await errorAt(createFactory({ ...(name === "GNS" && { handshakeTimeoutMs: 300 }) }), port);
  expect(error).toMatchObject({ code });
  for (const part of [name, `127.0.0.1:${port}`, text]) expect((error as Error).message).toContain(part);
  program.close();
});

test.each([
  ...[200, 404, 426].map(
    (status) =>
      [
        `a web server that answers ${status}`,
        () => createServer((_request, response) => response.writeHead(status).end()),
        "ERR_OTHER_PROTOCOL",
        `A web server answers there (HTTP ${status} ${STATUS_CODES[status]}), but no WebSocket server: has the game`,
      ] as const,
  ),
  ...[403, 502].map(
    (status) =>
      [
        `a proxy that answers ${status}`,
        () => createServer((_request, response) => response.writeHead(status).end()),
        "ERR_CONNECT_FAILED",
        `The server answered HTTP ${status} `,
      ] as const,
  ),
  [
    "a TCP server",
    () =>
      createTcpServer(
        (socket) =>
          void socket
            .on("error", () => {})
            .resume()
            .end("220 hello\r\n"),
      ),
    "ERR_OTHER_PROTOCOL",
    "no WebSocket server",
  ],
] as const)("WebSocket meets %s", async (_name, create, code, text) => {
  const program = create().listen(0, "127.0.0.1");
  await once(program, "listening");
  const { port } = program.address() as AddressInfo;
  const error = await errorAt(new WebSocketFactory(), port, 30_000);
  expect(error).toMatchObject({ code });
  for (const part of ["WebSocket", `127.0.0.1:${port}`, text]) expect((error as Error).message).toContain(part);
  await new Promise((resolve) => program.close(resolve));
});

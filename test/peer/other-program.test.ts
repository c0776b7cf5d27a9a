import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { expect, test } from "vitest";
import { Peer } from "../../lib/peer/index.js";
import type { SocketFactory } from "../../lib/socket/index.js";
import { WebSocketFactory } from "../../lib/socket/websocket-server.js";
import { gns, PeerUser, udp } from "../support/real-peers.js";

// The port belongs to a program that speaks something else: one code, and a text that names the server.

async function errorAt(factory: SocketFactory, port: number): Promise<unknown> {
  const peer = new Peer(factory.createClientSocket(), factory.maxPacketSize, new PeerUser(), {
    handshakeTimeoutMs: 300,
  });
  try {
    return await peer.connect(factory.getConnectEndPoint("127.0.0.1", port)).catch((error: unknown) => error);
  } finally {
    await peer.close();
  }
}

test.each([
  ["UDP", udp, "only something else: does the port belong to another program?"],
  ["GNS", gns, "has not answered within 300 ms"],
] as const)("%s meets a program that answers every datagram", async (name, createFactory, text) => {
  const program = createSocket("udp4", (_message, { port, address }) => program.send("what?", port, address));
  program.bind(0, "127.0.0.1");
  await once(program, "listening");
  const { port } = program.address();
  const error = await errorAt(createFactory({ ...(name === "GNS" && { handshakeTimeoutMs: 300 }) }), port);
  expect(error).toMatchObject({ code: "ERR_CONNECT_FAILED" });
  for (const part of [name, `127.0.0.1:${port}`, text]) expect((error as Error).message).toContain(part);
  program.close();
});

test.each([
  ["a web server", () => createServer((_request, response) => response.writeHead(404).end())],
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
  ],
])("WebSocket meets %s", async (_name, create) => {
  const program = create().listen(0, "127.0.0.1");
  await once(program, "listening");
  const { port } = program.address() as AddressInfo;
  const error = await errorAt(new WebSocketFactory(), port);
  expect(error).toMatchObject({ code: "ERR_CONNECT_FAILED" });
  for (const part of ["WebSocket", `127.0.0.1:${port}`]) expect((error as Error).message).toContain(part);
  await new Promise((resolve) => program.close(resolve));
});

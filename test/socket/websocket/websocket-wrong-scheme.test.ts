import { expect, test } from "vitest";
import { createDevelopmentCertificate } from "../../../lib/socket/browser-server.js";
import { WebSocketFactory } from "../../../lib/socket/websocket-server.js";

test("wss:// at a server without TLS says so", async () => {
  const at = { host: "127.0.0.1", bindHost: "127.0.0.1", port: 0 };
  const server = new WebSocketFactory(at).createServerSocket();
  await server.bind(new WebSocketFactory(at).getBindEndPoint());
  const factory = new WebSocketFactory({ ...at, port: server.boundPort as number, secure: true });
  const connecting = factory.createClientSocket().connect(factory.getConnectEndPoint());
  await expect(connecting).rejects.toMatchObject({
    code: "ERR_OTHER_PROTOCOL",
    message: expect.stringMatching(/speaks no TLS\. Use ws:\/\/.*\(EPROTO\)$/),
  });
  await server.close();
});

test("ws:// at a server with TLS says what to give", async () => {
  const at = { host: "127.0.0.1", bindHost: "127.0.0.1", port: 0 };
  const { cert, key } = createDevelopmentCertificate();
  const secure = new WebSocketFactory({ ...at, tls: { cert, key } });
  const server = secure.createServerSocket();
  await server.bind(secure.getBindEndPoint());
  const factory = new WebSocketFactory({ ...at, port: server.boundPort as number });
  const connecting = factory.createClientSocket().connect(factory.getConnectEndPoint());
  await expect(connecting).rejects.toMatchObject({
    code: "ERR_CONNECT_FAILED",
    message: expect.stringContaining("`secure: true`"),
  });
  await server.close();
});

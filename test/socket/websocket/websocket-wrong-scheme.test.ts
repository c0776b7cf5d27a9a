import { expect, test } from "vitest";
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

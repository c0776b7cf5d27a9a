import { expect, test, vi } from "vitest";
import { WebSocketFactory } from "../../../lib/socket/websocket-server.js";

vi.mock("ws", () => {
  throw new Error("Cannot find package 'ws'");
});

test("without the package ws both ends say how to get it", async () => {
  const factory = new WebSocketFactory({ port: 0 });
  const missing = { code: "ERR_MISSING_PACKAGE", message: expect.stringContaining("npm install ws") };
  await expect(factory.createServerSocket().bind(factory.getBindEndPoint())).rejects.toMatchObject(missing);
  await expect(factory.createClientSocket().connect(factory.getConnectEndPoint("127.0.0.1", 1))).rejects.toMatchObject(
    missing,
  );
});

import { describe, it } from "vitest";
import { WebSocketFactory } from "../../lib/socket/websocket-server.js";
import { socketConformance } from "../../lib/testing/index.js";

describe("WebSocket over ws", () => {
  const createFactory = () => new WebSocketFactory({ port: 0 });
  for (const { name, run } of socketConformance({ createFactory })) it(name, run);
});

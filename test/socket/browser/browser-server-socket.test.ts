import { createServer } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { systemClock } from "../../../lib/clock.js";
import { NetworkError } from "../../../lib/network-error.js";
import { BrowserServerSocket } from "../../../lib/socket/browser/browser-server-socket.js";
import type { ISocket } from "../../../lib/socket/index.js";
import { WebSocketFactory } from "../../../lib/socket/websocket-server.js";
import { FakeWebTransportFactory, fakeServers } from "../../support/fake-web-transport.js";

const open: ISocket[] = [];
afterEach(async () => {
  fakeServers.clear();
  for (const socket of open.splice(0)) await socket.close();
});

const end = (port: number) => ({ host: "127.0.0.1", port, path: "/" });

/** @param bind stands in for the `bind` of WebTransport */
function newServer({
  isOnePort = true,
  bind,
}: {
  isOnePort?: boolean;
  bind?: (socket: ISocket) => Promise<void>;
} = {}) {
  const tcpPorts: (number | null)[] = [];
  const create = () => {
    const webSocket = new WebSocketFactory().createServerSocket() as ISocket;
    const webTransport = new FakeWebTransportFactory().createServerSocket();
    const original = webTransport.bind.bind(webTransport);
    webTransport.bind = async (endPoint) => {
      tcpPorts.push(webSocket.boundPort);
      await bind?.(webTransport);
      await original(endPoint);
    };
    return [webSocket, webTransport] as const;
  };
  const socket = new BrowserServerSocket({ create, isOnePort, clock: systemClock });
  open.push(socket as ISocket);
  return { socket, tcpPorts };
}

const taken = () => Promise.reject(new NetworkError("ERR_ADDRESS_IN_USE", "WebTransport: listening failed"));

describe("a server of pages", () => {
  test("has UDP and TCP of one number", async () => {
    const { socket } = newServer();
    await socket.bind([end(0), end(0)]);
    expect(socket.boundPorts[0]).toBeGreaterThan(0);
    expect(socket.boundPorts[1]).toBe(socket.boundPorts[0]);
    expect(socket.boundPort).toBe(socket.boundPorts[0]);
  });

  test("has two numbers where that is wanted", async () => {
    const { socket } = newServer({ isOnePort: false });
    await socket.bind([end(0), end(41_234)]);
    expect(socket.boundPorts[1]).toBe(41_234);
  });

  test("takes another TCP port while the UDP port of its number is taken, ten times", async () => {
    let tries = 0;
    const { socket, tcpPorts } = newServer({ bind: () => (++tries < 10 ? taken() : Promise.resolve()) });
    await socket.bind([end(0), end(0)]);
    expect(tries).toBe(10);
    expect(socket.boundPorts[1]).toBe(tcpPorts.at(-1));
    const never = newServer({ bind: taken });
    await expect(never.socket.bind([end(0), end(0)])).rejects.toMatchObject({ code: "ERR_ADDRESS_IN_USE" });
    expect(never.tcpPorts.length).toBe(10);
  });

  test("a clash on a port of its own choice names both factories, and leaves nothing bound", async () => {
    const tcp = createServer().listen(0, "127.0.0.1");
    await vi.waitUntil(() => tcp.listening);
    const { port } = tcp.address() as { port: number };
    tcp.close();
    await vi.waitUntil(() => !tcp.listening);
    const { socket, tcpPorts } = newServer({ bind: taken });
    const message = new RegExp(
      `BrowserSocketFactory listens on TCP and UDP of the number ${port}; if a UdpSocketFactory`,
    );
    await expect(socket.bind([end(port), end(port)])).rejects.toMatchObject({
      code: "ERR_ADDRESS_IN_USE",
      message: expect.stringMatching(message),
    });
    expect(tcpPorts.length).toBe(1);
    const other = newServer();
    await other.socket.bind([end(port), end(port)]);
  });

  test("listens on WebSocket alone without the package, and warns once", async () => {
    const warnings: string[] = [];
    vi.spyOn(process, "emitWarning").mockImplementation((text) => void warnings.push(String(text)));
    const missing = () => Promise.reject(new NetworkError("ERR_MISSING_PACKAGE", "npm install the-package"));
    for (let count = 0; count < 2; count++) {
      const { socket } = newServer({ bind: missing });
      await socket.bind([end(0), end(0)]);
      expect(socket.boundPorts).toEqual([expect.any(Number), null]);
      socket.tick();
      expect(socket.poll()).toBe(false);
    }
    expect(warnings).toEqual(["BrowserSocketFactory listens on WebSocket alone: npm install the-package"]);
    vi.restoreAllMocks();
  });
});

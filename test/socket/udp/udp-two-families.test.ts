import { afterEach, describe, expect, test, vi } from "vitest";
import { Peer } from "../../../lib/peer/index.js";
import { UdpSocketFactory } from "../../../lib/socket/udp.js";

const localhosts = [
  { address: "::1", family: 6 },
  { address: "127.0.0.1", family: 4 },
];
vi.mock("node:dns/promises", () => ({
  lookup: async (host: string) =>
    host === "dual.test" ? localhosts : [{ address: host, family: host.includes(":") ? 6 : 4 }],
}));

const peers: Peer[] = [];
afterEach(async () => {
  await Promise.all(peers.splice(0).map((peer) => peer.close()));
});

describe.each(["batched", "dgram"] as const)("%s", (implementation) => {
  test.each([
    ["IPv4 only", "127.0.0.1", "127.0.0.1:"],
    ["IPv6 only", "::1", "[::1]:"],
    ["both, of which the first answers", undefined, "[::1]:"],
  ])("a client finds the address of a name that answers: %s", async (_, bindHost, address) => {
    const factory = new UdpSocketFactory({ port: 0, implementation, ...(bindHost && { bindHost }) });
    const create = (onMessage: () => void) => {
      const peer = new Peer(factory.createServerSocket(), factory.maxPacketSize, { onMessage });
      peers.push(peer);
      return peer;
    };
    let arrived = () => {};
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const server = create(() => arrived());
    await server.bind(factory.getBindEndPoint());
    const connection = await create(() => {}).connect(
      factory.getConnectEndPoint("dual.test", server.boundPort as number),
    );
    expect(connection.handle.address).toBe(`${address}${server.boundPort}`);
    connection.send(Uint8Array.of(1));
    await arrival;
    expect(server.connections).toHaveLength(1);
  });

  test("a name of which nobody answers is given up in time, and nothing stays open", async () => {
    const factory = new UdpSocketFactory({ port: 0, implementation });
    const peer = new Peer(
      factory.createClientSocket(),
      factory.maxPacketSize,
      { onMessage() {} },
      {
        handshakeTimeoutMs: 600,
      },
    );
    await expect(peer.connect(factory.getConnectEndPoint("dual.test", 9))).rejects.toMatchObject({
      code: "ERR_CONNECT_FAILED",
    });
    await peer.close();
    expect(peer.boundPort).toBeNull();
  });
});

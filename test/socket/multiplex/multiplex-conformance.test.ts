import { describe, test } from "vitest";
import {
  MemoryNetwork,
  MemorySocketFactory,
  MultiplexSocketFactory,
  type SocketFactory,
} from "../../../lib/socket/index.js";
import { UdpSocketFactory } from "../../../lib/socket/udp.js";
import { WebSocketFactory } from "../../../lib/socket/websocket-server.js";
import { FakeClock, socketConformance } from "../../../lib/testing/index.js";
import { webTransport } from "../../support/real-peers.js";

describe.each(["datagram", "reliable-lanes", "stream"] as const)("memory sockets, %s, beside others", (kind) => {
  const clock = new FakeClock();
  const createFactory = () => {
    const network = new MemoryNetwork({ clock });
    const others = (["datagram", "reliable-lanes"] as const).map(
      (other) => new MemorySocketFactory(network, { kind: other, port: 0 }),
    );
    return new MultiplexSocketFactory(new MemorySocketFactory(network, { kind, port: 0 }), ...others);
  };
  for (const { name, run } of socketConformance({ createFactory, clock })) test(name, run);
});

describe.each<[string, () => SocketFactory]>([
  ["UDP", () => new UdpSocketFactory({ host: "127.0.0.1", bindHost: "127.0.0.1", port: 0 })],
  ["WebTransport", webTransport],
])("%s and WebSocket on one server, clients of %s", (_, createFirst) => {
  const createFactory = () =>
    new MultiplexSocketFactory(
      createFirst(),
      new WebSocketFactory({ host: "127.0.0.1", bindHost: "127.0.0.1", port: 0 }),
    );
  for (const { name, run } of socketConformance({ createFactory })) test(name, run);
});

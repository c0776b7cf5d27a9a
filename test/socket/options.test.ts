import { describe, expect, test } from "vitest";
import { GnsSocketFactory } from "../../lib/socket/gns.js";
import {
  LagSocketFactory,
  MemoryNetwork,
  MemorySocketFactory,
  WebSocketClientFactory,
} from "../../lib/socket/index.js";
import { UdpSocketFactory } from "../../lib/socket/udp.js";
import { WebSocketFactory } from "../../lib/socket/websocket-server.js";

const network = new MemoryNetwork();
const memory = new MemorySocketFactory(network);

/** Each with an option of a wrong type and one out of its range. */
const owners: Record<string, [create: (options: object) => object, type: object, range: object]> = {
  UdpSocketFactory: [(options) => new UdpSocketFactory(options), { port: "1" }, { port: 65_536 }],
  WebSocketFactory: [(options) => new WebSocketFactory(options), { origins: "x" }, { handshakeTimeoutMs: -1 }],
  WebSocketClientFactory: [(options) => new WebSocketClientFactory(options), { path: 1 }, { maxPacketSize: 0 }],
  GnsSocketFactory: [(options) => new GnsSocketFactory(options), { config: 1 }, { sendRate: 1 }],
  MemorySocketFactory: [(options) => new MemorySocketFactory(network, options), { port: "1" }, { kind: "other" }],
  MemoryNetwork: [(options) => new MemoryNetwork(options), { random: 1 }, {}],
  LagSocketFactory: [(options) => new LagSocketFactory(memory, options), { loss: "1" }, { loss: 1.5 }],
};

describe.each(Object.entries(owners))("%s", (owner, [create, wrongType, outOfRange]) => {
  test("takes no unknown option, and names the nearest", () => {
    expect(() => create({ clok: 1 })).toThrow(
      new RegExp(`^${owner} has no option clok; (did you mean clock\\?$|there are kind, )`),
    );
  });

  test("takes no wrong value", () => {
    expect(() => create(wrongType)).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }));
    if (Object.keys(outOfRange).length === 0) return;
    expect(() => create(outOfRange)).toThrow(expect.objectContaining({ code: "ERR_OUT_OF_RANGE" }));
  });

  test("takes undefined for what is left out", () => {
    for (const name of Object.keys({ ...wrongType, ...outOfRange })) create({ [name]: undefined });
  });
});

import { describe, test } from "vitest";
import { UdpSocketFactory } from "../../../lib/socket/udp.js";
import { socketConformance } from "../../../lib/testing/index.js";

describe.each([
  ["both families", { host: "localhost" }],
  ["IPv4 at a dual-stack server", { host: "127.0.0.1" }],
  ["IPv4", { host: "127.0.0.1", bindHost: "127.0.0.1" }],
  ["IPv6", { host: "::1", bindHost: "::1" }],
])("batched UDP, %s", (_, addresses) => {
  const createFactory = () => new UdpSocketFactory({ ...addresses, port: 0, implementation: "batched" });
  for (const { name, run } of socketConformance({ createFactory })) test(name, run);
});

describe.each(["dgram", "batched"] as const)(
  "a server of the other implementation than a %s client",
  (implementation) => {
    const server = implementation === "batched" ? "dgram" : "batched";
    const createFactory = () => new UdpSocketFactory({ port: 0, implementation: server });
    const createClientFactory = () => new UdpSocketFactory({ port: 0, implementation });
    for (const { name, run } of socketConformance({ createFactory, createClientFactory })) test(name, run);
  },
);

import { describe, test } from "vitest";
import { UdpSocketFactory } from "../../../lib/socket/udp.js";
import { socketConformance } from "../../../lib/testing/index.js";

describe.each([
  ["both families", { host: "localhost" }],
  ["IPv4 at a dual-stack server", { host: "127.0.0.1" }],
  ["IPv4", { host: "127.0.0.1", bindHost: "127.0.0.1" }],
  ["IPv6", { host: "::1", bindHost: "::1" }],
])("UDP, %s", (_, addresses) => {
  const createFactory = () => new UdpSocketFactory({ ...addresses, port: 0 });
  for (const { name, run } of socketConformance({ createFactory })) test(name, run);
});

import { describe, test } from "vitest";
import { ConfigValue } from "../../../lib/index.js";
import { GnsSocketFactory } from "../../../lib/socket/gns.js";
import { socketConformance } from "../../../lib/testing/index.js";

// So that nobody who listens nowhere is waited for too long.
const config = [{ value: ConfigValue.TimeoutInitial, data: 2000 }];

describe.each([
  ["both families, hybrid driver", { host: "localhost", driver: "hybrid" }],
  ["IPv4 at a dual-stack server, thread driver", { host: "127.0.0.1", driver: "thread" }],
] as const)("GNS, %s", (_, settings) => {
  const createFactory = () => new GnsSocketFactory({ ...settings, port: 0, config });
  for (const { name, run } of socketConformance({ createFactory })) test(name, run);
});

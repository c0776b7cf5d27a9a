// The model of random operations, over real sockets.
import { expect, test } from "vitest";
import { GnsSocketFactory } from "../../../lib/socket/gns.js";
import { UdpSocketFactory } from "../../../lib/socket/udp.js";
import { ObjectModel } from "../../support/object-model.js";

const HOST = { host: "127.0.0.1", bindHost: "127.0.0.1" };
const transports = {
  GNS: (port: number) => new GnsSocketFactory({ ...HOST, port }),
  UDP: (port: number) => new UdpSocketFactory({ ...HOST, port }),
};
const seeds = Array.from({ length: process.env.VALVE_SOCKETS_STRESS === undefined ? 1 : 20 }, (_, index) => index + 1);
const rows = seeds.flatMap((seed) => (["GNS", "UDP"] as const).map((transport) => ({ transport, seed })));

test.each(rows)("$transport, seed $seed: each client has exactly what it may see", async ({ transport, seed }) => {
  const loss = seed % 2 === 0 ? 0.05 : 0;
  const model = new ObjectModel(seed, { sockets: transports[transport], loss });
  await model.start();
  await model.run(300, 2000);
  expect(model.ends.length).toBe(5);
  await model.stop();
});

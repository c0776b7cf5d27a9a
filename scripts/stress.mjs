// npm run test:stress: the tests that are long: 100,000 connections with each driver, 20 million hostile packets, 1000
// players for a minute, streams of 100 MB, floods of 10,000 new connections a second beside 50 players, 100 clients
// that change their address 9000 times each, 80 receivers that are stopped for 2 to 30 s, a million random operations
// on objects, 12,000 of them over GNS and UDP, 200,000 hostile messages about objects each way, a million mutated
// packets and as many streams and 100,000 connections over WebTransport, 1500 deaths, stops, drains and outages of
// hosts with rooms, 900 clients that come within a second, 20 fleets of processes with 1000 rooms, 150 clients over UDP
// and 10 pages whose hosts die (VALVE_SOCKETS_FLEET=20,1000,150,10), a day of a fleet with 50 hosts, 5000 rooms and
// 100,000 players (VALVE_SOCKETS_HOURS=24), and our GNS together with the published one.
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { buildNative } from "./build.mjs";
import { root } from "./paths.mjs";
import { main, run } from "./run.mjs";
import { setup } from "./setup.mjs";

const files = [
  "test/interop/interop.test.ts",
  "test/valve/leak.test.ts",
  "test/valve/sockets/standstill.test.ts",
  "test/valve/sockets/wire-size.test.ts",
  "test/peer/fuzz.test.ts",
  "test/peer/path-fuzz.test.ts",
  "test/peer/crowd.test.ts",
  "test/peer/real-streams.test.ts",
  "test/peer/roaming-soak.test.ts",
  "test/peer/lossy-traffic.test.ts",
  "test/message/flood.test.ts",
  "test/message/standstill.test.ts",
  "test/peer/accounting.test.ts",
  "test/object/life/model.test.ts",
  "test/object/life/real-model.test.ts",
  "test/object/hostile/client.test.ts",
  "test/object/hostile/server.test.ts",
  "test/native/web-transport-core.test.ts",
  "test/rooms/member/chaos.test.ts",
  "test/rooms/member/storm.test.ts",
  "test/rooms/member/processes.test.ts",
  "test/rooms/fleet/day.test.ts",
];

/** Builds the addon over GNS without our changes, and returns the folder for node-gyp-build. */
function buildUnmodified() {
  const tree = buildNative({ name: "cmake-unmodified", definitions: { GNS_UNMODIFIED: "ON" }, target: null });
  mkdirSync(join(tree, "build", "Release"), { recursive: true });
  copyFileSync(join(tree, "Release", "valve_sockets.node"), join(tree, "build", "Release", "valve_sockets.node"));
  return tree;
}

await main(async () => {
  await setup();
  run(process.execPath, [join(root, "node_modules", "vitest", "vitest.mjs"), "run", ...files], {
    env: { ...process.env, VALVE_SOCKETS_STRESS: "1", VALVE_SOCKETS_UNMODIFIED: buildUnmodified() },
  });
});

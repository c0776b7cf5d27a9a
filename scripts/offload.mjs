// npm run test:offload [test …]: runs the tests of sockets once for each part of the batches of UDP system calls
// (native/udp/offload.h) that the environment can turn off.
import { join } from "node:path";
import { root } from "./paths.mjs";
import { main, run, step } from "./run.mjs";
import { setup } from "./setup.mjs";

const settings = ["", "batch", "gro", "gso", "gso,gro,batch"];
const tests = [
  "test/addon/offload.test.ts",
  "test/socket/gns",
  "test/socket/udp",
  "test/socket/webtransport/node",
  "test/valve",
  "test/interop/interop.test.ts",
  "test/peer/farewell.test.ts",
  "test/peer/gns-and-udp.test.ts",
  "test/peer/held-back.test.ts",
  "test/peer/lossy-traffic.test.ts",
  "test/peer/narrow-path.test.ts",
  "test/peer/other-program.test.ts",
  "test/peer/real-sockets.test.ts",
  "test/peer/real-streams.test.ts",
  "test/peer/restart-process.test.ts",
  "test/message/standstill.test.ts",
  "test/message/transports.test.ts",
];

await main(async () => {
  await setup("--bench");
  const wanted = process.argv.slice(2);
  const vitest = [join(root, "node_modules", "vitest", "vitest.mjs"), "run", ...(wanted.length > 0 ? wanted : tests)];
  for (const without of settings) {
    step(without ? `Without ${without}` : "With all parts");
    run(process.execPath, vitest, { env: { ...process.env, VALVE_SOCKETS_WITHOUT: without } });
  }
});

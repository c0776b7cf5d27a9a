// npm run test:sanitize: runs the native code, GNS included, under the sanitizers.
//   thread              data races, in the plain C++ programs of test/native
//   memory [test …]     address and undefined behaviour, in the addon under the tests that use it
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildNative } from "./build.mjs";
import { cache, checkoutCache, root } from "./paths.mjs";
import { main, run } from "./run.mjs";
import { buildPackages, ensureSystemPackages } from "./system-packages.mjs";
import { buildWebTransport, webTransportCrate } from "./web-transport.mjs";

/** The environment for compiling GNS with the same flags, in its own target folder. */
function sanitizedEnvironment(sanitizers, name) {
  const flags = `-fsanitize=${sanitizers} -fno-sanitize=vptr -fno-omit-frame-pointer -g`;
  return { ...process.env, CFLAGS: flags, CXXFLAGS: flags, CARGO_TARGET_DIR: join(cache, `cargo-${name}`) };
}

async function checkThreads(rounds) {
  const tree = checkoutCache("cmake-tsan");
  const env = sanitizedEnvironment("thread", "tsan");
  const definitions = ["-DVALVE_SOCKETS_SANITIZE=thread", "-DVALVE_SOCKETS_NATIVE_TEST=ON"];
  definitions.push(`-DWEBTRANSPORT_LIBRARY=${await buildWebTransport()}`);
  run("cmake", ["-S", root, "-B", tree, "-DCMAKE_BUILD_TYPE=RelWithDebInfo", ...definitions], { env });
  run("cmake", ["--build", tree, "--parallel", "2", "--target", "core-race", "web-transport-race"], { env });
  const suppressions = join(root, "test", "native", "tsan.supp");
  const options = `halt_on_error=0 exitcode=66 second_deadlock_stack=1 suppressions=${suppressions}`;
  const race = (name, ...args) => {
    run(join(tree, "test", "native", name), [...args, String(rounds)], {
      env: { ...process.env, TSAN_OPTIONS: options },
    });
  };
  race("core-race");
  const [certificate, key] = ["cert.pem", "key.pem"].map((name) => join(webTransportCrate, "tests", name));
  race("web-transport-race", certificate, key, new X509Certificate(readFileSync(certificate)).fingerprint256);
}

async function checkMemory(tests) {
  const env = sanitizedEnvironment("address,undefined", "asan");
  // GNS writes packets without regard to alignment and copies empty payloads from null; neither does harm.
  env.CXXFLAGS += " -fno-sanitize=alignment,nonnull-attribute";
  const definitions = { VALVE_SOCKETS_SANITIZE: "address,undefined", WEBTRANSPORT_LIBRARY: await buildWebTransport() };
  const tree = buildNative({ name: "cmake-asan", definitions, target: null, env });
  // node-gyp-build looks into build/Release of the folder that this variable names.
  mkdirSync(join(tree, "build", "Release"), { recursive: true });
  for (const name of ["valve_sockets.node", "valve_sockets_webtransport.node"]) {
    copyFileSync(join(tree, "Release", name), join(tree, "build", "Release", name));
  }
  const runtime = (name) => execFileSync("g++", [`-print-file-name=${name}`], { encoding: "utf8" }).trim();
  // Leaves out the tests that measure memory, because the sanitizer delays the freeing of memory.
  const others = ["--exclude", "**/leak.test.ts", "--testNamePattern", "^(?!.*(no more memory|are collected))"];
  // Everything takes several times as long.
  const patience = ["--testTimeout", "300000", "--hookTimeout", "300000"];
  const vitest = [join(root, "node_modules", "vitest", "vitest.mjs"), "run", ...others, ...patience, ...tests];
  run(process.execPath, vitest, {
    env: {
      ...process.env,
      VALVE_SOCKETS_PREBUILD: tree,
      LD_PRELOAD: `${runtime("libasan.so")} ${runtime("libubsan.so")}`,
      // Node itself does not free everything at exit. The leak test finds leaks of ours.
      ASAN_OPTIONS: "detect_leaks=0 exitcode=66 abort_on_error=0",
      UBSAN_OPTIONS: "halt_on_error=1 exitcode=66 print_stacktrace=1",
    },
  });
}

await main(async () => {
  ensureSystemPackages(buildPackages);
  const [only, ...tests] = process.argv.slice(2);
  const all = ["test/valve", "test/socket/gns", "test/socket/udp/udp-batch", "test/noise/native"];
  all.push("test/socket/webtransport/node");
  if (!only || only === "thread") await checkThreads(100);
  if (!only || only === "memory") await checkMemory(tests.length > 0 ? tests : all);
});

#!/usr/bin/env node
// prebuildify runs this in place of node-gyp. It builds one addon for one platform into build/Release of the current
// folder.
import { cpSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { buildNative } from "./build.mjs";
import { root } from "./paths.mjs";
import { addons, platformNamed } from "./platforms.mjs";
import { main } from "./run.mjs";
import { buildStaticDependencies, fetchSources } from "./static-dependencies.mjs";
import { cmakeDefinitions, compilerEnvironment, installToolchain, writeCompilers } from "./toolchain.mjs";
import { buildWebTransportFor } from "./web-transport.mjs";

/** What GameNetworkingSockets' addon takes, or WebTransport's, of CMake's definitions. */
async function ownDefinitions(target, { platform, compilers, protoc, sources }) {
  if (target === addons.webTransport.target) {
    const library = await buildWebTransportFor(platform, compilers);
    return { WEBTRANSPORT_LIBRARY: library, VALVE_SOCKETS_GNS: "OFF" };
  }
  return { GNS_ROOT: await buildStaticDependencies(platform, { compilers, protoc }, sources) };
}

await main(async () => {
  const output = join(process.cwd(), "build", "Release");
  const platform = platformNamed(process.env.VALVE_SOCKETS_PLATFORM);
  const target = process.env.VALVE_SOCKETS_TARGET;
  const { zig, protoc } = await installToolchain();
  const sources = await fetchSources();
  const compilers = writeCompilers(platform, zig, sources.root);
  const definitions = {
    ...cmakeDefinitions(platform, compilers),
    CMAKE_CXX_FLAGS: `-ffile-prefix-map=${root}=.`,
    GNS_SELF_CONTAINED: "ON",
    ...(await ownDefinitions(target, { platform, compilers, protoc, sources })),
  };
  // CMake forgets the definitions when the compilers of a tree change, so other compilers have another tree.
  const name = `prebuild-${target}-${platform.name}-${basename(compilers)}`;
  const tree = buildNative({ name, definitions, target, env: compilerEnvironment(compilers) });
  mkdirSync(output, { recursive: true });
  cpSync(join(tree, "Release", `${target}.node`), join(output, `${target}.node`));
});

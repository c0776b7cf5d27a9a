#!/usr/bin/env node
// prebuildify runs this in place of node-gyp. It builds the addon for one platform into build/Release of the current
// folder.
import { cpSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { buildNative } from "./build.mjs";
import { root } from "./paths.mjs";
import { platformNamed } from "./platforms.mjs";
import { main } from "./run.mjs";
import { buildStaticDependencies, fetchSources } from "./static-dependencies.mjs";
import { cmakeDefinitions, compilerEnvironment, installToolchain, writeCompilers } from "./toolchain.mjs";

await main(async () => {
  const output = join(process.cwd(), "build", "Release");
  const platform = platformNamed(process.env.VALVE_SOCKETS_PLATFORM);
  const { zig, protoc } = await installToolchain();
  const sources = await fetchSources();
  const compilers = writeCompilers(platform, zig, sources.root);
  const gnsRoot = await buildStaticDependencies(platform, { compilers, protoc }, sources);

  const env = compilerEnvironment(compilers);
  const definitions = {
    ...cmakeDefinitions(platform, compilers),
    CMAKE_CXX_FLAGS: `-ffile-prefix-map=${root}=.`,
    GNS_ROOT: gnsRoot,
    GNS_SELF_CONTAINED: "ON",
  };
  // CMake forgets the definitions when the compilers of a tree change, so other compilers have another tree.
  const name = `prebuild-${platform.name}-${basename(compilers)}`;
  const tree = buildNative({ name, definitions, target: "valve_sockets", env });
  mkdirSync(output, { recursive: true });
  cpSync(join(tree, "Release", "valve_sockets.node"), join(output, "valve_sockets.node"));
});

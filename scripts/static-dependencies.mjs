// Builds one archive of what the shipped binary links statically: GNS, protobuf, abseil and OpenSSL.
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { checkArchives, checkGnsVersion } from "./components.mjs";
import { fetchCrates, patchGns, sourcesIn } from "./patch-gns.mjs";
import { cache, root } from "./paths.mjs";
import { run } from "./run.mjs";
import { cmakeDefinitions, compilerEnvironment, fillOnce, keyOf } from "./toolchain.mjs";

const recipe = join(root, "deps", "static");
/** Other files that the archive depends on: the versions of the sources, and the definitions for GNS. */
const otherInputs = ["Cargo.toml", "Cargo.lock", "gns/definitions.cmake"].map((file) => join(root, "deps", file));

// GNS uses AES-GCM, SHA, HMAC, Ed25519, X25519 and random numbers. OpenSSL reads no configuration file and loads no
// module. It has X25519 only together with the other curves; the assembler for P-256 is left out because its table of
// 150 KB does not compress.
const FEATURES = `
  no-shared no-tests no-apps no-docs no-module no-dso no-autoload-config no-legacy no-comp no-ssl no-tls
  no-dtls no-quic no-ech no-cms no-ct no-ocsp no-ts no-srp no-psk no-cmp no-http no-sock no-ui-console no-async no-dh
  no-thread-pool no-multiblock no-ec2m no-sm2 no-sm3 no-sm4 no-aria no-camellia no-bf no-cast no-des no-idea no-rc2
  no-rc4 no-seed no-md4 no-mdc2 no-rmd160 no-whirlpool no-blake2 no-argon2 no-siphash no-gost no-dsa no-scrypt no-ocb
  no-siv no-ml-kem no-ml-dsa no-slh-dsa no-lms no-chacha no-poly1305 no-cmac no-kbkdf no-krb5kdf no-pvkkdf no-snmpkdf
  no-srtpkdf no-sshkdf no-sskdf no-x942kdf no-x963kdf no-hmac-drbg-kdf no-rfc3779 -UECP_NISTZ256_ASM
  --prefix=/nonexistent --openssldir=/nonexistent --libdir=lib
`;
/** A section for each function and table, so that the linker leaves out what nobody uses: an eighth of the binary. */
const FLAGS = "-fvisibility=hidden -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections -fPIC -O3";
const openssl = `${FEATURES} ${FLAGS}`.trim().split(/\s+/);

/** Fetches the pinned sources with cargo, and changes those of GNS: `{ root, gns, protobuf, openssl }`. */
export async function fetchSources() {
  const folder = fetchCrates("static");
  const { crate } = await patchGns();
  const gns = sourcesIn(crate);
  checkGnsVersion(gns);
  return {
    root: dirname(folder("openssl-src")),
    gns,
    protobuf: join(folder("protobuf-src"), "protobuf"),
    openssl: join(folder("openssl-src"), "openssl"),
  };
}

/** Runs a command with its output in a file, the end of which is in the error when the command fails. */
function runLogged(command, args, { cwd, env, log }) {
  return new Promise((resolve, reject) => {
    const output = openSync(log, "a");
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", output, output] });
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      if (code === 0) return resolve();
      const end = readFileSync(log, "utf8").split("\n").slice(-40).join("\n");
      reject(new Error(`${end}\n${command} ${args.join(" ").slice(0, 200)} failed (${signal ?? `exit code ${code}`})`));
    });
  });
}

/** Prints what begins, and afterwards how long it took. */
async function step(title, body) {
  const start = Date.now();
  console.log(`${title} …`);
  await body();
  console.log(`${title}: ${Math.round((Date.now() - start) / 1000)} s`);
}

/**
 * At its first link zig compiles its C++ library on one core, which this does while OpenSSL is built. The options must
 * be those of the addon: for any others, even about stripping, zig compiles the library again.
 */
async function warmUp(work, env) {
  const source = join(work, "empty.cc");
  writeFileSync(source, '#include <string>\nextern "C" char probe(std::string *s) { return s->at(0); }\n');
  const args = ["-O3", "-DNDEBUG", "-fPIC", "-s", "-shared", source, "-o", join(work, "empty.so")];
  await runLogged("zig-c++", args, { cwd: work, env, log: join(work, "log") });
}

/** Builds libcrypto, and copies it and its headers into `folder`, unless that is there. */
async function buildOpenssl({ sources, platform, opensslFolder, env }) {
  await fillOnce(opensslFolder, async (target) => {
    // Built inside a copy of the sources: otherwise file names with paths of this machine would end up in the binary.
    const copy = mkdtempSync(join(cache, "static", "work-"));
    try {
      cpSync(sources.openssl, copy, { recursive: true });
      const variables = { ...env, CC: "zig-cc", AR: "zig-ar", RANLIB: "zig-ranlib" };
      const options = { cwd: copy, env: variables, log: join(copy, "log") };
      await runLogged("perl", ["Configure", platform.build.opensslTarget, ...openssl], options);
      await runLogged("make", [`-j${availableParallelism()}`, "build_generated", "libcrypto.a"], options);
      cpSync(join(copy, "libcrypto.a"), join(target, "libcrypto.a"));
      cpSync(join(copy, "include"), join(target, "include"), { recursive: true });
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  });
}

async function runCmake({ sources, platform, tools, opensslFolder, env }, folder) {
  const definitions = {
    ...cmakeDefinitions(platform, tools.compilers),
    CMAKE_BUILD_TYPE: "Release",
    PROTOBUF_SOURCE: sources.protobuf,
    GNS_SOURCE: sources.gns,
    PROTOC: tools.protoc,
    OPENSSL_INCLUDE_DIR: join(opensslFolder, "include"),
    OPENSSL_CRYPTO_LIBRARY: join(opensslFolder, "libcrypto.a"),
  };
  const options = { cwd: folder, env, log: join(folder, "log") };
  const args = Object.entries(definitions).map(([key, value]) => `-D${key}=${value}`);
  await runLogged("cmake", ["-G", "Unix Makefiles", "-S", recipe, "-B", folder, ...args], options);
  const parallel = String(availableParallelism());
  const build = ["--build", folder, "--parallel", parallel, "--target", "GameNetworkingSockets_s"];
  const progress = setInterval(() => {
    const percent = readFileSync(options.log, "utf8")
      .match(/\[ *\d+%\]/g)
      ?.at(-1);
    if (percent) console.log(`  ${percent}`);
  }, 30_000);
  await runLogged("cmake", build, options).finally(() => clearInterval(progress));
}

function archivesIn(folder) {
  const files = readdirSync(folder, { recursive: true });
  const archives = files.filter((file) => file.endsWith(".a")).sort();
  return archives.map((file) => join(folder, file));
}

/** Builds GNS, protobuf and abseil, and puts their archive into `gnsFolder`, unless that is there. */
async function buildGns(build) {
  await fillOnce(build.gnsFolder, async (target) => {
    const folder = mkdtempSync(join(cache, "static", "work-"));
    try {
      await step(`${build.platform.name}: GameNetworkingSockets and protobuf`, () => runCmake(build, folder));
      const parts = archivesIn(folder);
      checkArchives(parts);
      run("zig-ar", ["qcL", join(target, "libgns.a"), ...parts], { env: build.env });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

/** The folders in the cache for what is built of these sources, in this way. */
function foldersOf({ sources, platform, tools }) {
  const recipeFiles = readdirSync(recipe, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const inputs = [...recipeFiles, ...otherInputs].map((file) => readFileSync(file));
  const { name, build } = platform;
  const { compilers } = tools;
  const opensslKey = keyOf(openssl.join(" "), compilers, sources.openssl);
  // Of OpenSSL it sees the headers, which are the same however the code is compiled.
  const gnsKey = keyOf(JSON.stringify(build), FEATURES, sources.openssl, compilers, sources.gns, ...inputs);
  const folder = (title, key) => join(cache, "static", `${title}${name}-${key}`);
  return {
    opensslFolder: folder("openssl-", opensslKey),
    gnsFolder: folder("gns-", gnsKey),
    prefix: folder("", keyOf(gnsKey, build.opensslTarget ? opensslKey : "")),
  };
}

/** Builds the archive unless the cache has it, and returns the folder to use as GNS_ROOT. */
export async function buildStaticDependencies(platform, tools, sources) {
  const env = compilerEnvironment(tools.compilers);
  const build = { sources, platform, tools, env, ...foldersOf({ sources, platform, tools }) };
  const { opensslFolder, gnsFolder, prefix } = build;
  const hasOpenssl = platform.build.opensslTarget !== null; // Windows needs none.

  await fillOnce(prefix, async (target) => {
    const work = mkdtempSync(join(cache, "static", "work-"));
    try {
      await step(`${platform.name}: OpenSSL, and zig's C++ library`, () =>
        Promise.all([warmUp(work, env), hasOpenssl && buildOpenssl(build)]),
      );
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
    await buildGns(build);
    mkdirSync(join(target, "lib"));
    mkdirSync(join(target, "cmake"));
    const archive = join(target, "lib", "libgns_with_dependencies.a");
    const crypto = hasOpenssl ? [join(opensslFolder, "libcrypto.a")] : [];
    checkArchives(crypto);
    run("zig-ar", ["qcL", archive, join(gnsFolder, "libgns.a"), ...crypto], { env });
    cpSync(join(sources.gns, "include"), join(target, "include"), { recursive: true });
    const config = "GameNetworkingSocketsConfig.cmake";
    cpSync(join(recipe, config), join(target, "cmake", config));
  });
  return prefix;
}

// Which folder of lib and native may import which. test/architecture checks this, and scripts/house.mjs prints it.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { root } from "./paths.mjs";

/**
 * The layers of `lib`. `below` lists the other layers that a layer may import; all may import the files directly in
 * `lib`. Inside a layer, `base` lists the files directly in its folder that its subfolders import, `wings` the
 * subfolders from the lowest up; all other files directly in its folder are its top. A file may import from its own
 * subfolder and from what comes before: base, wings in their order, top.
 */
export const layers = {
  guard: { below: [], base: [], wings: [] },
  addon: { below: [], base: [], wings: [] },
  valve: {
    below: ["guard", "addon"],
    base: [],
    wings: ["values", "messages", "configuration", "certificates", "sockets", "endpoint"],
  },
  serialization: { below: [], base: [], wings: [] },
  noise: { below: ["addon"], base: [], wings: [] },
  socket: {
    below: ["guard", "addon", "valve"],
    base: ["socket", "socket-factory", "disconnect-reason"],
    wings: ["building", "memory", "lag", "multiplex", "gns", "udp", "tls", "websocket", "webtransport", "browser"],
  },
  peer: {
    below: ["guard", "socket", "noise"],
    base: [
      "byte-segment",
      "channel",
      "integers",
      "metrics",
      "observer",
      "packet-format",
      "peer-config",
      "profile",
      "reassembly",
    ],
    wings: ["collections", "frames", "delivery", "streams", "raw-udp", "over-reliable", "handshake", "connection"],
  },
  message: {
    below: ["guard", "peer", "socket", "serialization"],
    base: [],
    wings: ["protocol", "time", "players", "authentication"],
  },
  comms: {
    below: ["guard", "addon", "valve", "message", "peer", "serialization", "socket"],
    base: [],
    wings: ["values", "wire", "voice", "server", "client", "sound", "sockets", "browser"],
  },
  xcs: {
    below: ["guard", "addon"],
    base: ["xcs-error", "network", "real-network-options"],
    wings: ["virtual", "node"],
  },
  cli: {
    below: [
      ...[
        "guard",
        "addon",
        "valve",
        "noise",
        "serialization",
        "socket",
        "peer",
        "message",
        "xcs",
        "inspector",
        "rooms",
      ],
    ],
    base: [],
    wings: [],
  },
  object: {
    below: ["guard", "message", "peer", "serialization", "socket"],
    base: [],
    wings: [
      "collections",
      "synced",
      "behaviour",
      "rpc",
      "journal",
      "interest",
      "budget",
      "input",
      "timeline",
      "rewind",
      "prediction",
      "wire",
      "world",
      "server",
      "client",
    ],
  },
  recording: { below: ["message", "peer", "socket"], base: [], wings: [] },
  inspector: {
    below: ["guard", "valve", "message", "object", "comms", "rooms", "socket"],
    base: ["snapshot"],
    wings: ["page"],
  },
  rooms: {
    below: ["guard", "message", "peer", "serialization", "socket"],
    base: ["labels", "room-messages"],
    wings: ["engine", "fleet", "host", "member"],
  },
  signaling: { below: ["guard", "message", "rooms", "serialization", "socket"], base: [], wings: [] },
  testing: { below: ["socket"], base: ["fake-clock"], wings: ["conformance"] },
};

/**
 * The order of `native`: its folders from the lowest up (the files of "" are for all others), and the files of `core`,
 * where a header and its source count as one. A file includes only files of its own folder and of those before it, and
 * in `core` only files before it.
 */
export const nativeLayers = {
  folders: ["", "udp", "core", "crypto", "addon", "addon/bindings", "webtransport", "windows"],
  core: [
    "locked",
    "gns",
    "log",
    "gns_batch",
    "silence",
    "wakes",
    "driver",
    "state",
    "signals",
    "slab_writer",
    "sessions",
    "drain",
    "fin_wait",
    "inbox",
    "sockets",
    "closing",
    "p2p",
    "config",
    "trust",
    "turn",
    "outbox",
    "library",
  ],
};

/** Every TypeScript file of `lib`: its path in `lib`, its text, the files and the packages that it imports. */
export function readSources(lib = join(root, "lib")) {
  return readdirSync(lib, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => {
      const text = readFileSync(join(lib, name), "utf8");
      const specifiers = [...text.matchAll(/(?:\bfrom|\bimport\()\s*"([^"]+)"/g)].map((match) => match[1]);
      const imports = specifiers.filter((specifier) => specifier.startsWith(".")).map((path) => resolve(name, path));
      return { name, text, imports, packages: specifiers.filter((specifier) => !specifier.startsWith(".")) };
    });
}

/** The path in `lib` of the file that the file `name` imports as `specifier`. */
export function resolve(name, specifier) {
  return posix.normalize(posix.join(dirname(name), specifier)).replace(/\.js$/, ".ts");
}

/** The layer of a file; "" for a file directly in `lib`. */
export const layerOf = (name) => (name.includes("/") ? name.split("/")[0] : "");

/**
 * The place of a file in the order of its layer: 0 for the base, then the wings, then the top; NaN for a wing that is
 * not listed.
 */
export function rankOf(name) {
  const [layer, second, third] = name.split("/");
  const { base, wings } = layers[layer];
  if (third === undefined) return base.includes(second.replace(/\.ts$/, "")) ? 0 : wings.length + 1;
  return wings.includes(second) ? wings.indexOf(second) + 1 : Number.NaN;
}

/** The imports that run upward: to a layer that is not below, or to a folder that comes later in the same layer. */
export function upwardImports({ name, imports }) {
  const layer = layerOf(name);
  if (layer === "") return [];
  return imports.filter((imported) => {
    const other = layerOf(imported);
    if (other === layer) return !(rankOf(imported) <= rankOf(name));
    return other !== "" && !layers[layer].below.includes(other);
  });
}

/** Every C++ file of `native`: its path below `native`, its text, and the files of `native` that it includes. */
export function readNative(folder = join(root, "native")) {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\.(cc|h)$/.test(name));
  return names.map((name) => {
    const text = readFileSync(join(folder, name), "utf8");
    const included = [...text.matchAll(/^#include "([^"]+)"/gm)].map(([, path]) => path);
    return { name, text, imports: included.filter((path) => names.includes(path)) };
  });
}

const nativeFolder = (name) => (name.includes("/") ? dirname(name) : "");
const stem = (name) => posix.basename(name).replace(/\.\w+$/, "");

/** The place of a file in the order of `native`, as `[folder, file]`; -1 for what is not listed. */
export function nativeRankOf(name) {
  const folder = nativeFolder(name);
  return [nativeLayers.folders.indexOf(folder), folder === "core" ? nativeLayers.core.indexOf(stem(name)) : 0];
}

/** The includes that run upward: to a folder that comes later, or to a file of `core` that comes later. */
export function upwardIncludes({ name, imports }) {
  const [folder, file] = nativeRankOf(name);
  return imports.filter((imported) => {
    const [otherFolder, otherFile] = nativeRankOf(imported);
    return otherFolder > folder || (otherFolder === folder && otherFile > file);
  });
}

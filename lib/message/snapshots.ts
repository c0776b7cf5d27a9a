import { invalidType } from "../arguments.js";
import { array, bytes, decode, NetworkWriter, string, struct } from "../serialization/index.js";
import type { ServerExtension } from "./extension.js";

const MAX_EXTENSIONS = 64;
/** Of what one extension keeps, and of all together. */
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_SNAPSHOT_BYTES = 2 ** 27;

const snapshotCodec = array(struct({ name: string(64), bytes: bytes(MAX_BYTES) }), MAX_EXTENSIONS);

/** What the extensions of a server keep of it. @throws what their `snapshot` throws */
export function takeSnapshot(extensions: readonly ServerExtension[]): Uint8Array {
  const taken = named(extensions).map(([name, extension]) => ({ name, bytes: extension.snapshot?.() as Uint8Array }));
  const writer = new NetworkWriter({ sizeBytes: 4096, maxBytes: MAX_SNAPSHOT_BYTES });
  snapshotCodec.write(writer, taken);
  return writer.toBytes();
}

/**
 * Gives each extension what the one of its name has kept.
 *
 * @throws NetworkError `ERR_BAD_VALUE`, … for what is no snapshot; what their `restore` throws
 */
export function restoreSnapshot(extensions: readonly ServerExtension[], snapshot: Uint8Array): void {
  const kept = new Map(decode(snapshotCodec, snapshot).map(({ name, bytes: content }) => [name, content]));
  for (const [name, extension] of named(extensions)) {
    const content = kept.get(name);
    if (content) extension.restore?.(content);
  }
}

/** Those that keep something, by their names. */
function named(extensions: readonly ServerExtension[]): [string, ServerExtension][] {
  const keepers = extensions.filter(({ snapshot }) => snapshot);
  const byName = new Map(keepers.map((extension) => [extension.name ?? "", extension]));
  if (byName.has("") || byName.size < keepers.length) {
    throw invalidType("Each extension with a snapshot needs a name of its own");
  }
  return [...byName];
}

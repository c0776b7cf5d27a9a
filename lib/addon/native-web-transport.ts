import { dirname, join } from "node:path";
import { environmentVariable } from "../development.js";
import { NetworkError } from "../network-error.js";
import { BUNDLE_ADVICE, loadPackaged, packageRoot, requireAt } from "./load-addon.js";

/**
 * Byte offsets of a record that JavaScript and the addon for WebTransport exchange in slabs, as
 * deps/webtransport/src/records.rs has them. Records start at multiples of 8.
 */
export const WT_RECORD = {
  session: 0, // u32
  length: 4, // u32, bytes of payload
  kind: 8, // u8
  lane: 9, // u8
  status: 10, // u16
  value: 12, // u32
  payload: 16,
} as const;

/** Kinds of records from the addon. */
export enum WtEvent {
  Incoming = 1,
  Open = 2,
  Datagram = 3,
  Reliable = 4,
  Closed = 5,
  Writable = 6,
}

/** Kinds of records to the addon. */
export enum WtCommand {
  Datagram = 1,
  Reliable = 2,
  Close = 3,
  Accept = 4,
  Refuse = 5,
  Abort = 6,
  Watch = 7,
}

/** Why a session has ended: the `status` of {@link WtEvent.Closed}. */
export enum WtCause {
  Closed = 0,
  Lost = 1,
  Refused = 2,
  Status = 3,
  Ours = 4,
  Invalid = 5,
}

/** The `value` of {@link WtCommand.Refuse} without a reason. */
export const WT_NO_CODE = 0xffff_ffff;

/** What the addon for WebTransport exports. Addresses, sockets and errors are as those of batched UDP. */
export interface NativeWebTransport {
  /** Returns the socket, or minus the system's number of the error. `coalesceMs`: how long it collects datagrams. */
  openSocket(
    uvPoll: boolean,
    ip: Uint8Array,
    port: number,
    scope: number,
    bufferBytes: number,
    retryAbove: number,
    maxPending: number,
    handshakeTimeoutMs: number,
    closeTimeoutMs: number,
    coalesceMs: number,
  ): number;
  close(socket: number): boolean;
  getPort(socket: number): number;
  /** PEM. Returns "" or what is wrong. */
  setCertificate(socket: number, cert: Uint8Array, key: Uint8Array): string;
  /** Returns the session, or what is wrong. With `hashes` (32 bytes each) `roots` (PEM) are not looked at. */
  connect(
    socket: number,
    ip: Uint8Array,
    port: number,
    scope: number,
    name: string,
    authority: string,
    path: string,
    hashes: Uint8Array,
    roots: Uint8Array,
  ): number | string;
  /** Fills the slab with records and returns their bytes; -2: the addon has failed. Call it until it returns 0. */
  receive(socket: number, slab: Uint8Array): number;
  /** Does what the records in the first `length` bytes say. */
  send(socket: number, slab: Uint8Array, length: number): number;
  /** Waits until the other sides have answered the reasons that they were told, at most `ms` (up to 10,000). */
  linger(socket: number, ms: number): void;
  /** Bytes of a session that wait or are not acknowledged. */
  getBuffered(socket: number, session: number): number;
  /** Fills `out`: pending, sources, largest share, evicted, refused, dropped, retries, accepted. */
  getFigures(socket: number, out: Float64Array): void;
  /** Sets the function that is called when a socket has records, once until `receive` has returned 0. */
  setWake(wake: (socket: number) => void): void;
  tearDown(): void;
}

const PACKAGE = "valve-sockets-webtransport";
let addon: NativeWebTransport | undefined;

/** Loads the addon: of a source tree in build/Release, else that of its package. @throws `ERR_MISSING_PACKAGE` */
export function loadWebTransport(): NativeWebTransport {
  addon ??= load();
  return addon;
}

/** Whether {@link loadWebTransport} finds it. */
export function hasWebTransport(): boolean {
  try {
    return loadWebTransport() !== undefined;
  } catch {
    return false;
  }
}

function load(): NativeWebTransport {
  const root = packageRoot();
  if (root === null)
    throw new NetworkError("ERR_MISSING_PACKAGE", `WebTransport in Node needs ${PACKAGE}: ${BUNDLE_ADVICE}`);
  const require = requireAt(import.meta.url);
  const loaded = fromTree(require, root) ?? fromPackage(require, root);
  process.on("exit", () => loaded.tearDown());
  return loaded;
}

/** The variable is that of node-gyp-build, which finds the other addon: sanitized ones have a tree of their own. */
function fromTree(require: NodeJS.Require, root: string): NativeWebTransport | null {
  const tree = environmentVariable("VALVE_SOCKETS_PREBUILD") ?? root;
  try {
    return require(join(tree, "build", "Release", "valve_sockets_webtransport.node"));
  } catch (error) {
    if ((error as { code?: string }).code === "MODULE_NOT_FOUND") return null;
    throw error;
  }
}

function fromPackage(require: NodeJS.Require, root: string): NativeWebTransport {
  const { version } = require(join(root, "package.json")) as { version: string };
  let folder: string;
  try {
    folder = dirname(require.resolve(`${PACKAGE}/package.json`));
  } catch (cause) {
    const text = `WebTransport in Node needs the package ${PACKAGE}: npm install ${PACKAGE}@${version}`;
    throw new NetworkError("ERR_MISSING_PACKAGE", text, { cause });
  }
  const other = (require(join(folder, "package.json")) as { version: string }).version;
  if (other !== version) {
    const text = `valve-sockets ${version} needs ${PACKAGE} of the same version, not ${other}: npm install`;
    throw new NetworkError("ERR_MISSING_PACKAGE", `${text} ${PACKAGE}@${version}`);
  }
  try {
    return loadPackaged<NativeWebTransport>(folder);
  } catch (cause) {
    const text = `${PACKAGE} has no binary for this platform (${process.platform}-${process.arch}): ${cause}`;
    throw new NetworkError("ERR_NO_BINARY", text, { cause });
  }
}

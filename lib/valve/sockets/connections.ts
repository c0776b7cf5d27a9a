import { native } from "../../addon/native.js";
import { checkFunction, checkInstance, checkInteger, typeError } from "../../arguments.js";
import type { ConfigOption } from "../configuration/config-value.js";
import { forgetConnectionRates } from "../configuration/legacy-configuration.js";
import { Address } from "../values/address.js";
import { gnsCloseDebug, gnsCloseReason } from "../values/close-reason.js";
import { ConnectionState } from "../values/connection-state.js";
import { type StatusCallback, statusInfoOf } from "../values/status-info.js";
import { answer, encodeIdentity, nativeOptionsOf } from "./parameters.js";
import { getLastError, noteCreate } from "./runtime.js";
import type { SocketsCore } from "./sockets-core.js";

/** The two ends that `createSocketPair` makes. */
export class SocketPair {
  /** The handle of one end; 0 before `createSocketPair`. */
  connectionOne = 0;
  /** The handle of the other end; 0 before `createSocketPair`. */
  connectionTwo = 0;
}

/** The first of IANA's dynamic ports (RFC 6335), and how many there are. */
const FIRST_FREE_PORT = 49_152;
const FREE_PORTS = 16_384;
const PORT_ATTEMPTS = 256;
/** The default and longest wait of a lingering close; the natural end of the process waits as long. */
export const LINGER_MS = 5000;

export function createListenSocket(core: SocketsCore, address: Address, options: readonly ConfigOption[]): number {
  checkInstance("address", address, Address);
  const { owner } = core;
  const nativeOptions = nativeOptionsOf(options);
  const listen = (port: number) => noteCreate(native.createListenSocket(owner, address.ip, port, nativeOptions));
  if (address.port !== 0) return core.opened(listen(address.port));
  for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt++) {
    const handle = listen(FIRST_FREE_PORT + (Math.floor(core.random() * FREE_PORTS) % FREE_PORTS));
    if (handle !== 0 || getLastError()?.code !== "ERR_ADDRESS_IN_USE") return core.opened(handle);
  }
  return 0;
}

export function connect(core: SocketsCore, address: Address, options: readonly ConfigOption[]): number {
  checkInstance("address", address, Address);
  const { owner } = core;
  return core.opened(noteCreate(native.connect(owner, address.ip, address.port, nativeOptionsOf(options))));
}

export function closeConnection(
  core: SocketsCore,
  connection: number,
  reason: number,
  debug: string,
  lingerMs: number,
): boolean {
  const { owner } = core;
  const isClosed = native.closeConnection(owner, connection, gnsCloseReason(reason), gnsCloseDebug(debug), lingerMs);
  if (isClosed) forgetConnectionRates(connection);
  return isClosed;
}

export function closeListenSocket(core: SocketsCore, socket: number, first: string | number, second: string): boolean {
  const [reason, debug] = typeof first === "number" ? [first, second] : [0, first];
  const isClosed = native.closeListenSocket(core.owner, socket, gnsCloseReason(reason), gnsCloseDebug(debug));
  if (isClosed) core.closed(socket);
  return isClosed;
}

/** @param parameters a `SocketPair` to fill, or none; then what the method's documentation says */
export function createSocketPair(core: SocketsCore, parameters: unknown[]): boolean | SocketPair | null {
  const into = typeof parameters[0] === "object" ? (parameters.shift() as SocketPair) : undefined;
  if (into !== undefined) checkInstance("pair", into, SocketPair);
  const [useNetworkLoopback = false, identityOne = null, identityTwo = null] = parameters;
  if (typeof useNetworkLoopback !== "boolean") throw typeError("useNetworkLoopback", "a boolean");
  const one = encodeIdentity("identityOne", identityOne);
  const two = encodeIdentity("identityTwo", identityTwo);
  const made = noteCreate(native.createSocketPair(core.owner, useNetworkLoopback, one, two));
  const pair = into ?? new SocketPair();
  [pair.connectionOne, pair.connectionTwo] = made ?? [0, 0];
  for (const handle of made ?? []) core.opened(handle);
  return answer(into, made && pair);
}

export function getListenSocketAddress(core: SocketsCore, socket: number, into?: Address): Address | null {
  if (into !== undefined) checkInstance("address", into, Address);
  const found = native.getListenSocketAddress(core.owner, socket);
  return found && Object.assign(into ?? new Address(), found);
}

export function dispatchCallback(core: SocketsCore, callback: StatusCallback<never>, context: unknown): boolean {
  checkFunction("callback", callback);
  const event = native.nextEvent(core.owner);
  if (event === null) return false;
  if (event.info.state === ConnectionState.None) core.closed(event.connection);
  else core.opened(event.connection);
  (callback as StatusCallback)(statusInfoOf(event), context);
  return true;
}

export function dispatchCallbacks(
  core: SocketsCore,
  callback: StatusCallback<never>,
  context: unknown,
  max: number,
): number {
  checkInteger("max", max, 0, 0x7fffffff);
  let count = 0;
  while (count < max && dispatchCallback(core, callback, context)) {
    count++;
    if (!core.isUsable) break;
  }
  return count;
}

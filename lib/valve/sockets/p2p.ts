import { native } from "../../addon/native.js";
import { checkBytes, checkFunction, typeError } from "../../arguments.js";
import { NetworkError } from "../../network-error.js";
import { type ConfigOption, ConfigValue } from "../configuration/config-value.js";
import { NetworkingIdentity } from "../values/networking-identity.js";
import { encodeIdentity, nativeOptionsOf } from "./parameters.js";
import { noteCreate } from "./runtime.js";
import type { SocketsCore } from "./sockets-core.js";

/** Options of a P2P connection. */
export interface P2POptions {
  /**
   * The port of the peer's P2P listen socket, 0 to 65535.
   *
   * @defaultValue 0
   */
  remoteVirtualPort?: number;
  /**
   * The port on this side, for a symmetric connection.
   *
   * @defaultValue the remote port
   */
  localVirtualPort?: number;
  /**
   * Both sides connect to each other and get one connection, whichever was first. Both must ask for it, with ports that
   * match crosswise, and both must pass `allowRequests` to `receiveSignal`.
   *
   * @defaultValue false
   */
  symmetric?: boolean;
  /** GNS's configuration, the options of `iceOptions` first of all. */
  options?: readonly ConfigOption[];
}

/**
 * Gets a signal to carry to a peer: a few hundred opaque bytes. GNS repeats signals until they are answered, so they
 * may be lost, repeated or reordered.
 *
 * @param connection the connection that it is about; 0 for the refusal of a request
 * @param identity whom to carry it to; invalid for a connection made without an identity, until its peer answers
 */
export type SignalCallback = (connection: number, identity: NetworkingIdentity, data: Uint8Array) => void;

export function connectP2P(core: SocketsCore, identity: NetworkingIdentity | null, options: P2POptions): number {
  const encoded = encodeIdentity("identity", identity);
  if (typeof options !== "object" || options === null) throw typeError("options", "an object");
  const { remoteVirtualPort = 0, localVirtualPort, symmetric = false, options: config = [] } = options;
  if (typeof symmetric !== "boolean") throw typeError("symmetric", "a boolean");
  const nativeOptions = peerOptionsOf(config);
  if (symmetric) nativeOptions.push([ConfigValue.SymmetricConnect, 1, 1]);
  const localPort = localVirtualPort ?? (symmetric ? remoteVirtualPort : undefined);
  if (localPort !== undefined) nativeOptions.push([ConfigValue.LocalVirtualPort, 1, localPort]);
  return core.opened(noteCreate(native.connectP2P(core.owner, encoded, remoteVirtualPort, nativeOptions)));
}

export function createListenSocketP2P(
  core: SocketsCore,
  virtualPort: number,
  options: readonly ConfigOption[],
): number {
  return core.opened(noteCreate(native.createListenSocketP2P(core.owner, virtualPort, peerOptionsOf(options))));
}

/** GNS would take `authenticatedOnly`, and connect to peers without a certificate all the same. */
function peerOptionsOf(options: readonly ConfigOption[]): ReturnType<typeof nativeOptionsOf> {
  const nativeOptions = nativeOptionsOf(options);
  if (options.some(({ value, data }) => value === ConfigValue.IPAllowWithoutAuth && Number(data) === 0)) {
    const text = "GNS refuses no P2P peer for a missing certificate, so it does not heed authenticatedOnly";
    throw new NetworkError(
      "ERR_NOT_SUPPORTED",
      `${text}. Look at ConnectionInfo.isAuthenticated, or use GnsSocketFactory`,
    );
  }
  return nativeOptions;
}

export function onSignal(core: SocketsCore, callback: SignalCallback | null): void {
  if (callback !== null) checkFunction("callback", callback);
  const wake = () => {
    core.signals.push(...native.takeSignals(core.owner));
    // The callback may throw, remove itself or destroy the object. The signals that are left wait for the next wake-up.
    while (core.wakes.signals === wake) {
      const signal = core.signals.shift();
      if (signal === undefined) break;
      callback?.(signal.connection, NetworkingIdentity.decode(signal.identity), signal.data);
    }
  };
  core.wakeWith("signals", callback && wake);
}

export function receiveSignal(core: SocketsCore, data: Uint8Array, options: { allowRequests?: boolean }): boolean {
  checkBytes("data", data);
  if (typeof options !== "object" || options === null) throw typeError("options", "an object");
  const { allowRequests = false } = options;
  return native.receiveSignal(core.owner, data, allowRequests);
}
